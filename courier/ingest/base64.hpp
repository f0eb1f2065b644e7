// base64.hpp -- RFC 4648 base64, decoded in the pieces it arrives in. Strict: padding required, no
// spaces, no stray bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace courier::ingest {

class Base64Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Base64Decoder {
 public:
  // Appends the decoded bytes to out; at most three more than text.size() * 3 / 4.
  void decode(std::string_view text, std::string &out);
  void finish() const;  // throws if the text stopped inside a group

 private:
  [[noreturn]] void fail(const char *why, std::size_t position) const;
  void end_group(std::string &out);

  std::uint32_t group_ = 0;
  int digits_ = 0;
  int padding_ = 0;
  std::uint64_t consumed_ = 0;
};

// The bytes in base64, with padding.
std::string to_base64(std::string_view bytes);

}  // namespace courier::ingest
