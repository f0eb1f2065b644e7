#include "courier/adapters/json_answer.hpp"

#include "courier/http_status.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using wire::ErrorClass;

constexpr int max_depth = 64;

// Values deeper than that are left out, and noted.
Json parse(std::string_view text, bool &too_deep) {
  auto const shallow = [&too_deep](int depth, Json::parse_event_t, Json &) {
    if (depth > max_depth) too_deep = true;
    return depth <= max_depth;
  };
  return Json::parse(text, shallow, false);
}

}  // namespace

void JsonAnswer::begin(const ResponseHead &head) {
  text_.clear();
  if (!is_json_type(head.content_type))
    throw AttemptError(ErrorClass::bad_response,
                       "the server answers with " + head.content_type + " instead of JSON");
}

void JsonAnswer::consume(std::string_view body) {
  if (text_.size() + body.size() > max_bytes_)
    throw AttemptError(ErrorClass::too_large,
                       "the answer has more than " + std::to_string(max_bytes_) + " bytes");
  text_ += body;
}

Json JsonAnswer::finish() const {
  bool too_deep = false;
  Json document = parse(text_, too_deep);
  if (document.is_discarded() || too_deep)
    throw AttemptError(ErrorClass::bad_response, "the answer is not usable JSON");
  return document;
}

Json json_or_null(std::string_view text) {
  bool too_deep = false;
  Json document = parse(text, too_deep);
  return document.is_discarded() || too_deep ? Json(nullptr) : document;
}

}  // namespace courier
