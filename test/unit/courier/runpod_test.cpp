// runpod_test.cpp -- the queue of a serverless endpoint as RunPod documents it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "hosted_talk.hpp"
#include "sample_media.hpp"

namespace {

using courier::AttemptError;
using courier::HttpRequest;
using courier::Method;
using courier::Result;
using nlohmann::json;
using std::chrono::milliseconds;
using test::HostedTalk;
using test::Refusal;
using wire::ErrorClass;

wire::Submit make_submit() {
  wire::Submit submit;
  submit.adapter = "runpod";
  submit.url = "https://api.runpod.ai/v2/abc123";
  submit.model = "sdxl-worker";
  submit.parameters = R"({"prompt":"a pear","seed":7,"n":2})";
  submit.max_output_bytes = 1 << 20;
  submit.total_timeout_ms = 90000;
  return submit;
}

wire::Submit resumed() {
  wire::Submit submit = make_submit();
  submit.external_id = "job-1-u1";
  return submit;
}

std::string in_state(const std::string &state, const std::string &more = "") {
  return R"({"id":"job-1-u1","status":")" + state + "\"" + more + "}";
}

std::string completed(const std::string &output) {
  return in_state("COMPLETED", R"(,"delayTime":2000,"executionTime":1500,"output":)" + output);
}

json body_of(const wire::Submit &submit) { return json::parse(HostedTalk(submit).request().body); }

Result result_of(const std::string &output) {
  return HostedTalk(resumed()).result_of(completed(output));
}

Refusal refusal_of(const std::string &body) { return HostedTalk(resumed()).refusal_of(body); }

std::string refusal_to_make(const wire::Submit &submit) {
  try {
    HostedTalk(submit).request();
  } catch (const AttemptError &error) {
    EXPECT_EQ(error.error_class(), ErrorClass::invalid_input);
    return error.message();
  }
  return "made";
}

TEST(Runpod, puts_a_request_into_the_queue_with_its_policy) {
  HttpRequest const request = HostedTalk(make_submit()).request();
  EXPECT_EQ(request.method, Method::post);
  EXPECT_EQ(request.path, "/run");
  EXPECT_TRUE(test::has_header(request, "Content-Type: application/json"));
  EXPECT_EQ(json::parse(request.body),
            json::parse(R"({"input":{"prompt":"a pear","seed":7,"n":2},)"
                        R"("policy":{"executionTimeout":90000,"ttl":690000}})"));
}

TEST(Runpod, keeps_its_policy_within_the_limits) {
  auto const policy = [](std::uint32_t timeout_ms, const std::string &options) {
    wire::Submit submit = make_submit();
    submit.total_timeout_ms = timeout_ms;
    submit.options = options;
    return body_of(submit).at("policy");
  };
  EXPECT_EQ(policy(10, ""), json::parse(R"({"executionTimeout":5000,"ttl":605000})"));
  EXPECT_EQ(policy(86400000, ""), json::parse(R"({"executionTimeout":86400000,"ttl":87000000})"));
  EXPECT_EQ(policy(90000, R"({"execution_timeout_ms":20000,"low_priority":true})"),
            json::parse(R"({"executionTimeout":20000,"ttl":690000,"lowPriority":true})"));
  EXPECT_EQ(policy(90000, R"({"execution_timeout_ms":300000})"),
            json::parse(R"({"executionTimeout":300000,"ttl":900000})"));
}

TEST(Runpod, asks_for_a_report_over_https_only) {
  wire::Submit submit = make_submit();
  submit.webhook_url = "https://h/hook/secret";
  EXPECT_EQ(body_of(submit).at("webhook"), "https://h/hook/secret");
  submit.webhook_url = "http://h/hook";
  EXPECT_FALSE(body_of(submit).contains("webhook"));
}

TEST(Runpod, gives_the_input_the_form_that_a_worker_wants) {
  wire::Submit submit = make_submit();
  submit.options =
      R"({"input":{"workflow":{"6":{"class_type":"CLIPTextEncode","inputs":{"text":"{parameters.prompt}"}}},)"
      R"("model":"{model}"}})";
  EXPECT_EQ(
      body_of(submit).at("input"),
      json::parse(
          R"({"workflow":{"6":{"class_type":"CLIPTextEncode","inputs":{"text":"a pear"}}},"model":"sdxl-worker"})"));
}

TEST(Runpod, refuses_what_is_larger_than_a_request_may_be) {
  wire::Submit submit = make_submit();
  std::string large;
  large.resize(10000000, 'x');
  submit.parameters = json{{"image", large}}.dump();
  EXPECT_TRUE(
      refusal_to_make(submit).ends_with(" bytes; RunPod takes 10000000, larger files need a URL"));
  for (const char *options :
       {"[]", R"({"ttl":1})", R"({"low_priority":1})", R"({"execution_timeout_ms":0})"}) {
    submit = make_submit();
    submit.options = options;
    EXPECT_TRUE(refusal_to_make(submit).starts_with("adapter_options of")) << options;
  }
}

TEST(Runpod, submits_asks_and_takes_a_picture_from_the_answer) {
  HostedTalk talk(make_submit());
  talk.request();
  EXPECT_FALSE(talk.adapter().cancel_request());
  EXPECT_GT(talk.pause_after(in_state("IN_QUEUE")), milliseconds(0));
  EXPECT_EQ(talk.adapter().external_id(), "job-1-u1");
  HttpRequest const question = talk.request();
  EXPECT_EQ(question.method, Method::get);
  EXPECT_EQ(question.path, "/status/job-1-u1");
  talk.pause_after(in_state("IN_PROGRESS"));
  talk.pause_after(in_state("RUNNING"));
  std::string const picture = test::make_png(20, 30);
  Result const result =
      talk.result_of(completed(R"({"images":[{"filename":"a.png","type":"base64","data":")" +
                               test::to_base64(picture) + R"("}],"seed":9})"));
  ASSERT_EQ(result.outputs.size(), 1U);
  EXPECT_EQ(test::contents(result.outputs[0]), picture);
  EXPECT_EQ(result.outputs[0].width, 20U);
  EXPECT_EQ(result.outputs[0].seed, 9);
  EXPECT_EQ(result.result, "");
  EXPECT_EQ(json::parse(result.metadata),
            json::parse(
                R"({"id":"job-1-u1","metrics":{"delayTime":2000,"executionTime":1500},"seed":9})"));
}

TEST(Runpod, begins_with_the_question_when_the_request_is_known) {
  HostedTalk talk(resumed());
  EXPECT_EQ(talk.request().path, "/status/job-1-u1");
  EXPECT_EQ(talk.result_of(completed(R"("done")")).result, R"("done")");
}

TEST(Runpod, is_told_to_stop_by_a_request) {
  HostedTalk talk(make_submit());
  EXPECT_TRUE(talk.adapter().outlives_connection());
  talk.pause_after(in_state("IN_QUEUE"));
  auto const request = talk.adapter().cancel_request();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, Method::post);
  EXPECT_EQ(request->path, "/cancel/job-1-u1");
}

TEST(Runpod, a_request_may_go_back_into_the_queue) {
  HostedTalk talk(resumed());
  for (const char *state : {"IN_QUEUE", "IN_PROGRESS", "IN_QUEUE", "IN_PROGRESS"})
    EXPECT_GT(talk.pause_after(in_state(state)), milliseconds(0)) << state;
  milliseconds last(0);
  for (int i = 0; i < 30; ++i)
    last = talk.pause_after(in_state("IN_PROGRESS"));
  EXPECT_GE(last, milliseconds(9000));
  EXPECT_LE(last, milliseconds(11000));
}

TEST(Runpod, hears_of_progress_in_any_form) {
  auto const progress = [](const std::string &output) {
    HostedTalk talk(resumed());
    talk.pause_after(in_state("IN_PROGRESS", R"(,"output":)" + output));
    return talk.adapter().progress();
  };
  EXPECT_DOUBLE_EQ(progress("0.25"), 0.25);
  EXPECT_DOUBLE_EQ(progress("25"), 0.25);
  EXPECT_DOUBLE_EQ(progress(R"({"progress":50})"), 0.5);
  EXPECT_DOUBLE_EQ(progress(R"({"progress":"75%"})"), 0.75);
  EXPECT_DOUBLE_EQ(progress(R"("10%|#   | 2/20")"), 0.1);
  for (const char *output : {"null", "-3", "1e300", "101", R"("step 3")", R"([1])",
                             R"({"progress":{"progress":1}})", "true"})
    EXPECT_LT(progress(output), 0) << output;
}

TEST(Runpod, a_preview_that_is_damaged_harms_nothing) {
  HostedTalk talk(resumed());
  std::string const preview = test::to_base64(test::make_png(9, 9).substr(0, 40));
  talk.pause_after(in_state("IN_PROGRESS", R"(,"output":{"preview":")" + preview + "\"}"));
  EXPECT_EQ(talk.result_of(completed("1")).result, "1");
}

TEST(Runpod, takes_pictures_wherever_they_are) {
  std::string const picture = test::make_png(40, 4);
  std::string const base64 = test::to_base64(picture);
  for (const std::string &output :
       {"\"" + base64 + "\"", "[\"" + base64 + "\"]", R"({"image":")" + base64 + "\"}",
        R"({"image":"data:image/png;base64,)" + base64 + "\"}",
        R"({"a":{"b":[{"image_base64":")" + base64 + "\"}]}}"}) {
    Result const result = result_of(output);
    ASSERT_EQ(result.outputs.size(), 1U) << output;
    EXPECT_EQ(test::contents(result.outputs[0]), picture);
    EXPECT_EQ(result.result, "");
  }
  std::string broken;
  for (std::size_t at = 0; at < base64.size(); at += 76)
    broken += base64.substr(at, 76) + "\\n";
  EXPECT_EQ(test::contents(result_of("\"" + broken + "\"").outputs.at(0)), picture);
}

TEST(Runpod, does_not_care_where_the_answer_is_cut) {
  std::string const picture = test::make_png(3, 3);
  std::string const body =
      completed(R"({"i":")" + test::to_base64(picture) + R"(","t":"\u00e9\u0000"})");
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    HostedTalk talk(resumed());
    talk.adapter().begin_response({200, "application/json", false});
    talk.adapter().consume(std::string_view(body).substr(0, cut));
    talk.adapter().consume(std::string_view(body).substr(cut));
    Result const result = std::get<Result>(talk.adapter().finish());
    ASSERT_EQ(test::contents(result.outputs.at(0)), picture) << cut;
    ASSERT_EQ(json::parse(result.result), json::parse("{\"t\":\"\u00e9\uFFFD\"}")) << cut;
  }
}

TEST(Runpod, fetches_links_to_pictures_without_a_credential) {
  for (
      const char *output :
      {R"({"images":[{"filename":"a","type":"s3_url","data":"https://b.s3.example/a?X-Amz-Signature=1"}]})",
       R"({"video_url":"https://b.s3.example/a?X-Amz-Signature=1.mp4","x":"https://b.s3.example/a.PNG?q"})",
       R"("https://b.s3.example/a.webp")"}) {
    HostedTalk talk(resumed());
    EXPECT_EQ(talk.pause_after(completed(output)), milliseconds(0)) << output;
    HttpRequest const request = talk.request();
    EXPECT_TRUE(request.url.starts_with("https://b.s3.example/a")) << request.url;
    EXPECT_TRUE(request.without_credential);
    EXPECT_TRUE(request.trusted_hosts.empty());
    EXPECT_EQ(talk.result_of(test::make_png(3, 3)).outputs.size(), 1U);
  }
}

TEST(Runpod, takes_any_json_as_a_result) {
  for (const char *output :
       {R"({"text":"hello","tokens":[1,2]})", "0", "false", R"(["a","b"])", R"("just text")",
        R"({"page":"https://example.org/index.html"})", R"({"audio":"https://h/a.wav"})",
        R"({"error":null,"ok":true})", R"({"error":"","ok":true})"})
    EXPECT_EQ(json::parse(result_of(output).result), json::parse(output)) << output;
  for (const char *output : {"null", "[]", "{}", R"("")"})
    EXPECT_EQ(refusal_of(completed(output)),
              (Refusal{ErrorClass::bad_response, "the request succeeded without an output"}));
  EXPECT_EQ(refusal_of(in_state("COMPLETED")).error_class, ErrorClass::bad_response);
}

TEST(Runpod, refuses_files_that_are_damaged_too_many_or_too_large) {
  std::string const picture = test::make_png(20, 20);
  EXPECT_EQ(
      refusal_of(completed("\"" + test::to_base64(picture.substr(0, picture.size() - 5)) + "\"")),
      (Refusal{ErrorClass::bad_response,
               "file 0 is a truncated PNG of " + std::to_string(picture.size() - 5) + " bytes"}));
  EXPECT_EQ(refusal_of(completed("\"" + test::to_base64(picture) + "*\"")).error_class,
            ErrorClass::bad_response);
  wire::Submit submit = resumed();
  submit.parameters = "{}";
  submit.options = R"({"max_outputs":1})";
  std::string const two =
      completed("[\"" + test::to_base64(picture) + "\",\"" + test::to_base64(picture) + "\"]");
  EXPECT_EQ(HostedTalk(submit).refusal_of(two),
            (Refusal{ErrorClass::bad_response, "the answer has more than 1 files"}));
  submit = resumed();
  submit.max_output_bytes = 2 * picture.size() - 1;
  EXPECT_EQ(HostedTalk(submit).refusal_of(two).error_class, ErrorClass::too_large);
}

TEST(Runpod, an_error_in_the_output_is_a_failure) {
  EXPECT_EQ(
      refusal_of(completed(R"({"error":"the model is on fire"})")),
      (Refusal{ErrorClass::worker_crash, "the worker reports an error: the model is on fire"}));
  EXPECT_EQ(refusal_of(completed(R"({"error":"NSFW image","images":[]})")).error_class,
            ErrorClass::content_policy);
  EXPECT_EQ(refusal_of(completed(R"({"error":{"message":"x"}})")).message,
            "the worker reports an error: x");
  EXPECT_EQ(refusal_of(in_state("COMPLETED", R"(,"error":"late","output":1)")).message,
            "the worker reports an error: late");
  EXPECT_EQ(refusal_of(completed(R"({"images":[],"errors":["node 3 failed"]})")).message,
            R"(the worker reports errors: ["node 3 failed"])");
  EXPECT_EQ(json::parse(result_of(R"({"images":[{"k":1}],"errors":["a warning"]})").result),
            json::parse(R"({"images":[{"k":1}],"errors":["a warning"]})"));
}

TEST(Runpod, knows_why_a_request_failed) {
  EXPECT_EQ(refusal_of(in_state("FAILED", R"(,"error":"CUDA out of memory")")),
            (Refusal{ErrorClass::worker_crash,
                     "the provider says that the request failed: CUDA out of memory"}));
  EXPECT_EQ(
      refusal_of(in_state(
          "FAILED",
          R"(,"error":"{\"error_type\": \"<class 'ValueError'>\", \"error_message\": \"bad width\", \"error_traceback\": \"nsfw.py line 3\"}")")),
      (Refusal{ErrorClass::worker_crash,
               "the provider says that the request failed: <class 'ValueError'>: bad width"}));
  EXPECT_EQ(refusal_of(in_state("FAILED", R"(,"output":{"error":"inner"})")).message,
            "the provider says that the request failed: inner");
  EXPECT_EQ(refusal_of(in_state("FAILED")).message, "the provider says that the request failed");
  for (const char *state : {"TIMED_OUT", "CANCELLED"})
    EXPECT_EQ(refusal_of(in_state(state)),
              (Refusal{ErrorClass::expired, "the provider says that the request is " +
                                                std::string(state) +
                                                ", by its policy or by somebody else"}));
}

TEST(Runpod, an_unknown_state_is_no_answer) {
  for (const char *state : {"CANCELED", "completed", "PAUSED", ""})
    EXPECT_EQ(refusal_of(in_state(state)),
              (Refusal{ErrorClass::bad_response, "the provider says that the request is \"" +
                                                     std::string(state) +
                                                     "\", which is no known state"}));
  EXPECT_EQ(refusal_of("[]").error_class, ErrorClass::bad_response);
  EXPECT_EQ(refusal_of("null").error_class, ErrorClass::bad_response);
}

TEST(Runpod, an_accepted_request_without_an_id_is_ambiguous) {
  for (const char *body : {R"({"status":"IN_QUEUE"})", R"({"id":7})", R"({"id":"../purge-queue"})",
                           R"({"id":"job)", "[]", "", "\"\""})
    EXPECT_EQ(HostedTalk(make_submit()).refusal_of(body).error_class, ErrorClass::ambiguous)
        << body;
}

TEST(Runpod, garbage_between_answers_is_borne_for_a_while) {
  HostedTalk talk(resumed());
  for (int i = 0; i < 3; ++i)
    EXPECT_GT(talk.pause_after(R"({"id":"job-1-u1","status":"COMPL)"), milliseconds(0));
  EXPECT_EQ(talk.refusal_of("{").error_class, ErrorClass::bad_response);
}

TEST(Runpod, an_unknown_request_has_expired) {
  EXPECT_EQ(HostedTalk(resumed()).explained(404, R"({"error":"job not found"})").error_class(),
            ErrorClass::expired);
  EXPECT_EQ(HostedTalk(make_submit()).explained(404, "").error_class(), ErrorClass::invalid_input);
  HostedTalk talk(resumed());
  talk.pause_after(completed(R"("https://b.s3.example/a.png")"));
  EXPECT_EQ(talk.explained(403, "<Error>").error_class(), ErrorClass::expired);
}

TEST(Runpod, explains_the_errors_of_a_submission) {
  auto const explained = [](long status, const char *body) {
    AttemptError const error = HostedTalk(make_submit()).explained(status, body);
    return Refusal{error.error_class(), error.message()};
  };
  EXPECT_EQ(explained(401, ""), (Refusal{ErrorClass::auth, "the provider answers 401"}));
  EXPECT_EQ(explained(400, R"({"error":"input is missing"})"),
            (Refusal{ErrorClass::invalid_input, "the provider answers 400: input is missing"}));
  EXPECT_EQ(explained(429, R"({"error":"too many requests"})").error_class, ErrorClass::throttled);
  EXPECT_EQ(explained(500, "boom"), (Refusal{ErrorClass::overload, "the provider answers 500"}));
  EXPECT_EQ(explained(402, "").error_class, ErrorClass::payment);
  EXPECT_EQ(explained(413, "").error_class, ErrorClass::invalid_input);
}

}  // namespace
