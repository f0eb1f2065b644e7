#include "courier/adapters/json_answer.hpp"

#include <cstdint>
#include <optional>
#include <utility>

#include "courier/http_status.hpp"
#include "courier/json/skeleton.hpp"
#include "courier/json/tokenizer.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using wire::ErrorClass;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// Not by Json::parse(), which takes a number beyond the range of a double for an error of the text.
std::optional<Json> parse(std::string_view text) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  json::Skeleton skeleton([](const json::Path &) { return nullptr; }, {SIZE_MAX, SIZE_MAX});
  json::Tokenizer tokenizer(skeleton);
  try {
    tokenizer.feed(text);
    tokenizer.finish();
  } catch (const json::Error &) {
    return std::nullopt;
  }
  return std::optional<Json>(std::in_place, skeleton.document());
}

}  // namespace

void JsonAnswer::begin(const ResponseHead &head) {
  text_.clear();
  if (!is_json_type(head.content_type))
    throw AttemptError::unreadable("the server answers with " + head.content_type +
                                   " instead of JSON");
}

void JsonAnswer::consume(std::string_view body) {
  if (text_.size() + body.size() > max_bytes_)
    throw AttemptError(ErrorClass::too_large,
                       "the answer has more than " + std::to_string(max_bytes_) + " bytes");
  text_ += body;
}

Json JsonAnswer::finish() const {
  auto document = parse(text_);
  if (!document) throw AttemptError::unreadable("the answer is not usable JSON");
  return std::move(*document);
}

Json json_or_null(std::string_view text) {
  auto document = parse(text);
  return document ? std::move(*document) : Json(nullptr);
}

}  // namespace courier
