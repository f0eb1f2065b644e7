// stream_parsers_test.cpp -- event streams and lines of JSON, wherever they are cut.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "courier/attempt_error.hpp"
#include "courier/text/event_buffer.hpp"
#include "courier/text/line_parser.hpp"

namespace {

using Events = std::vector<std::pair<std::string, std::string>>;  // data, type

constexpr std::size_t enough = 1000;

Events events_of(const std::vector<std::string_view> &pieces, std::size_t max_bytes = enough) {
  Events events;
  courier::text::EventBuffer parser(max_bytes, [&](std::string_view data, const std::string &type) {
    events.emplace_back(data, type);
  });
  for (std::string_view const piece : pieces)
    parser.feed(piece);
  parser.finish();
  return events;
}

std::vector<std::string> lines_of(const std::vector<std::string_view> &pieces,
                                  std::size_t max_bytes = enough) {
  std::vector<std::string> lines;
  courier::text::LineParser parser(max_bytes,
                                   [&](std::string_view line) { lines.emplace_back(line); });
  for (std::string_view const piece : pieces)
    parser.feed(piece);
  parser.finish();
  return lines;
}

// In two pieces at every place, and byte by byte.
template <typename Parse, typename Expected>
void expect_however_it_is_cut(Parse parse, std::string_view stream, const Expected &expected) {
  for (std::size_t cut = 0; cut <= stream.size(); ++cut)
    EXPECT_EQ(parse({stream.substr(0, cut), stream.substr(cut)}), expected) << cut;
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < stream.size(); ++i)
    bytes.push_back(stream.substr(i, 1));
  EXPECT_EQ(parse(bytes), expected);
}

void expect_events(std::string_view stream, const Events &expected) {
  expect_however_it_is_cut(
      [](const std::vector<std::string_view> &pieces) { return events_of(pieces); }, stream,
      expected);
}

TEST(SseParser, ends_lines_with_any_of_the_three_line_ends) {
  Events const expected = {{"a", ""}, {"b", ""}};
  expect_events("data: a\n\ndata: b\n\n", expected);
  expect_events("data: a\r\n\r\ndata: b\r\n\r\n", expected);
  expect_events("data: a\r\rdata: b\r\r", expected);
  expect_events("data: a\r\n\ndata: b\n\r\n", expected);
}

TEST(SseParser, joins_the_lines_of_an_event) {
  expect_events("data: a\ndata:\ndata: b\n\n", {{"a\n\nb", ""}});
  expect_events("data\n\n", {{"", ""}});
}

TEST(SseParser, takes_one_space_after_the_colon) {
  expect_events("data:a\n\ndata: b\n\ndata:  c\n\ndata: x:y \n\n",
                {{"a", ""}, {"b", ""}, {" c", ""}, {"x:y ", ""}});
}

TEST(SseParser, skips_comments_and_what_it_does_not_know) {
  expect_events(
      ": ping\n\n:\n\ndata: a\nid: 7\nretry: 10\n: x\nfoo\ndatabase: no\ndata\ufeff: no\n\n",
      {{"a", ""}});
  expect_events("\n\n\n", {});
}

TEST(SseParser, knows_the_type_of_an_event) {
  expect_events("event: one\ndata: a\n\ndata: b\n\nevent: none\n\ndata: c\n\n",
                {{"a", "one"}, {"b", ""}, {"c", ""}});
  expect_events("event: first\nevent: second\ndata: a\n\n", {{"a", "second"}});
  std::string const clipped(courier::text::SseParser::max_type_bytes, 'x');
  EXPECT_EQ(events_of({"event: " + std::string(100000, 'x') + "\ndata: a\n\n"}),
            (Events{{"a", clipped}}));
}

TEST(SseParser, takes_a_field_called_error_for_data) {
  expect_events("error: {}\n\ndata: a\n\n", {{"{}", "error"}, {"a", ""}});
}

TEST(SseParser, keeps_characters_whole_and_drops_a_byte_order_mark) {
  expect_events("\uFEFF\u0064ata: \u00e9\u4e16\U0001F600\n\n", {{"\u00e9\u4e16\U0001F600", ""}});
  expect_events("\uFEFF\ndata: a\n\n", {{"a", ""}});
}

TEST(SseParser, ends_an_event_that_the_end_of_the_stream_leaves_open) {
  expect_events("data: a\n\ndata: b\n", {{"a", ""}, {"b", ""}});
  expect_events("data: a\n\ndata: b", {{"a", ""}, {"b", ""}});
  expect_events("data: a\n\ndat", {{"a", ""}});
}

TEST(SseParser, holds_no_more_than_it_may) {
  EXPECT_EQ(events_of({"data: ", std::string(enough, 'x'), "\n\n"}).size(), 1U);
  EXPECT_THROW(events_of({"data: " + std::string(enough + 1, 'x')}), courier::AttemptError);
  std::string lines = "data:\n";
  for (std::size_t i = 0; i <= enough; ++i)
    lines += "data:\n";
  EXPECT_THROW(events_of({lines}), courier::AttemptError);
  EXPECT_EQ(events_of({std::string(1000000, 'n'), ": x\ndata: a\n\n"}), (Events{{"a", ""}}));
}

TEST(LineParser, gives_lines_wherever_they_are_cut) {
  for (std::string_view const stream :
       {"{\"a\":1}\n{}\n", "{\"a\":1}\r\n{}\r\n", "{\"a\":1}\n\n \n{}"})
    expect_however_it_is_cut(
        [](const std::vector<std::string_view> &pieces) { return lines_of(pieces); }, stream,
        std::vector<std::string>{"{\"a\":1}", "{}"});
}

TEST(LineParser, holds_no_more_than_it_may) {
  EXPECT_EQ(lines_of({std::string(enough, 'x')}).size(), 1U);
  EXPECT_THROW(lines_of({std::string(enough, 'x'), "x"}), courier::AttemptError);
}

}  // namespace
