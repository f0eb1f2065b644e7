#include "courier/json/skeleton.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using courier::json::Error;
using courier::json::Path;
using courier::json::Skeleton;
using courier::json::TextSink;
using courier::json::Tokenizer;

class Collector : public TextSink {
 public:
  void write(std::string_view piece) override { text += piece; }
  void end() override { ++ended; }
  std::string text;
  int ended = 0;
};

nlohmann::json read(
    std::string_view text, const Skeleton::Divert &divert = [](const Path &) { return nullptr; }) {
  Skeleton skeleton(divert);
  Tokenizer tokenizer(skeleton);
  tokenizer.feed(text);
  tokenizer.finish();
  return skeleton.document();
}

TEST(Skeleton, is_the_document_when_nothing_is_diverted) {
  std::string const text =
      R"({"a":[1,-2,18446744073709551615,2.5,"t",true,null,{"b":[]},{}],"c":{"d":{"e":"f"}},"g":false})";
  EXPECT_EQ(read(text), nlohmann::json::parse(text));
}

TEST(Skeleton, leads_chosen_strings_elsewhere) {
  Collector collector;
  auto const document =
      read(R"({"data":[{"b64":"AB","x":"keep"},{"b64":"CD"}],"b64":"top"})", [&](const Path &path) {
        bool const chosen =
            path.size() == 3 && path[0].key == "data" && path[1].in_array && path[2].key == "b64";
        return chosen ? &collector : nullptr;
      });
  EXPECT_EQ(collector.text, "ABCD");
  EXPECT_EQ(collector.ended, 2);
  EXPECT_EQ(document, nlohmann::json::parse(
                          R"({"data":[{"b64":null,"x":"keep"},{"b64":null}],"b64":"top"})"));
}

TEST(Skeleton, tells_the_index_in_an_array) {
  std::vector<std::size_t> seen;
  read(R"([0,"a",[],"b",{},"c"])", [&](const Path &path) {
    seen.push_back(path.back().index);
    return nullptr;
  });
  EXPECT_EQ(seen, (std::vector<std::size_t>{1, 3, 5}));
}

TEST(Skeleton, bounds_what_it_keeps) {
  std::string values = "[0";
  for (std::size_t i = 0; i < Skeleton::Limits{}.values; ++i)
    values += ",0";
  EXPECT_THROW(read(values + "]"), Error);
  EXPECT_THROW(read("\"" + std::string(Skeleton::Limits{}.text_bytes + 1, 'x') + "\""), Error);
  EXPECT_NO_THROW(read("\"" + std::string(Skeleton::Limits{}.text_bytes, 'x') + "\""));
  std::string keys = "{";
  for (std::size_t i = 0; i < 100; ++i)
    keys += (i > 0 ? ",\"" : "\"") + std::string(1000, 'k') + "\":0";
  EXPECT_THROW(read(keys + "}"), Error);  // although all of them are the same key
}

TEST(Skeleton, does_not_count_what_is_diverted) {
  Collector collector;
  read("\"" + std::string(10 * Skeleton::Limits{}.text_bytes, 'x') + "\"",
       [&](const Path &) { return &collector; });
  EXPECT_EQ(collector.text.size(), 10 * Skeleton::Limits{}.text_bytes);
}

TEST(Skeleton, has_null_for_numbers_beyond_a_double) { EXPECT_TRUE(read("1e999").is_null()); }

TEST(Skeleton, has_zero_for_numbers_too_small_for_a_double) {
  EXPECT_EQ(read("18156253408e-9071"), 0.0);
  EXPECT_EQ(read("-1e-400"), 0.0);
}

}  // namespace
