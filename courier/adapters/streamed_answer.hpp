// streamed_answer.hpp -- an answer in JSON with pictures in it, or with much that nobody needs.
//
// The adapter says what becomes of each place: pictures (base64 or data URLs) go to files while
// they arrive, the rest becomes a small document.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "courier/adapters/adapter.hpp"
#include "courier/ingest/output_writer.hpp"
#include "courier/json/pruned.hpp"
#include "courier/json/skeleton.hpp"

namespace courier {

class StreamedAnswer : private json::TextSink {
 public:
  // The number of the picture that is at a place; nothing: it stays in the document. May throw
  // AttemptError.
  using PictureAt = std::function<std::optional<std::size_t>(const json::Path &)>;
  using Skip = json::Pruned::Skip;

  // max_bytes: of all pictures together.
  StreamedAnswer(std::string spool_folder, std::uint64_t max_bytes, PictureAt picture_at, Skip skip,
                 json::Skeleton::Limits limits);
  StreamedAnswer(const StreamedAnswer &) = delete;
  StreamedAnswer &operator=(const StreamedAnswer &) = delete;
  ~StreamedAnswer() override;

  // Forgets an earlier answer. Throws AttemptError(bad_response) for what is not JSON.
  void begin(const ResponseHead &head);
  void consume(std::string_view body);  // throws AttemptError, as finish does
  const nlohmann::json &finish();
  const nlohmann::json &document() const;  // so far

  // By number; their indices are theirs, too.
  std::map<std::size_t, wire::Output> take_pictures() { return std::move(pictures_); }

 private:
  struct Parser;

  json::TextSink *divert(const json::Path &path);
  void write(std::string_view piece) override;
  void end() override;
  void write_from(std::string_view head_and_more);

  std::string const spool_folder_;
  std::uint64_t const max_bytes_;
  PictureAt const picture_at_;
  Skip const skip_;
  json::Skeleton::Limits const limits_;
  std::unique_ptr<Parser> parser_;
  ingest::ByteBudget budget_;
  std::size_t current_ = 0;
  std::string head_;  // of the current picture, until it is known whether it is a data URL
  bool in_data_url_head_ = false;
  bool head_known_ = false;
  std::optional<ingest::OutputWriter> writer_;
  std::map<std::size_t, wire::Output> pictures_;
};

}  // namespace courier
