// streamed_answer_test.cpp -- JSON with pictures in it, and without what nobody needs.
#include "courier/adapters/streamed_answer.hpp"

#include <gtest/gtest.h>

#include "adapter_talk.hpp"
#include "sample_media.hpp"

namespace {

using courier::StreamedAnswer;
using nlohmann::json;
using Path = courier::json::Path;

std::optional<std::size_t> picture_at(const Path &path) {
  if (path.size() != 2 || path[0].key != "images" || !path[1].in_array) return std::nullopt;
  return path[1].index;
}

bool is_prompt(const Path &path) { return path.size() == 2 && path[1].key == "prompt"; }

StreamedAnswer make_answer(std::uint64_t max_bytes = 1 << 20) {
  return {testing::TempDir(), max_bytes, picture_at, is_prompt, {}};
}

json read(StreamedAnswer &answer, std::string_view body, std::size_t piece = SIZE_MAX) {
  answer.begin({200, "application/json", false});
  for (std::size_t at = 0; at < body.size(); at += std::min(piece, body.size()))
    answer.consume(body.substr(at, piece));
  return answer.finish();
}

TEST(StreamedAnswer, leads_pictures_to_files_wherever_it_is_cut) {
  std::string const picture = test::make_png(7, 5);
  std::string const plain = test::to_base64(picture);
  std::string const body =
      R"({"images":[")" + plain + R"(","data:image/png;base64,)" + plain + R"("],"info":"x"})";
  for (std::size_t piece = 1; piece < 40; ++piece) {
    StreamedAnswer answer = make_answer();
    EXPECT_EQ(read(answer, body, piece), json::parse(R"({"images":[null,null],"info":"x"})"));
    auto const pictures = answer.take_pictures();
    ASSERT_EQ(pictures.size(), 2U);
    EXPECT_EQ(test::contents(pictures.at(0)), picture);
    EXPECT_EQ(test::contents(pictures.at(1)), picture);
    EXPECT_EQ(pictures.at(1).index, 1U);
  }
}

TEST(StreamedAnswer, begins_anew_when_an_answer_broke_off) {
  std::string const picture = test::make_png(7, 5);
  std::string const body = R"({"images":[")" + test::to_base64(picture) + R"("]})";
  StreamedAnswer answer = make_answer(picture.size());
  answer.begin({200, "application/json", false});
  answer.consume(std::string_view(body).substr(0, body.size() - 2));
  read(answer, body);
  EXPECT_EQ(test::contents(answer.take_pictures().at(0)), picture);
}

TEST(StreamedAnswer, leaves_out_whole_values_however_large) {
  std::string const large(std::size_t{1} << 20, 'x');
  StreamedAnswer answer = make_answer();
  EXPECT_EQ(read(answer, R"({"a":{"prompt":{"b":[1,{"c":")" + large +
                             R"("}],"d":{}},"e":[[1],2]},"f":{"prompt":")" + large +
                             R"(","g":true},"h":{"prompt":1,"i":null},"j":{"prompt":false}})"),
            json::parse(R"({"a":{"prompt":null,"e":[[1],2]},"f":{"prompt":null,"g":true},
                            "h":{"prompt":null,"i":null},"j":{"prompt":null}})"));
}

TEST(StreamedAnswer, tells_what_is_wrong) {
  StreamedAnswer answer = make_answer(100);
  auto const why = [&answer](std::string_view body) {
    return test::refusal_of([&] { read(answer, body); }).message;
  };
  EXPECT_EQ(why("{"), "the answer is not usable JSON: the document ends too early, at byte 1");
  EXPECT_EQ(why(R"({"images":["AAAA*"]})"),
            "images[0] is not valid base64: not a base64 digit at character 4");
  EXPECT_EQ(why(R"({"images":["data:"]})"), "images[0] is too short for a picture");
  EXPECT_EQ(why(R"({"images":["AA"]})").substr(0, 30), "images[0] is not valid base64:");
  EXPECT_EQ(why(R"({"images":[")" + test::to_base64(test::make_png(40, 40)) + R"("]})"),
            "the result is larger than the limit of 100 bytes");
  EXPECT_EQ(why(R"({"images":[],"images":["","AAAA"]})"), "images[0] is too short for a picture");
  EXPECT_THROW(answer.begin({200, "text/html", false}), courier::AttemptError);
}

}  // namespace
