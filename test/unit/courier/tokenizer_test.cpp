#include "courier/json/tokenizer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace std::string_literals;
using courier::json::Error;
using courier::json::Tokenizer;

// Writes events down as text, strings joined from their pieces.
class Notes : public courier::json::Events {
 public:
  void begin_object() override { notes += '{'; }
  void end_object() override { notes += '}'; }
  void begin_array() override { notes += '['; }
  void end_array() override { notes += ']'; }
  void key(std::string_view name) override { notes.append("k(").append(name).append(")"); }
  void begin_string() override { notes += "s("; }
  void string_piece(std::string_view piece) override { notes += piece; }
  void end_string() override { notes += ')'; }
  void number(std::string_view text) override { notes.append("n(").append(text).append(")"); }
  void boolean(bool value) override { notes += value ? "T" : "F"; }
  void null() override { notes += "0"; }

  std::string notes;
};

std::string parse(std::string_view text) {
  Notes notes;
  Tokenizer tokenizer(notes);
  tokenizer.feed(text);
  tokenizer.finish();
  return notes.notes;
}

std::string parse_in_pieces(std::string_view text, std::size_t piece) {
  Notes notes;
  Tokenizer tokenizer(notes);
  for (std::size_t at = 0; at < text.size(); at += piece)
    tokenizer.feed(text.substr(at, piece));
  tokenizer.finish();
  return notes.notes;
}

constexpr std::string_view everything =
    " {\"a\" : [1, -0.5e+3,0,true,false,null,\"x\\n\\u00e4\\ud83c\\udfa8\xE2\x82\xAC\", {}, []],\n"
    "\"\\u006b\\/\":{\"deep\":[[\"\"]]} } \r\n";
constexpr std::string_view everything_noted =
    "{k(a)[n(1)n(-0.5e+3)n(0)TF0s(x\n\xC3\xA4\xF0\x9F\x8E\xA8\xE2\x82\xAC){}[]]k(k/"
    "){k(deep)[[s()]]}}";

TEST(Tokenizer, reports_every_kind_of_value) { EXPECT_EQ(parse(everything), everything_noted); }

TEST(Tokenizer, does_not_care_where_the_text_is_cut) {
  for (std::size_t cut = 0; cut <= everything.size(); ++cut) {
    Notes notes;
    Tokenizer tokenizer(notes);
    tokenizer.feed(everything.substr(0, cut));
    tokenizer.feed(everything.substr(cut));
    tokenizer.finish();
    ASSERT_EQ(notes.notes, everything_noted) << cut;
  }
  for (std::size_t piece = 1; piece < 8; ++piece)
    EXPECT_EQ(parse_in_pieces(everything, piece), everything_noted) << piece;
}

TEST(Tokenizer, takes_scalars_as_documents) {
  EXPECT_EQ(parse("12"), "n(12)");
  EXPECT_EQ(parse("\"\""), "s()");
  EXPECT_EQ(parse(" null "), "0");
}

TEST(Tokenizer, hands_a_long_string_on_without_holding_it) {
  struct Counter : Notes {
    void string_piece(std::string_view piece) override {
      ++pieces;
      bytes += piece.size();
    }
    std::size_t pieces = 0;
    std::size_t bytes = 0;
  } counter;
  Tokenizer tokenizer(counter);
  tokenizer.feed("\"");
  std::string const run(1000, 'A');
  for (int i = 0; i < 100; ++i)
    tokenizer.feed(run);
  EXPECT_EQ(counter.pieces, 100U);  // one for each feed, as soon as it came
  EXPECT_EQ(counter.bytes, 100000U);
  tokenizer.feed("\"");
  tokenizer.finish();
}

class Malformed : public testing::TestWithParam<std::string> {};

TEST_P(Malformed, is_refused_whole_and_byte_by_byte) {
  EXPECT_THROW(parse(GetParam()), Error);
  EXPECT_THROW(parse_in_pieces(GetParam(), 1), Error);
}

INSTANTIATE_TEST_SUITE_P(Structure, Malformed,
                         testing::Values("", " ", "{", "[", "\"", "}", "]", ",", ":", "{]", "[}",
                                         "[1,]", "[,1]", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
                                         "{\"a\" 1}", "{1:2}", "{a:1}", "[1 2]", "1 2", "{} {}",
                                         "[1]]", "'a'", "\xEF\xBB\xBF{}", "// x\n1",
                                         "{\"a\":1 \"b\":2}", "\0"s, "[1]\0"s));
INSTANTIATE_TEST_SUITE_P(Words, Malformed,
                         testing::Values("tru", "truE", "nul", "nulll", "falsey", "True", "NaN",
                                         "undefined"));
INSTANTIATE_TEST_SUITE_P(Numbers, Malformed,
                         testing::Values("-", "+1", "01", "-01", ".5", "1.", "1.e1", "1e", "1e+",
                                         "--1", "1-1", "0x1", "Infinity", "1.2.3", "1ee1",
                                         std::string(129, '1')));
INSTANTIATE_TEST_SUITE_P(Strings, Malformed,
                         testing::Values("\"\n\"", "\"\x01\"", "\"\0\""s, "\"\\x\"", "\"\\u12\"",
                                         "\"\\u12g4\"", "\"\\\"", "\"\xFF\"", "\"\xC3\"",
                                         "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"",
                                         "\"\xE2\x82\""));
INSTANTIATE_TEST_SUITE_P(Surrogates, Malformed,
                         testing::Values("\"\\ud800\"", "\"\\udc00\"", "\"\\ud800x\"",
                                         "\"\\ud800\\n\"", "\"\\ud800\\ud800\"",
                                         "\"\\ud800\\u0041\"", "\"\\ud800\xC3\xA4\""));

TEST(Tokenizer, bounds_depth) {
  std::size_t const deepest = Tokenizer::max_depth;
  EXPECT_NO_THROW(parse(std::string(deepest, '[') + std::string(deepest, ']')));
  EXPECT_THROW(parse(std::string(deepest + 1, '[') + std::string(deepest + 1, ']')), Error);
}

TEST(Tokenizer, bounds_keys_and_numbers) {
  EXPECT_NO_THROW(parse("{\"" + std::string(Tokenizer::max_key_bytes, 'k') + "\":1}"));
  EXPECT_THROW(parse("{\"" + std::string(Tokenizer::max_key_bytes + 1, 'k') + "\":1}"), Error);
  EXPECT_NO_THROW(parse(std::string(Tokenizer::max_number_bytes, '1')));
}

TEST(Tokenizer, says_where_it_stopped) {
  try {
    parse("{\"a\": oops}");
    FAIL();
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(), "expected a value at byte 6");
  }
}

}  // namespace
