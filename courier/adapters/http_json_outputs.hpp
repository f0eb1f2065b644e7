// http_json_outputs.hpp -- the outputs that an answer holds as texts: URLs, paths, data: URLs or
// base64.
//
// What is encoded goes straight into its file while the answer arrives. It does so before the
// answer may have said whether it is one that counts: so what is wrong with an output is kept until
// somebody asks for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "courier/adapters/http_json_options.hpp"
#include "courier/ingest/output_writer.hpp"
#include "courier/json/skeleton.hpp"

namespace courier {

class OutputTexts : public json::TextSink {
 public:
  struct Found {
    std::string name;                                // where it was, for messages
    std::variant<std::string, wire::Output> output;  // a URL, or what it held
  };

  OutputTexts(const HttpJsonOptions &options, std::string spool_folder, std::uint64_t max_bytes)
      : options_(options), spool_folder_(std::move(spool_folder)), budget_(max_bytes) {}

  // This, when an output begins there.
  json::TextSink *divert(const json::Path &path);
  void write(std::string_view piece) override;
  void end() override;

  // Throws AttemptError for the first that was no output.
  std::vector<Found> take();

 private:
  enum class Kind { undecided, url, encoded, refused };

  void decide(bool whole);
  void accept(std::string_view piece);
  void refuse(const AttemptError &error);

  const HttpJsonOptions &options_;
  std::string const spool_folder_;
  ingest::ByteBudget budget_;
  Kind kind_ = Kind::undecided;
  bool base64_ = false;
  std::string name_;
  std::string text_;  // a URL, or the beginning of what may be one
  std::optional<ingest::OutputWriter> writer_;
  std::vector<Found> found_;
  std::optional<AttemptError> error_;
};

}  // namespace courier
