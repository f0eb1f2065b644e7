#include "runner/text/tokenizer.hpp"

#include <algorithm>
#include <array>

#include "runner/checkpoint/config.hpp"
#include "runner/text/unicode.hpp"

namespace runner {
namespace {

constexpr int64_t max_length = 4096;

// "token" or {"content": "token", …}
std::string token_text(const nlohmann::json &token) {
  if (token.is_string()) return token.get<std::string>();
  if (token.is_object() && token.contains("content") && token["content"].is_string()) {
    return token["content"].get<std::string>();
  }
  return {};
}

// Length of the contraction ('s 't 're 've 'm 'll 'd) at the position, or 0.
size_t contraction_length(const std::u32string &text, size_t position) {
  static constexpr std::array<std::u32string_view, 7> endings = {U"s", U"t",  U"re", U"ve",
                                                                 U"m", U"ll", U"d"};
  if (text[position] != U'\'') return 0;
  for (const auto ending : endings) {
    if (position + ending.size() >= text.size()) continue;
    const auto rest = std::u32string_view(text).substr(position + 1);
    const bool matches = std::equal(ending.begin(), ending.end(), rest.begin(),
                                    [](char32_t a, char32_t b) { return a == fold_case(b); });
    if (matches) return 1 + ending.size();
  }
  return 0;
}

// CLIP's pattern keeps its two markers whole; written in capitals they get here through
// lower-casing.
size_t marker_length(const std::u32string &text, size_t position) {
  for (const std::u32string_view marker : {U"<|startoftext|>", U"<|endoftext|>"}) {
    if (text.compare(position, marker.size(), marker) == 0) return marker.size();
  }
  return 0;
}

}  // namespace

std::vector<std::u32string> split_words(const std::u32string &text) {
  std::vector<std::u32string> words;
  for (size_t begin = 0; begin < text.size();) {
    const auto kind = classify(text[begin]);
    size_t end = begin + 1;
    if (const auto marker = marker_length(text, begin)) {
      end = begin + marker;
    } else if (const auto length = contraction_length(text, begin)) {
      end = begin + length;
    } else if (kind == CharacterClass::letter || kind == CharacterClass::other) {
      while (end < text.size() && classify(text[end]) == kind)
        ++end;
    }
    if (kind != CharacterClass::space) words.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

Tokenizer::Tokenizer(const std::filesystem::path &folder)
    : encoder_(folder / "vocab.json", folder / "merges.txt") {
  auto config = Config::load(folder / "tokenizer_config.json");
  config.must_be("tokenizer_class", {"CLIPTokenizer", "CLIPTokenizerFast"});
  config.must_be("do_lower_case", {true});
  length_ = config.required<int64_t>("model_max_length");
  if (length_ < 3 || length_ > max_length) config.refuse("model_max_length", "is out of range");

  const auto begin = token_text(config.required<nlohmann::json>("bos_token"));
  const auto end = token_text(config.required<nlohmann::json>("eos_token"));
  const auto pad = token_text(config.required<nlohmann::json>("pad_token"));
  const auto unknown = token_text(config.value_or<nlohmann::json>("unk_token", end));
  begin_id_ = special_id(begin, "bos_token");
  end_id_ = special_id(end, "eos_token");
  pad_id_ = special_id(pad, "pad_token");
  unknown_id_ = special_id(unknown, "unk_token");
  for (const auto &text : {begin, end, pad, unknown}) {
    const bool known = std::any_of(specials_.begin(), specials_.end(),
                                   [&text](const auto &token) { return token.text == text; });
    if (!known) specials_.push_back({text, encoder_.id_of(text)});
  }
}

int64_t Tokenizer::special_id(const std::string &text, const std::string &role) const {
  const auto id = text.empty() ? -1 : encoder_.id_of(text);
  if (id < 0) throw CheckpointError("tokenizer: " + role + " is not in the vocabulary");
  return id;
}

bool Tokenizer::append_plain(std::string_view text, size_t limit, std::vector<int64_t> &ids) const {
  for (const auto &word : split_words(lower_case(collapse_spaces(compose(text))))) {
    std::string bytes;
    for (const char32_t character : word)
      append_utf8(character, bytes);
    if (marker_length(word, 0) != 0) {
      ids.push_back(encoder_.id_of(bytes) < 0 ? unknown_id_ : encoder_.id_of(bytes));
    } else {
      const auto encoded = encoder_.encode(bytes);
      ids.insert(ids.end(), encoded.begin(), encoded.end());
    }
    if (ids.size() > limit) {
      ids.resize(limit);
      return false;
    }
  }
  return true;
}

TokenizedPrompt Tokenizer::encode(std::string_view prompt) const {
  const auto limit = static_cast<size_t>(length_) - 1;
  TokenizedPrompt result;
  result.ids.push_back(begin_id_);
  bool complete = true;
  while (complete && !prompt.empty()) {
    // Special tokens are recognised in the raw text, before any clean-up, and split words.
    size_t position = prompt.npos;
    const SpecialToken *special = nullptr;
    for (const auto &candidate : specials_) {
      const auto found = prompt.find(candidate.text);
      if (found < position) {
        position = found;
        special = &candidate;
      }
    }
    complete = append_plain(prompt.substr(0, position), limit, result.ids);
    if (!special) break;
    if (complete && result.ids.size() == limit) complete = false;
    if (complete) result.ids.push_back(special->id);
    prompt.remove_prefix(position + special->text.size());
  }
  result.truncated = !complete;
  result.words = result.ids.size() - 1;
  result.ids.push_back(end_id_);
  result.ids.resize(static_cast<size_t>(length_), pad_id_);
  return result;
}

}  // namespace runner
