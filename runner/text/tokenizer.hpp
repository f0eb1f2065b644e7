// CLIP's tokenizer: a prompt becomes exactly as many token ids as the text encoder has positions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/text/bpe.hpp"

namespace runner {

struct TokenizedPrompt {
  std::vector<int64_t> ids;  // begin, words, end, padding
  size_t words = 0;          // tokens of the prompt that fit
  bool truncated = false;
};

struct TokenizerFiles {
  static TokenizerFiles read(const std::filesystem::path &folder);

  TokenizerFile vocabulary;
  TokenizerFile merges;
  std::optional<TokenizerFile> config;  // absent: as CLIP was published
};

class Tokenizer {
 public:
  explicit Tokenizer(const std::filesystem::path &folder)
      : Tokenizer(TokenizerFiles::read(folder)) {}
  explicit Tokenizer(const TokenizerFiles &files);

  TokenizedPrompt encode(std::string_view prompt) const;
  // The tokens of a whole prompt without begin and end, at most `limit`. The prompt must be valid
  // UTF-8.
  size_t count(std::string_view prompt, size_t limit) const;

  int64_t length() const { return length_; }
  int64_t vocabulary_size() const { return encoder_.size(); }

 private:
  struct SpecialToken {
    std::string text;
    int64_t id;
  };

  void learn_specials(const std::optional<TokenizerFile> &config);
  int64_t special_id(const std::string &text, const std::string &role) const;
  // Appends the ids of a prompt; false when `limit` ids are there and more would come.
  bool append(std::string_view prompt, size_t limit, std::vector<int64_t> &ids) const;
  // Appends the ids of text without special tokens; false when `limit` ids are there and more would
  // come.
  bool append_plain(std::string_view text, size_t limit, std::vector<int64_t> &ids) const;

  BytePairEncoder encoder_;
  std::vector<SpecialToken> specials_;
  int64_t begin_id_ = 0, end_id_ = 0, pad_id_ = 0, unknown_id_ = 0;
  int64_t length_ = 77;
};

// Splits cleaned-up text into CLIP's words: contractions, runs of letters, single digits, runs of
// anything else.
std::vector<std::u32string> split_words(const std::u32string &text);

}  // namespace runner
