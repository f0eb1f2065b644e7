// output_writer.hpp -- one output: bytes or base64 text in, a hashed and inspected spool file out.
//
// Nothing of the picture stays in memory: each piece is decoded, counted, hashed and written before
// the next.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "courier/ingest/base64.hpp"
#include "courier/ingest/media/media.hpp"
#include "courier/ingest/sha256.hpp"
#include "courier/ingest/spool_file.hpp"
#include "wire/messages.hpp"

namespace courier::ingest {

// What all outputs of one attempt may hold together.
class ByteBudget {
 public:
  explicit ByteBudget(std::uint64_t limit) noexcept : limit_(limit), left_(limit) {}
  void spend(std::uint64_t bytes);  // throws AttemptError(too_large)
  std::uint64_t limit() const noexcept { return limit_; }

 private:
  std::uint64_t limit_;
  std::uint64_t left_;
};

class OutputWriter {
 public:
  // name is how errors call it, for example "data[0]".
  OutputWriter(const std::string &spool_folder, ByteBudget &budget, std::string name);

  // An output comes as text or as it is, not both.
  void write_base64(std::string_view text);
  void write(std::string_view bytes);
  // Everything of the output except index and seed. Once.
  wire::Output finish();

  // Both throw AttemptError: bad_response, too_large; internal when this machine cannot store it.

 private:
  void flush();
  void check_magic(std::string_view bytes);
  [[noreturn]] void reject(const std::string &why) const;

  ByteBudget &budget_;
  std::string const name_;
  SpoolFile file_;
  Sha256 sha256_;
  Base64Decoder base64_;
  std::string decoded_;  // not yet written
  std::string first_bytes_;
  std::uint64_t byte_count_ = 0;
};

}  // namespace courier::ingest
