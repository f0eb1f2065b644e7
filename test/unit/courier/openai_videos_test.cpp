// openai_videos_test.cpp -- videos that are asked for, asked about and fetched, without any
// network.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "courier/adapters/adapter.hpp"
#include "courier/adapters/multipart.hpp"
#include "sample_media.hpp"

namespace {

using courier::Adapter;
using courier::Again;
using courier::AttemptError;
using courier::HttpRequest;
using courier::Method;
using courier::Result;
using courier::Step;
using nlohmann::json;
using wire::ErrorClass;

std::unique_ptr<Adapter> make(const std::string &parameters = R"({"prompt":"a wave"})",
                              const std::string &id = "") {
  wire::Submit submit;
  submit.adapter = "openai_videos";
  submit.model = "sora";
  submit.parameters = parameters;
  submit.max_output_bytes = 1 << 20;
  submit.external_id = id;
  return courier::make_adapter(submit, testing::TempDir());
}

Step say(Adapter &adapter, std::string_view body, const std::string &type = "application/json") {
  adapter.begin_response({200, type, false});
  adapter.consume(body.substr(0, body.size() / 2));
  adapter.consume(body.substr(body.size() / 2));
  return adapter.finish();
}

std::string refusal(Adapter &adapter, std::string_view body) {
  try {
    say(adapter, body);
  } catch (const AttemptError &error) {
    return std::string(wire::error_class_name(error.error_class())) + ": " + error.message();
  }
  return "accepted";
}

TEST(OpenaiVideos, submits_asks_and_fetches) {
  auto const adapter = make(R"({"prompt":"a wave","width":720,"height":1280,"duration":8,"n":1})");
  HttpRequest request = adapter->request();
  EXPECT_EQ(request.path, "/videos");
  EXPECT_EQ(json::parse(request.body), json::parse(R"({"model":"sora","prompt":"a wave",
    "size":"720x1280","seconds":"8"})"));
  EXPECT_TRUE(adapter->outlives_connection());
  EXPECT_FALSE(adapter->cancel_request());
  Step step = say(*adapter, R"({"id":"video_1","status":"queued","progress":0})");
  EXPECT_GT(std::get<Again>(step).after.count(), 0);
  EXPECT_EQ(adapter->external_id(), "video_1");

  request = adapter->request();
  EXPECT_EQ(request.path, "/videos/video_1");
  EXPECT_EQ(request.method, Method::get);
  say(*adapter, R"({"id":"video_1","status":"in_progress","progress":33})");
  EXPECT_DOUBLE_EQ(adapter->progress(), 0.33);
  EXPECT_EQ(adapter->cancel_request()->method, Method::del);
  EXPECT_EQ(adapter->cancel_request()->path, "/videos/video_1");

  step = say(*adapter, R"({"id":"video_1","status":"completed","progress":100,"model":"sora"})");
  EXPECT_EQ(std::get<Again>(step).after.count(), 0);
  EXPECT_EQ(adapter->request().path, "/videos/video_1/content");
  EXPECT_EQ(adapter->explain({404, "", false}, "").error_class(), ErrorClass::expired);
  step = say(*adapter, test::read_corpus("media/film.mp4"), "video/mp4");
  auto const &result = std::get<Result>(step);
  ASSERT_EQ(result.outputs.size(), 1U);
  EXPECT_EQ(result.outputs[0].media_type, "video/mp4");
  EXPECT_EQ(json::parse(result.metadata).at("model"), "sora");
}

TEST(OpenaiVideos, starts_from_a_picture_in_a_form) {
  std::string const picture = test::make_png(4, 4);
  auto const adapter = make(R"({"prompt":"a wave","image":"data:image/png;base64,)" +
                            test::to_base64(picture) + R"("})");
  HttpRequest const request = adapter->request();
  EXPECT_EQ(request.headers.back(),
            "Content-Type: multipart/form-data; "
            "boundary=atelier-00000000-0000-0000-0000-000000000000");
  EXPECT_NE(request.body.find("name=\"input_reference\"; filename=\"reference.png\"\r\n"
                              "Content-Type: image/png\r\n\r\n" +
                              picture),
            std::string::npos);
  EXPECT_NE(request.body.find("name=\"prompt\"\r\n\r\na wave\r\n"), std::string::npos);
}

TEST(OpenaiVideos, a_picture_behind_a_url_is_fetched_first) {
  auto const adapter = make(R"({"prompt":"a","input_reference":"https://u.example/p.png"})");
  HttpRequest const request = adapter->request();
  EXPECT_EQ(request.url, "https://u.example/p.png");
  EXPECT_TRUE(request.named_by_user);
  EXPECT_EQ(adapter->explain({500, "", false}, "").error_class(), ErrorClass::invalid_input);
  say(*adapter, test::make_png(4, 4), "image/png");
  EXPECT_EQ(adapter->request().path, "/videos");
}

TEST(OpenaiVideos, goes_on_with_the_id_that_is_known) {
  EXPECT_EQ(make("{}", "video_9")->request().path, "/videos/video_9");
  EXPECT_THROW(make("{}", "../files"), AttemptError);
}

TEST(OpenaiVideos, tells_what_went_wrong) {
  constexpr const char *const video = R"({"id":"v","status":"queued"})";
  auto const said = [&](const char *body) {
    auto const adapter = make();
    say(*adapter, video);
    return refusal(*adapter, body);
  };
  EXPECT_EQ(said(R"({"status":"failed","error":{"code":"moderation_blocked","message":"no"}})"),
            "content_policy: the server says that the video failed: no");
  EXPECT_EQ(said(R"({"status":"failed","error":{"code":"odd","message":"fire"}})"),
            "worker_crash: the server says that the video failed: fire");
  EXPECT_EQ(said(R"({"status":"failed"})"), "worker_crash: the server says that the video failed");
  EXPECT_EQ(
      said(R"({"status":"levitating"})"),
      "bad_response: the server says levitating of the video, which is no state that is known");
  EXPECT_EQ(said("[]").substr(0, 12), "bad_response");
  EXPECT_EQ(refusal(*make(), R"({"status":"queued"})").substr(0, 9), "ambiguous");
  EXPECT_EQ(refusal(*make(), R"({"error":{"message":"no money","code":"insufficient_quota"}})"),
            "payment: the server reports an error with status 200: no money");
  auto const adapter = make();
  say(*adapter, video);
  EXPECT_THROW(static_cast<void>(adapter->explain({404, "", false}, "")), courier::LookupAnswer);
}

TEST(OpenaiVideos, refuses_what_cannot_be_sent) {
  for (const char *const parameters :
       {R"({"prompt":"p","n":2})", R"({"prompt":"p","width":7})", R"({"prompt":"p","image":7})",
        R"({"prompt":"p","image":"a/b.png"})", R"({"prompt":"p","x":{}})", "[]",
        R"({"prompt":"p","seconds":[]})"})
    EXPECT_THROW(make(parameters)->request(), AttemptError) << parameters;
}

TEST(Multipart, a_boundary_is_in_no_part) {
  courier::Multipart form;
  form.add("a\"b\r\n", "--atelier-1");
  auto const encoded = form.encode("1");
  EXPECT_EQ(encoded.content_type, "multipart/form-data; boundary=atelier-1x");
  EXPECT_EQ(encoded.body,
            "--atelier-1x\r\nContent-Disposition: form-data; name=\"a%22b%0D%0A\"\r\n\r\n"
            "--atelier-1\r\n--atelier-1x--\r\n");
}

}  // namespace
