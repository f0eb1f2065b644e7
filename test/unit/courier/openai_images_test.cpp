// openai_images_test.cpp -- what the adapter makes of an answer, without any network.
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>

#include "courier/adapters/adapter.hpp"
#include "sample_media.hpp"

namespace {

using courier::Adapter;
using courier::AttemptError;
using courier::Result;
using nlohmann::json;
using wire::ErrorClass;

std::unique_ptr<Adapter> make_adapter(int pictures = 1, std::uint64_t max_output_bytes = 1 << 20) {
  wire::Submit submit;
  submit.adapter = "openai_images";
  submit.parameters = R"({"prompt":"p","n":)" + std::to_string(pictures) + "}";
  submit.max_output_bytes = max_output_bytes;
  return courier::make_adapter(submit, testing::TempDir());
}

Result receive(Adapter &adapter, std::string_view body, std::size_t piece = SIZE_MAX) {
  adapter.begin_response({200, "application/json", false});
  for (std::size_t at = 0; at < body.size(); at += std::min(piece, body.size()))
    adapter.consume(body.substr(at, piece));
  return std::get<Result>(adapter.finish());
}

struct Refusal {
  ErrorClass error_class;
  std::string message;
};

Refusal refusal(std::string_view body, int pictures = 1, std::uint64_t max_output_bytes = 1 << 20) {
  try {
    auto const adapter = make_adapter(pictures, max_output_bytes);
    receive(*adapter, body);
  } catch (const AttemptError &error) {
    return {error.error_class(), error.message()};
  }
  return {ErrorClass::internal, "accepted"};
}

std::string contents(const wire::Output &output) {
  std::string bytes(output.byte_count, '\0');
  ssize_t const got = read(output.file.get(), bytes.data(), bytes.size());
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

std::string hex(const std::array<std::uint8_t, 32> &digest) {
  std::string text;
  for (unsigned const byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

TEST(OpenaiImages, stores_every_picture_with_its_facts) {
  std::string const first = test::make_png(5, 7);
  std::string const second = test::read_corpus("media/still.jpg");
  auto const adapter = make_adapter(2);
  Result const result = receive(*adapter, test::make_answer({first, second}));
  ASSERT_EQ(result.outputs.size(), 2U);
  const wire::Output &png = result.outputs[0];
  EXPECT_EQ(png.index, 0U);
  EXPECT_EQ(png.media_type, "image/png");
  EXPECT_EQ(png.extension, "png");
  EXPECT_EQ(png.width, 5U);
  EXPECT_EQ(png.height, 7U);
  EXPECT_EQ(png.byte_count, first.size());
  EXPECT_EQ(hex(png.sha256), test::sha256_hex(first));
  EXPECT_EQ(png.seed, -1);
  EXPECT_EQ(contents(png), first);
  EXPECT_EQ(result.outputs[1].index, 1U);
  EXPECT_EQ(result.outputs[1].media_type, "image/jpeg");
  EXPECT_EQ(contents(result.outputs[1]), second);
}

TEST(OpenaiImages, does_not_care_where_the_answer_is_cut) {
  std::string const picture = test::make_png(3, 3);
  std::string const answer = test::make_answer({picture});
  for (std::size_t cut = 0; cut <= answer.size(); ++cut) {
    auto const adapter = make_adapter();
    adapter->begin_response({200, "application/json", false});
    adapter->consume(std::string_view(answer).substr(0, cut));
    adapter->consume(std::string_view(answer).substr(cut));
    auto const result = std::get<Result>(adapter->finish());
    ASSERT_EQ(contents(result.outputs.at(0)), picture) << cut;
  }
  auto const adapter = make_adapter();
  EXPECT_EQ(contents(receive(*adapter, answer, 1).outputs.at(0)), picture);
}

TEST(OpenaiImages, reads_base64_with_escaped_slashes) {
  std::string const picture = test::make_png(20, 20);
  std::string answer = test::make_answer({picture});
  for (std::size_t at = answer.find('/'); at != std::string::npos; at = answer.find('/', at + 2))
    answer.insert(at, "\\");
  auto const adapter = make_adapter();
  EXPECT_EQ(contents(receive(*adapter, answer).outputs.at(0)), picture);
}

TEST(OpenaiImages, keeps_seed_and_metadata) {
  std::string const picture = test::to_base64(test::make_png(3, 3));
  auto const adapter = make_adapter(2);
  Result const result = receive(
      *adapter,
      R"({"usage":{"total_tokens":5},"created":17,"model":"m\u0000x","other":"dropped","data":[{"seed":42,)"
      R"("revised_prompt":"a better prompt","b64_json":")" +
          picture + R"("},{"b64_json":")" + picture + R"(","seed":"none"}]})");
  EXPECT_EQ(result.outputs[0].seed, 42);
  EXPECT_EQ(result.outputs[1].seed, -1);
  EXPECT_EQ(
      json::parse(result.metadata),
      json::parse(R"({"created":17,"model":"m x","usage":{"total_tokens":5},"outputs":[)"
                  R"({"index":0,"seed":42,"revised_prompt":"a better prompt"},{"index":1}]})"));
}

TEST(OpenaiImages, keeps_metadata_small) {
  std::string const picture = test::to_base64(test::make_png(3, 3));
  auto const adapter = make_adapter();
  Result const result = receive(
      *adapter, R"({"usage":")" + std::string(5000, 'u') + R"(","data":[{"revised_prompt":")" +
                    std::string(9000, 'r') + R"(","b64_json":")" + picture + R"("}]})");
  EXPECT_LT(result.metadata.size(), 2200U);
  EXPECT_FALSE(json::parse(result.metadata).contains("usage"));
}

TEST(OpenaiImages, refuses_fewer_or_more_pictures_than_asked_for) {
  std::string const picture = test::make_png(3, 3);
  EXPECT_EQ(refusal(test::make_answer({picture}), 2).message,
            "the answer has 1 of the 2 pictures asked for");
  EXPECT_EQ(refusal(test::make_answer({picture, picture, picture}), 2).message,
            "the answer has more than the 2 pictures asked for");
  EXPECT_EQ(refusal("{}").message, "the answer has 0 of the 1 pictures asked for");
  EXPECT_EQ(refusal("[]").error_class, ErrorClass::bad_response);
}

TEST(OpenaiImages, refuses_two_pictures_in_one_place) {
  std::string const picture = test::to_base64(test::make_png(3, 3));
  std::string const twice = R"("b64_json":")" + picture + R"(")";
  EXPECT_EQ(refusal(R"({"data":[{)" + twice + "," + twice + "}]}").message,
            "data[0] has two pictures");
  EXPECT_EQ(refusal(R"({"data":[{)" + twice + R"(}],"data":[{)" + twice + "}]}").message,
            "data[0] has two pictures");
}

TEST(OpenaiImages, fetches_pictures_that_are_behind_urls) {
  auto const adapter = make_adapter(3);
  std::string const here = test::to_base64(test::make_png(5, 5));
  std::string const answer = R"({"data":[{"url":"https://h.example/x.png"},{"b64_json":")" + here +
                             R"("},{"url":"/generated/1.png?s=2"}]})";
  adapter->request();
  adapter->begin_response({200, "application/json", false});
  adapter->consume(answer);
  ASSERT_TRUE(std::holds_alternative<courier::Again>(adapter->finish()));
  EXPECT_EQ(adapter->request().url, "https://h.example/x.png");
  EXPECT_EQ(adapter->explain({404, "", false}, "").error_class(), ErrorClass::expired);
  adapter->begin_response({200, "image/png", false});
  adapter->consume(test::make_png(3, 3));
  ASSERT_TRUE(std::holds_alternative<courier::Again>(adapter->finish()));
  EXPECT_EQ(adapter->request().path, "/generated/1.png");
  EXPECT_TRUE(adapter->request().from_root);
  Result const result = receive(*adapter, test::make_png(4, 4));
  ASSERT_EQ(result.outputs.size(), 3U);
  EXPECT_EQ(result.outputs[0].width, 3U);
  EXPECT_EQ(result.outputs[1].width, 5U);
  EXPECT_EQ(result.outputs[2].width, 4U);
  EXPECT_EQ(result.outputs[2].index, 2U);
  EXPECT_EQ(refusal(R"({"data":[{"url":"ftp://h/x"}]})").message,
            "data[0] is neither an http(s) URL nor a path");
}

courier::HttpRequest edit_with(const std::string &parameters, const std::string &fetched = "") {
  wire::Submit submit;
  submit.adapter = "openai_images";
  submit.model = "gpt-image-1";
  submit.parameters = parameters;
  submit.max_output_bytes = 1 << 20;
  auto const adapter = courier::make_adapter(submit, testing::TempDir());
  if (!fetched.empty()) {
    EXPECT_TRUE(adapter->request().named_by_user);
    adapter->begin_response({200, "image/png", false});
    adapter->consume(fetched);
    adapter->finish();
  }
  return adapter->request();
}

TEST(OpenaiImages, pictures_to_start_from_go_into_a_form) {
  std::string const picture = test::make_png(4, 4);
  std::string const here = "data:image/png;base64," + test::to_base64(picture);
  auto request = edit_with(json{{"prompt", "p"}, {"n", 2}, {"image", here}, {"mask", here}}.dump());
  EXPECT_EQ(request.path, "/images/edits");
  EXPECT_NE(request.body.find("name=\"image\"; filename=\"picture0.png\"\r\n"), std::string::npos);
  EXPECT_NE(request.body.find("name=\"mask\"; filename=\"picture1.png\"\r\n"), std::string::npos);
  EXPECT_NE(request.body.find("name=\"n\"\r\n\r\n2\r\n"), std::string::npos);
  EXPECT_NE(request.body.find(picture), std::string::npos);
  request = edit_with(json{{"prompt", "p"}, {"image", {here, "https://u.example/2"}}}.dump(),
                      test::read_corpus("media/still.jpg"));
  EXPECT_NE(request.body.find("name=\"image[]\"; filename=\"picture1.jpg\"\r\n"),
            std::string::npos);
  EXPECT_EQ(edit_with(R"({"prompt":"p","image":null})").path, "/images/generations");
  EXPECT_THROW(edit_with(json{{"prompt", "p"}, {"mask", here}}.dump()), AttemptError);
  EXPECT_THROW(edit_with(R"({"prompt":"p","image":"a/b.png"})"), AttemptError);
}

TEST(OpenaiImages, refuses_truncated_and_foreign_pictures) {
  std::string const picture = test::make_png(9, 9);
  EXPECT_EQ(refusal(test::make_answer({picture.substr(0, picture.size() - 5)})).message,
            "data[0] is a truncated PNG of " + std::to_string(picture.size() - 5) + " bytes");
  EXPECT_EQ(refusal(test::make_answer({"<html>not a picture</html>"})).message,
            "data[0] is not a known kind of picture or video");
  EXPECT_EQ(refusal(test::make_answer({""})).message, "data[0] is too short for a picture");
  EXPECT_EQ(refusal(R"({"data":[{"b64_json":"iVBORw0KGgo*"}]})").message,
            "data[0] is not valid base64: not a base64 digit at character 11");
}

TEST(OpenaiImages, refuses_more_bytes_than_allowed_for_all_pictures_together) {
  std::string const picture = test::make_png(40, 40);
  EXPECT_EQ(refusal(test::make_answer({picture, picture}), 2, 2 * picture.size()).message,
            "accepted");
  Refusal const refused = refusal(test::make_answer({picture, picture}), 2, 2 * picture.size() - 1);
  EXPECT_EQ(refused.error_class, ErrorClass::too_large);
  EXPECT_EQ(refused.message, "the result is larger than the limit of " +
                                 std::to_string(2 * picture.size() - 1) + " bytes");
}

TEST(OpenaiImages, refuses_garbage_and_cut_off_json) {
  EXPECT_EQ(refusal("hello").message, "the answer is not usable JSON: expected a value at byte 0");
  EXPECT_EQ(refusal(R"({"data":[)").message,
            "the answer is not usable JSON: the document ends too early, at byte 9");
  EXPECT_EQ(refusal("").error_class, ErrorClass::bad_response);
  EXPECT_EQ(refusal("{\"a\":\"" + std::string(1 << 20, 'x') + "\"}").message,
            "the answer is not usable JSON: it holds too much");
}

TEST(OpenaiImages, refuses_an_answer_that_says_it_is_not_json) {
  auto const adapter = make_adapter();
  EXPECT_THROW(adapter->begin_response({200, "text/html; charset=utf-8", false}), AttemptError);
  for (const char *type :
       {"", "application/json", "Application/JSON; charset=utf-8", "application/problem+json"})
    EXPECT_NO_THROW(make_adapter()->begin_response({200, type, false})) << type;
}

TEST(OpenaiImages, believes_an_error_that_comes_with_status_200) {
  EXPECT_EQ(refusal(R"({"error":{"message":"boom"}})").error_class, ErrorClass::bad_response);
  EXPECT_EQ(refusal(R"({"error":"boom"})").message,
            "the server reports an error with status 200: boom");
  EXPECT_EQ(refusal(R"({"error":{"message":"no","code":"content_policy_violation"}})").error_class,
            ErrorClass::content_policy);
  EXPECT_EQ(refusal(R"({"error":{"message":"no","type":"invalid_request_error"}})").error_class,
            ErrorClass::invalid_input);
  EXPECT_EQ(refusal(R"({"error":{"message":"no","type":"rate_limit_error"}})").error_class,
            ErrorClass::throttled);
  EXPECT_EQ(refusal(R"({"error":{"message":"no","code":503}})").error_class, ErrorClass::overload);
  EXPECT_EQ(refusal(R"({"error":{}})").message,
            "the server reports an error with status 200: an error without a message");
  std::string const picture = test::make_png(3, 3);
  std::string answer = test::make_answer({picture});
  answer.insert(1, R"("error":null,)");
  EXPECT_EQ(refusal(answer).message, "accepted");
}

struct Explained {
  long status;
  const char *body;
  ErrorClass error_class;
  const char *message;
};

TEST(OpenaiImages, explains_error_statuses_by_their_bodies) {
  for (const Explained &expected :
       {Explained{400, R"({"error":{"message":"bad size"}})", ErrorClass::invalid_input,
                  "the server answers 400: bad size"},
        Explained{400, R"({"error":{"message":"unsafe","code":"moderation_blocked"}})",
                  ErrorClass::content_policy, "the server answers 400: unsafe"},
        Explained{429, R"({"error":{"message":"pay","code":"insufficient_quota"}})",
                  ErrorClass::payment, "the server answers 429: pay"},
        Explained{429, "slow down", ErrorClass::throttled, "the server answers 429"},
        Explained{401, R"({"error":{"message":"who","type":"invalid_request_error"}})",
                  ErrorClass::auth, "the server answers 401: who"},
        Explained{500, R"({"error":{"message":"oom","type":"invalid_request_error"}})",
                  ErrorClass::overload, "the server answers 500: oom"},
        Explained{404, "", ErrorClass::invalid_input, "the server answers 404"}}) {
    AttemptError const error = make_adapter()->explain({expected.status, "", false}, expected.body);
    EXPECT_EQ(error.error_class(), expected.error_class) << expected.body;
    EXPECT_EQ(error.message(), expected.message);
  }
}

TEST(Adapters, are_found_by_name) {
  wire::Submit submit;
  submit.adapter = "carrier_pigeon";
  try {
    courier::make_adapter(submit, testing::TempDir());
    FAIL();
  } catch (const AttemptError &error) {
    EXPECT_EQ(error.error_class(), ErrorClass::internal);
    EXPECT_EQ(error.message(), "there is no adapter \"carrier_pigeon\"");
  }
}

}  // namespace
