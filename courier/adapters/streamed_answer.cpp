#include "courier/adapters/streamed_answer.hpp"

#include <utility>

#include "courier/http_status.hpp"
#include "courier/json/tokenizer.hpp"

namespace courier {

namespace {

using wire::ErrorClass;

constexpr std::string_view data_url = "data:";

[[noreturn]] void reject(const std::string &why) {
  throw AttemptError(ErrorClass::bad_response, why);
}

// How errors call a place: "images[0]".
std::string name_of(const json::Path &path) {
  std::string name;
  for (const json::Step &step : path)
    if (step.in_array)
      name += "[" + std::to_string(step.index) + "]";
    else
      name += (name.empty() ? "" : ".") + step.key;
  return name;
}

}  // namespace

struct StreamedAnswer::Parser {
  Parser(json::Skeleton::Divert divert, Skip skip, json::Skeleton::Limits limits)
      : skeleton(std::move(divert), limits), pruned(skeleton, std::move(skip)), tokenizer(pruned) {}

  json::Skeleton skeleton;
  json::Pruned pruned;
  json::Tokenizer tokenizer;
};

StreamedAnswer::StreamedAnswer(std::string spool_folder, std::uint64_t max_bytes,
                               PictureAt picture_at, Skip skip, json::Skeleton::Limits limits)
    : spool_folder_(std::move(spool_folder)),
      max_bytes_(max_bytes),
      picture_at_(std::move(picture_at)),
      skip_(std::move(skip)),
      limits_(limits),
      budget_(max_bytes) {}

StreamedAnswer::~StreamedAnswer() = default;

void StreamedAnswer::begin(const ResponseHead &head) {
  if (!is_json_type(head.content_type))
    throw AttemptError::unreadable("the server answers with " + head.content_type +
                                   " instead of JSON");
  writer_.reset();
  pictures_.clear();
  budget_ = ingest::ByteBudget(max_bytes_);
  parser_ = std::make_unique<Parser>([this](const json::Path &path) { return divert(path); }, skip_,
                                     limits_);
}

void StreamedAnswer::consume(std::string_view body) {
  try {
    parser_->tokenizer.feed(body);
  } catch (const json::Error &error) {
    throw AttemptError::unreadable(std::string("the answer is not usable JSON: ") + error.what());
  }
}

const nlohmann::json &StreamedAnswer::finish() {
  try {
    parser_->tokenizer.finish();
  } catch (const json::Error &error) {
    throw AttemptError::unreadable(std::string("the answer is not usable JSON: ") + error.what());
  }
  return document();
}

const nlohmann::json &StreamedAnswer::document() const { return parser_->skeleton.document(); }

json::TextSink *StreamedAnswer::divert(const json::Path &path) {
  auto const number = picture_at_ ? picture_at_(path) : std::nullopt;
  if (!number) return nullptr;
  current_ = *number;
  std::string name = name_of(path);
  if (pictures_.contains(current_)) reject(name + " is there twice");
  head_.clear();
  head_known_ = in_data_url_head_ = false;
  writer_.emplace(spool_folder_, budget_, std::move(name));
  return this;
}

void StreamedAnswer::write(std::string_view piece) {
  if (head_known_ && !in_data_url_head_) return writer_->write_base64(piece);
  if (head_known_) return write_from(piece);
  head_ += piece;
  if (head_.size() < data_url.size()) return;
  head_known_ = true;
  in_data_url_head_ = head_.starts_with(data_url);
  write_from(head_);
}

// What comes before the comma of a data URL is no part of the picture.
void StreamedAnswer::write_from(std::string_view head_and_more) {
  if (!in_data_url_head_) return writer_->write_base64(head_and_more);
  std::size_t const comma = head_and_more.find(',');
  if (comma == std::string_view::npos) return;
  in_data_url_head_ = false;
  writer_->write_base64(head_and_more.substr(comma + 1));
}

void StreamedAnswer::end() {
  if (!head_known_) writer_->write_base64(head_);
  wire::Output output = writer_->finish();
  writer_.reset();
  output.index = static_cast<std::uint32_t>(current_);
  pictures_.emplace(current_, std::move(output));
}

}  // namespace courier
