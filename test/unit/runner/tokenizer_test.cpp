#include "runner/text/tokenizer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <climits>
#include <fstream>

#include "fixtures.hpp"
#include "runner/checkpoint/config.hpp"
#include "runner/text/unicode.hpp"

namespace runner::test {
namespace {

const Tokenizer &first() {
  static const Tokenizer tokenizer(model_folder / "tokenizer");
  return tokenizer;
}

// The ids between begin and end.
std::vector<int64_t> words_of(const std::string &text) {
  const auto prompt = first().encode(text);
  return {prompt.ids.begin() + 1, prompt.ids.begin() + 1 + static_cast<int64_t>(prompt.words)};
}

std::vector<std::string> split(const std::string &text) {
  std::vector<std::string> words;
  for (const auto &word : split_words(compose(text))) {
    auto &bytes = words.emplace_back();
    for (const char32_t character : word)
      append_utf8(character, bytes);
  }
  return words;
}

using Words = std::vector<std::string>;

TEST(Tokenizer, SplitsContractionsLettersDigitsAndSymbols) {
  EXPECT_EQ(split("don't we'll i'd"), (Words{"don", "'t", "we", "'ll", "i", "'d"}));
  EXPECT_EQ(split("it's'"), (Words{"it", "'s", "'"}));
  EXPECT_EQ(split("ab12-c"), (Words{"ab", "1", "2", "-", "c"}));
  EXPECT_EQ(split("a(!)b"), (Words{"a", "(!)", "b"}));
  EXPECT_EQ(split("..'s"), (Words{"..'", "s"}));
  EXPECT_EQ(split("naïve 日本"), (Words{"naïve", "日本"}));
}

TEST(Tokenizer, AContractionIsRecognisedInEveryCase) {
  EXPECT_EQ(split("'S 'ſ"), (Words{"'S", "'ſ"}));
}

TEST(Tokenizer, SpecialTokensInThePromptAreThemselves) {
  EXPECT_EQ(words_of("red<|endoftext|>red"), (std::vector<int64_t>{545, 812, 545}));
  EXPECT_EQ(words_of("<|startoftext|>"), (std::vector<int64_t>{811}));
  EXPECT_EQ(words_of("red <|ENDOFTEXT|>"), (std::vector<int64_t>{545, 812}));
}

TEST(Tokenizer, SaysHowMuchOfThePromptFits) {
  std::string text;
  for (int i = 0; i < 75; ++i)
    text += "red ";
  EXPECT_EQ(first().encode(text).words, 75U);
  EXPECT_FALSE(first().encode(text).truncated);
  EXPECT_TRUE(first().encode(text + "red").truncated);
  EXPECT_TRUE(first().encode(text + "<|endoftext|>").truncated);
  EXPECT_EQ(first().encode(text + "red").ids, first().encode(text).ids);
}

TEST(Tokenizer, EveryPromptFillsTheSameLength) {
  for (const auto &text : {std::string(), std::string("red"), std::string(100'000, '!'),
                           std::string("nul\0byte", 8), std::string(3000, '\t')}) {
    EXPECT_EQ(first().encode(text).ids.size(), 77U);
  }
}

TEST(Tokenizer, OneEndlessWordTakesNoQuadraticTime) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(first().encode(std::string(200'000, 'r')).truncated);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Tokenizer, CountsWholePrompts) {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += "red ";
  EXPECT_EQ(first().count("", 1000), 0U);
  EXPECT_EQ(first().count("a red circle<|endoftext|>", 1000), 4U);
  EXPECT_EQ(first().count(text, 1000), 300U);
  EXPECT_EQ(first().count(text, 100), 100U);
}

TEST(Tokenizer, WithoutAConfigurationItIsClipAsItWasPublished) {
  auto files = TokenizerFiles::read(model_folder / "tokenizer_2");
  EXPECT_EQ(Tokenizer(files).count("red!!", 1000), 3U) << "here \"!\" is the padding";
  files.config.reset();
  const Tokenizer published(files);
  EXPECT_EQ(published.length(), 77);
  EXPECT_EQ(published.encode("red!!").ids, first().encode("red!!").ids);
}

TEST(Tokenizer, ManySpecialTokensTakeNoQuadraticTime) {
  const Tokenizer second(model_folder / "tokenizer_2");
  std::string text;
  for (int i = 0; i < 200'000; ++i)
    text += "!<";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(second.count(text, SIZE_MAX), 400'000U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(BytePairEncoder, FilesThatAreNoVocabularyAreRefused) {
  const auto files = TokenizerFiles::read(model_folder / "tokenizer");
  const auto refusal = [&](const std::string &vocabulary, const std::string &merges) {
    try {
      const BytePairEncoder encoder({vocabulary, "vocab.json"}, {merges, "merges.txt"});
    } catch (const CheckpointError &error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refusal(files.vocabulary.text, files.merges.text), "accepted");
  EXPECT_EQ(refusal("", ""), "vocab.json: is not valid JSON");
  EXPECT_EQ(refusal(files.vocabulary.text + "x", ""), "vocab.json: is not valid JSON");
  EXPECT_EQ(refusal(std::string(1'000'000, '['), ""), "vocab.json: is not a JSON object");
  EXPECT_EQ(refusal(R"({"a": -1})", ""), "vocab.json: bad id for \"a\"");
  EXPECT_EQ(refusal(R"({"a": 4294967296})", ""), "vocab.json: bad id for \"a\"");
  EXPECT_EQ(refusal(R"({"a": {"b": 1}})", ""), "vocab.json: bad id for \"a\"");
  EXPECT_EQ(refusal(R"({"a": 1})", ""), "vocab.json: has no entry for \"Ā\"");
  EXPECT_EQ(refusal(files.vocabulary.text, "#version: 0.2\nqx zz\n"),
            "merges.txt: merge \"qx zz\" is not in the vocabulary");
  EXPECT_EQ(refusal(files.vocabulary.text, "lonely"),
            "merges.txt: merge \"lonely\" is not in the vocabulary");
}

// The plain algorithm: merge the pair of the lowest rank, leftmost first, until none is left.
TEST(BytePairEncoder, MergesInTheOrderOfTheRanks) {
  const auto files = TokenizerFiles::read(model_folder / "tokenizer");
  const BytePairEncoder encoder(files.vocabulary, files.merges);
  std::ifstream stream(model_folder / "tokenizer/merges.txt");
  std::string left, right;
  std::getline(stream, left);
  std::map<std::pair<std::string, std::string>, int> ranks;
  while (stream >> left >> right)
    ranks.emplace(std::pair(left, right), ranks.size());
  const auto plain = [&](const std::string &word) {
    std::vector<std::string> symbols;
    for (const char c : word)
      symbols.emplace_back(1, c);
    symbols.back() += "</w>";
    for (;;) {
      size_t best = symbols.size();
      int best_rank = INT_MAX;
      for (size_t i = 0; i + 1 < symbols.size(); ++i) {
        const auto found = ranks.find({symbols[i], symbols[i + 1]});
        if (found != ranks.end() && found->second < best_rank) {
          best_rank = found->second;
          best = i;
        }
      }
      if (best == symbols.size()) break;
      symbols[best] += symbols[best + 1];
      symbols.erase(symbols.begin() + static_cast<int64_t>(best) + 1);
    }
    std::vector<int64_t> ids;
    for (const auto &symbol : symbols)
      ids.push_back(encoder.id_of(symbol));
    return ids;
  };
  // Words from the letters of the taught vocabulary, so that merges compete.
  uint32_t state = 1;
  for (int i = 0; i < 2000; ++i) {
    std::string word;
    for (int length = 1 + i % 24; length > 0; --length) {
      state = state * 1664525 + 1013904223;
      word += "etaoinrsldcgub"[(state >> 16) % 14];
    }
    EXPECT_EQ(encoder.encode(word), plain(word)) << word;
  }
}

TEST(Unicode, SpacesAreThoseOfTheReference) {
  const auto squeezed =
      collapse_spaces(compose(" a\x1c\x1f\xc2\x85\xe3\x80\x80"
                              "b\xe2\x80\x8b "));
  EXPECT_EQ(squeezed, U"a b\u200b");
}

TEST(Unicode, LowerCasingIsFullAndWithoutALocale) {
  EXPECT_EQ(lower_case(U"İSTANBUL ΣΑΣ"), U"i̇stanbul σας");
}

TEST(Unicode, ValidityOfUtf8) {
  EXPECT_TRUE(is_valid_utf8("a\xf0\x9f\x90\x9f"));
  for (const auto *bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    EXPECT_FALSE(is_valid_utf8(bad));
  }
}

}  // namespace
}  // namespace runner::test
