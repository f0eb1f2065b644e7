#include "runner/text/tokenizer.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

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

TokenizerFiles TokenizerFiles::read(const std::filesystem::path &folder) {
  const auto whole = [&folder](const char *name) {
    const auto path = folder / name;
    std::ifstream stream(path, std::ios::binary);
    if (!stream) throw CheckpointError(path.string() + ": cannot be read");
    return TokenizerFile{{std::istreambuf_iterator<char>(stream), {}}, path.string()};
  };
  return {whole("vocab.json"), whole("merges.txt"), whole("tokenizer_config.json")};
}

Tokenizer::Tokenizer(const TokenizerFiles &files) : encoder_(files.vocabulary, files.merges) {
  learn_specials(files.config);
}

void Tokenizer::learn_specials(const std::optional<TokenizerFile> &file) {
  std::string begin = "<|startoftext|>";
  std::string end = "<|endoftext|>";
  std::string pad = end;
  std::string unknown = end;
  if (file) {
    Config config(parse_json(file->text, file->name), file->name);
    config.must_be("tokenizer_class", {"CLIPTokenizer", "CLIPTokenizerFast"});
    config.must_be("do_lower_case", {true});
    length_ = config.required<int64_t>("model_max_length");
    if (length_ < 3 || length_ > max_length) config.refuse("model_max_length", "is out of range");
    begin = token_text(config.required<nlohmann::json>("bos_token"));
    end = token_text(config.required<nlohmann::json>("eos_token"));
    pad = token_text(config.required<nlohmann::json>("pad_token"));
    unknown = token_text(config.value_or<nlohmann::json>("unk_token", end));
  }
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

bool Tokenizer::append(std::string_view prompt, size_t limit, std::vector<int64_t> &ids) const {
  std::vector<size_t> places(specials_.size());
  const auto find_after = [&](size_t special, size_t position) {
    places[special] = prompt.find(specials_[special].text, position);
  };
  for (size_t i = 0; i < places.size(); ++i)
    find_after(i, 0);
  for (size_t begin = 0; begin < prompt.size();) {
    // Special tokens are recognised in the raw text, before any clean-up, and split words.
    const auto first = std::min_element(places.begin(), places.end());
    const auto position = std::min(*first, prompt.size());
    if (!append_plain(prompt.substr(begin, position - begin), limit, ids)) return false;
    if (position == prompt.size()) break;
    if (ids.size() >= limit) return false;
    const auto &special = specials_[static_cast<size_t>(first - places.begin())];
    ids.push_back(special.id);
    begin = position + special.text.size();
    for (size_t i = 0; i < places.size(); ++i)
      if (places[i] < begin) find_after(i, begin);
  }
  return true;
}

TokenizedPrompt Tokenizer::encode(std::string_view prompt) const {
  TokenizedPrompt result;
  result.ids.push_back(begin_id_);
  result.truncated = !append(prompt, static_cast<size_t>(length_) - 1, result.ids);
  result.words = result.ids.size() - 1;
  result.ids.push_back(end_id_);
  result.ids.resize(static_cast<size_t>(length_), pad_id_);
  return result;
}

size_t Tokenizer::count(std::string_view prompt, size_t limit) const {
  std::vector<int64_t> ids;
  append(prompt, limit, ids);
  return ids.size();
}

}  // namespace runner
