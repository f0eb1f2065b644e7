#include "courier/adapters/http_json_outputs.hpp"

#include <utility>

namespace courier {

namespace {

using wire::ErrorClass;

constexpr std::size_t max_url_bytes = 8192;
// The longest beginning of a data: URL whose bytes can be an output.
constexpr std::size_t max_prefix_bytes = 200;
constexpr std::string_view data_scheme = "data:";

}  // namespace

json::TextSink *OutputTexts::divert(const json::Path &path) {
  for (const OutputPlaces &one : options_.outputs) {
    if (!one.places.contain(path)) continue;
    base64_ = one.base64;
    name_ = to_pointer(path);
    text_.clear();
    kind_ = error_ ? Kind::refused : Kind::undecided;
    if (found_.size() >= options_.max_outputs)
      refuse({ErrorClass::bad_response, "the answer has more than the " +
                                            std::to_string(options_.max_outputs) +
                                            " outputs that max_outputs allows"});
    return this;
  }
  return nullptr;
}

void OutputTexts::refuse(const AttemptError &error) {
  kind_ = Kind::refused;
  writer_.reset();
  text_.clear();
  if (!error_) error_ = error;
}

void OutputTexts::write(std::string_view piece) {
  try {
    accept(piece);
  } catch (const AttemptError &error) {
    refuse(error);
  }
}

void OutputTexts::accept(std::string_view piece) {
  if (kind_ == Kind::refused) return;
  if (kind_ == Kind::encoded) return writer_->write_base64(piece);
  text_ += piece;
  if (kind_ == Kind::undecided) decide(false);
  if (kind_ == Kind::url && text_.size() > max_url_bytes)
    throw AttemptError(ErrorClass::bad_response, name_ + " is too long for a URL");
}

// A data: URL is known by its beginning, and its bytes begin behind the first comma.
void OutputTexts::decide(bool whole) {
  std::string_view const text = text_;
  bool const may_be_data = text.substr(0, data_scheme.size()) == data_scheme.substr(0, text.size());
  if (may_be_data) {
    std::size_t const comma = text.find(',');
    if (comma == std::string_view::npos) {
      if (!whole && text.size() <= max_prefix_bytes) return;
    } else if (text.substr(0, comma).ends_with(";base64")) {
      kind_ = Kind::encoded;
      writer_.emplace(spool_folder_, budget_, name_);
      return writer_->write_base64(text.substr(comma + 1));
    }
    if (text.starts_with(data_scheme))
      throw AttemptError(ErrorClass::bad_response, name_ + " is a data: URL without base64");
  }
  kind_ = base64_ ? Kind::encoded : Kind::url;
  if (!base64_) return;
  writer_.emplace(spool_folder_, budget_, name_);
  writer_->write_base64(text);
}

void OutputTexts::end() {
  try {
    if (kind_ == Kind::undecided) decide(true);
    if (kind_ == Kind::url) {
      if (text_.empty()) throw AttemptError(ErrorClass::bad_response, name_ + " is empty");
      found_.push_back({name_, std::move(text_)});
    }
    if (kind_ == Kind::encoded) found_.push_back({name_, writer_->finish()});
  } catch (const AttemptError &error) {
    refuse(error);
  }
  writer_.reset();
  text_.clear();
}

std::vector<OutputTexts::Found> OutputTexts::take() {
  if (error_) throw AttemptError(*error_);
  return std::move(found_);
}

}  // namespace courier
