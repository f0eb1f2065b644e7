// file_answer.hpp -- a JSON answer in which pictures and videos may be texts, anywhere: as base64
// or as data: URLs.
//
// What is encoded goes straight into its file while the answer arrives, and file_mark stays in its
// place. It does so before the answer may have said whether it is one that counts: so what is wrong
// with a file is kept until somebody asks for the files. Of logs only the end is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "courier/attempt_error.hpp"
#include "courier/ingest/output_writer.hpp"
#include "courier/json/skeleton.hpp"
#include "courier/json/tokenizer.hpp"
#include "wire/messages.hpp"

namespace courier {

// No other text of an answer is this one: U+0000, which a database refuses, is replaced in all.
inline const std::string file_mark(1, '\0');

class FileAnswer : private json::Events {
 public:
  enum class Role : std::uint8_t { keep, files, log, skip };
  // Of a member of the answer, by its name; without a name, of an answer that is no object.
  using Roles = Role (*)(std::string_view member);

  struct Setup {
    std::string spool_folder;
    std::uint64_t max_bytes = 0;  // of all files together
    std::size_t max_files = 0;
    Roles roles = nullptr;
  };

  explicit FileAnswer(Setup setup);

  // What follows is not looked at: why is what is wrong with the answer.
  void refuse(std::string why);
  // Throws AttemptError(too_large) for more text than a row should hold.
  void consume(std::string_view body);
  // Once. Nothing when it is not usable: then problem() tells why.
  std::optional<nlohmann::json> finish();
  const std::string &problem() const noexcept { return problem_; }

  // Throws AttemptError for the first that was damaged, or one too many.
  std::vector<wire::Output> take_files();
  const std::string &log() const noexcept { return log_; }

 private:
  enum class Text : std::uint8_t { kept, undecided, encoded, dropped };

  void begin_object() override { open(&json::Events::begin_object); }
  void end_object() override { close(&json::Events::end_object); }
  void begin_array() override { open(&json::Events::begin_array); }
  void end_array() override { close(&json::Events::end_array); }
  void key(std::string_view name) override;
  void begin_string() override;
  void string_piece(std::string_view piece) override;
  void end_string() override;
  void number(std::string_view text) override;
  void boolean(bool value) override;
  void null() override;

  bool forwards();
  void open(void (json::Events::*event)());
  void close(void (json::Events::*event)());
  void keep(std::string_view text);
  void decide();
  void write(std::string_view base64);
  void end_file();
  void note(const AttemptError &error);
  void add_to_log(std::string_view text);

  Setup const setup_;
  json::Skeleton skeleton_;
  json::Tokenizer tokenizer_;
  std::string problem_;

  Role role_ = Role::keep;
  std::size_t depth_ = 0;
  Text text_ = Text::kept;
  std::string start_;  // of a text that may be a file
  std::size_t kept_bytes_ = 0;
  std::string log_;

  ingest::ByteBudget budget_;
  std::optional<ingest::OutputWriter> writer_;
  std::vector<wire::Output> files_;
  std::optional<AttemptError> file_error_;
};

}  // namespace courier
