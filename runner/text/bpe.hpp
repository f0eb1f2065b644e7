// Byte-pair encoding of one word, as in CLIP: every byte of the word's UTF-8 is one starting
// symbol, the last one carries "</w>", and the learned merges are applied best rank first until
// none is left.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace runner {

// What a file of a tokenizer holds, and what it is called in errors.
struct TokenizerFile {
  std::string text;
  std::string name;
};

class BytePairEncoder {
 public:
  // Throws CheckpointError where the files are wrong.
  BytePairEncoder(const TokenizerFile &vocabulary, const TokenizerFile &merges);

  // The ids of the word. Takes O(n log n) for n bytes, so one endless word does no harm.
  std::vector<int64_t> encode(std::string_view word) const;

  // The id of a whole vocabulary entry, or -1.
  int64_t id_of(const std::string &token) const;

  int64_t size() const { return size_; }

 private:
  struct Merge {
    int64_t rank;
    int64_t result;
  };

  void load_merges(const TokenizerFile &file);
  const Merge *find_merge(int64_t left, int64_t right) const;

  std::unordered_map<std::string, int64_t> ids_;
  std::unordered_map<uint64_t, Merge> merges_;
  std::vector<int64_t> byte_ids_;
  std::vector<int64_t> last_byte_ids_;
  int64_t size_ = 0;
};

}  // namespace runner
