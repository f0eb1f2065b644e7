#include "courier/adapters/file_answer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "courier/ingest/base64.hpp"
#include "courier/ingest/media/media.hpp"

namespace courier {

namespace {

using wire::ErrorClass;

constexpr std::size_t max_values = 100000;
constexpr std::size_t max_kept_bytes = std::size_t{1} << 20;
constexpr std::size_t max_log_bytes = std::size_t{64} << 10;
// A text that has not shown by then that it is a file is none.
constexpr std::size_t max_start_bytes = 128;
constexpr std::string_view data_scheme = "data:";

// Whether it is base64 of something that begins as one of our formats does.
bool is_encoded_media(std::string_view text) {
  constexpr std::size_t needed = ingest::media_magic_bytes / 3 * 4;
  if (text.size() < needed) return false;
  std::string bytes;
  try {
    ingest::Base64Decoder().decode(text.substr(0, needed), bytes);
  } catch (const ingest::Base64Error &) {
    return false;
  }
  return !ingest::media_format(bytes).empty();
}

// What follows the comma of data:image/png;base64,…; nothing where it is not such a text.
std::optional<std::string_view> data_of(std::string_view text) {
  constexpr std::string_view end_of_head = ";base64,";
  if (!text.starts_with(data_scheme)) return std::nullopt;
  std::size_t const comma = text.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  std::string_view const head = text.substr(0, comma + 1);
  bool const is_media = head.starts_with("data:image/") || head.starts_with("data:video/");
  if (!is_media || !head.ends_with(end_of_head)) return std::nullopt;
  return text.substr(comma + 1);
}

}  // namespace

FileAnswer::FileAnswer(Setup setup)
    : setup_(std::move(setup)),
      skeleton_([](const json::Path &) { return nullptr; },
                {max_values, max_kept_bytes + max_start_bytes}),
      tokenizer_(*this),
      budget_(setup_.max_bytes) {}

void FileAnswer::refuse(std::string why) { problem_ = std::move(why); }

void FileAnswer::consume(std::string_view body) {
  if (!problem_.empty()) return;
  try {
    tokenizer_.feed(body);
  } catch (const json::Error &error) {
    refuse(std::string("the answer is not usable JSON: ") + error.what());
  }
}

std::optional<nlohmann::json> FileAnswer::finish() {
  if (!problem_.empty()) return std::nullopt;
  try {
    tokenizer_.finish();
  } catch (const json::Error &error) {
    refuse(std::string("the answer is not usable JSON: ") + error.what());
    return std::nullopt;
  }
  return std::optional<nlohmann::json>(std::in_place, skeleton_.document());
}

std::vector<wire::Output> FileAnswer::take_files() {
  if (file_error_) throw AttemptError(*file_error_);
  return std::move(files_);
}

// ---- what is kept, and what is not ----

bool FileAnswer::forwards() {
  if (depth_ == 0) role_ = setup_.roles({});
  return role_ == Role::keep || role_ == Role::files;
}

void FileAnswer::open(void (json::Events::*event)()) {
  bool const is_kept = forwards() || depth_ == 0;
  ++depth_;
  if (is_kept) (static_cast<json::Events &>(skeleton_).*event)();
}

void FileAnswer::close(void (json::Events::*event)()) {
  --depth_;
  bool const is_kept = depth_ == 0 || role_ == Role::keep || role_ == Role::files;
  if (is_kept) (static_cast<json::Events &>(skeleton_).*event)();
}

void FileAnswer::key(std::string_view name) {
  if (depth_ == 1) role_ = setup_.roles(name);
  if (!forwards()) return;
  std::string clean(name);
  std::replace(clean.begin(), clean.end(), '\0', ' ');
  skeleton_.key(clean);
}

void FileAnswer::number(std::string_view text) {
  if (forwards()) skeleton_.number(text);
}

void FileAnswer::boolean(bool value) {
  if (forwards()) skeleton_.boolean(value);
}

void FileAnswer::null() {
  if (forwards()) skeleton_.null();
}

// ---- texts ----

void FileAnswer::begin_string() {
  bool const is_kept = forwards();
  text_ = !is_kept ? Text::dropped : role_ == Role::files ? Text::undecided : Text::kept;
  start_.clear();
  if (text_ == Text::kept) skeleton_.begin_string();
}

void FileAnswer::string_piece(std::string_view piece) {
  switch (text_) {
    case Text::kept:
      return keep(piece);
    case Text::undecided:
      start_ += piece;
      if (start_.size() >= max_start_bytes) decide();
      return;
    case Text::encoded:
      return write(piece);
    case Text::dropped:
      if (role_ == Role::log) add_to_log(piece);
  }
}

void FileAnswer::end_string() {
  if (text_ == Text::undecided) decide();
  if (text_ == Text::kept) skeleton_.end_string();
  if (text_ == Text::encoded) end_file();
  if (text_ == Text::dropped && role_ == Role::log) add_to_log("\n");
}

void FileAnswer::keep(std::string_view text) {
  kept_bytes_ += text.size();
  if (kept_bytes_ > max_kept_bytes)
    throw AttemptError(ErrorClass::too_large, "the answer has more text than " +
                                                  std::to_string(max_kept_bytes) + " bytes");
  for (std::size_t nul = text.find('\0'); nul != std::string_view::npos; nul = text.find('\0')) {
    skeleton_.string_piece(text.substr(0, nul));
    skeleton_.string_piece("\uFFFD");
    text.remove_prefix(nul + 1);
  }
  skeleton_.string_piece(text);
}

void FileAnswer::add_to_log(std::string_view text) {
  log_ += text;
  if (log_.size() > 2 * max_log_bytes) log_.erase(0, log_.size() - max_log_bytes);
}

// ---- files ----

void FileAnswer::decide() {
  std::string const start = std::exchange(start_, {});
  auto const data = data_of(start);
  bool const is_file = data ? true : is_encoded_media(start);
  text_ = is_file ? Text::encoded : Text::kept;
  if (!is_file) {
    skeleton_.begin_string();
    keep(start);
    return;
  }
  if (files_.size() >= setup_.max_files)
    note({ErrorClass::bad_response,
          "the answer has more than " + std::to_string(setup_.max_files) + " files"});
  if (!file_error_)
    writer_.emplace(setup_.spool_folder, budget_, "file " + std::to_string(files_.size()));
  write(data.value_or(start));
}

// Many encoders break lines.
void FileAnswer::write(std::string_view base64) {
  constexpr std::string_view breaks = "\r\n";
  while (writer_ && !base64.empty()) {
    std::size_t const end = std::min(base64.find_first_of(breaks), base64.size());
    try {
      writer_->write_base64(base64.substr(0, end));
    } catch (const AttemptError &error) {
      note(error);
    }
    base64.remove_prefix(std::min(end + 1, base64.size()));
  }
}

void FileAnswer::end_file() {
  skeleton_.begin_string();
  skeleton_.string_piece(file_mark);
  skeleton_.end_string();
  if (!writer_) return;
  try {
    wire::Output file = writer_->finish();
    file.index = static_cast<std::uint32_t>(files_.size());
    files_.push_back(std::move(file));
    writer_.reset();
  } catch (const AttemptError &error) {
    note(error);
  }
}

void FileAnswer::note(const AttemptError &error) {
  writer_.reset();
  if (!file_error_) file_error_ = error;
}

}  // namespace courier
