// The files of a tokenizer, read with limits. No PostgreSQL here.
#pragma once

#include <array>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "runner/text/tokenizer.hpp"

namespace tokenizers {

// Which version of a file it is; all zero for one that is not there.
struct Stamp {
  uint64_t device = 0, inode = 0;
  int64_t size = 0, modified_s = 0, modified_ns = 0, changed_s = 0, changed_ns = 0;
  bool operator==(const Stamp &) const = default;
};
using Stamps = std::array<Stamp, 3>;

// A letter or digit, then letters, digits, '.', '_' and '-': it leads nowhere else.
bool is_name(std::string_view name);

// The stamps of the files as they are now; nothing where there is no such folder.
std::optional<Stamps> look_at(const std::string &folder);

// Reads the files, and which versions of them it has read, also when it throws.
runner::TokenizerFiles read(const std::string &folder, Stamps &stamps);

}  // namespace tokenizers
