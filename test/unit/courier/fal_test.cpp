// fal_test.cpp -- the queue of fal as its documents tell.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "hosted_talk.hpp"
#include "sample_media.hpp"

namespace {

using courier::AttemptError;
using courier::HttpRequest;
using courier::LookupAnswer;
using courier::Method;
using courier::Result;
using nlohmann::json;
using std::chrono::milliseconds;
using test::HostedTalk;
using test::Refusal;
using wire::ErrorClass;

wire::Submit make_submit(const std::string &model = "fal-ai/flux/dev") {
  wire::Submit submit;
  submit.adapter = "fal";
  submit.url = "https://queue.fal.run";
  submit.model = model;
  submit.parameters = R"({"prompt":"a pear"})";
  submit.max_output_bytes = 1 << 20;
  submit.total_timeout_ms = 90500;
  return submit;
}

wire::Submit resumed() {
  wire::Submit submit = make_submit();
  submit.external_id = "r-1";
  return submit;
}

const std::string queued = R"({"status":"IN_QUEUE","request_id":"r-1","queue_position":2})";
const std::string completed =
    R"({"status":"COMPLETED","request_id":"r-1","metrics":{"inference_time":1.25}})";

// One whose result is asked for.
HostedTalk at_its_result(const wire::Submit &submit = resumed()) {
  HostedTalk talk(submit);
  EXPECT_EQ(talk.pause_after(completed), milliseconds(0));
  return talk;
}

json body_of(const wire::Submit &submit) { return json::parse(HostedTalk(submit).request().body); }

std::string refusal_to_make(const wire::Submit &submit) {
  try {
    HostedTalk(submit).request();
  } catch (const AttemptError &error) {
    EXPECT_EQ(error.error_class(), ErrorClass::invalid_input);
    return error.message();
  }
  return "made";
}

// What an answer other than 2xx means, with these headers.
Refusal explained(courier::Adapter &adapter, long status, const std::string &body,
                  const std::map<std::string, std::string> &headers = {}) {
  courier::ResponseHead head;
  head.status = status;
  head.header = [&headers](const char *name) {
    auto const found = headers.find(name);
    return found == headers.end() ? std::nullopt : std::optional(found->second);
  };
  try {
    AttemptError const error = adapter.explain(head, body);
    return {error.error_class(), error.message()};
  } catch (const LookupAnswer &answer) {
    EXPECT_EQ(answer.state, wire::RequestState::failed);
    return {answer.error_class(), "final: " + answer.message()};
  }
}

TEST(Fal, puts_a_request_into_the_queue) {
  HttpRequest const request = HostedTalk(make_submit()).request();
  EXPECT_EQ(request.method, Method::post);
  EXPECT_EQ(request.path, "/fal-ai/flux/dev");
  EXPECT_EQ(request.query, "");
  EXPECT_EQ(request.body, R"({"prompt":"a pear"})");
  EXPECT_TRUE(test::has_header(request, "X-Fal-Request-Timeout: 91"));
  EXPECT_TRUE(test::has_header(request, "X-Fal-No-Retry: 1"));
}

TEST(Fal, speaks_of_parameters_as_models_there_do) {
  wire::Submit submit = make_submit();
  submit.parameters =
      R"({"prompt":"p","n":2,"steps":4,"guidance":3.5,"width":640,"height":480,"loras":[{"path":"x"}]})";
  EXPECT_EQ(
      body_of(submit),
      json::parse(R"({"prompt":"p","num_images":2,"num_inference_steps":4,"guidance_scale":3.5,)"
                  R"("image_size":{"width":640,"height":480},"loras":[{"path":"x"}]})"));
  submit.options = R"({"image_size":false,"rename":{"n":"n"}})";
  EXPECT_EQ(body_of(submit).at("width"), 640);
  EXPECT_EQ(body_of(submit).at("n"), 2);
  submit.options = "";
  submit.parameters = R"({"image_size":"square","width":1,"height":1})";
  EXPECT_EQ(body_of(submit).at("image_size"), "square");
}

TEST(Fal, has_options_for_the_queue) {
  wire::Submit submit = make_submit();
  submit.webhook_url = "https://h/hook?job=1&x=y";
  submit.options =
      R"({"max_queue_length":7,"priority":"low","runner_hint":"lora-1","store_io":false,"files_expire_after_s":3600})";
  HttpRequest const request = HostedTalk(submit).request();
  EXPECT_EQ(request.query,
            "fal_webhook=https%3A%2F%2Fh%2Fhook%3Fjob%3D1%26x%3Dy&fal_max_queue_length=7");
  for (const char *line :
       {"X-Fal-Queue-Priority: low", "X-Fal-Runner-Hint: lora-1", "X-Fal-Store-IO: 0",
        R"(X-Fal-Object-Lifecycle-Preference: {"expiration_duration_seconds":3600})"})
    EXPECT_TRUE(test::has_header(request, line)) << line;
  submit.webhook_url = "http://h/hook";
  EXPECT_EQ(HostedTalk(submit).request().query, "fal_max_queue_length=7");
  for (const char *options :
       {R"({"priority":"high"})", R"({"runner_hint":"a b"})", R"({"runner_hint":"a/b"})",
        R"({"max_queue_length":0})", R"({"prority":"low"})", "[]"}) {
    submit.options = options;
    EXPECT_TRUE(refusal_to_make(submit).starts_with("adapter_options of")) << options;
  }
}

TEST(Fal, refuses_names_that_lead_nowhere) {
  for (const char *model : {"", "flux", "fal-ai/", "/flux", "a//b", "a/../b", "a/b?c",
                            "workflows/a", "comfy/a", "a/b c"})
    EXPECT_TRUE(
        refusal_to_make(make_submit(model)).ends_with("is neither owner/app nor owner/app/path"))
        << model;
}

TEST(Fal, submits_asks_and_fetches) {
  HostedTalk talk(make_submit());
  talk.request();
  EXPECT_FALSE(talk.adapter().cancel_request());
  EXPECT_GE(talk.pause_after(queued), milliseconds(1800));
  EXPECT_EQ(talk.adapter().external_id(), "r-1");
  HttpRequest request = talk.request();
  EXPECT_EQ(request.method, Method::get);
  EXPECT_EQ(request.path, "/fal-ai/flux/requests/r-1/status") << "without the path of the model";
  EXPECT_EQ(request.query, "logs=1") << "for the progress that they tell";
  talk.pause_after(
      R"({"status":"IN_PROGRESS","logs":[{"message":" 30%|###   | 3/10","level":"INFO"}]})");
  EXPECT_DOUBLE_EQ(talk.adapter().progress(), 0.3);
  EXPECT_EQ(talk.pause_after(completed), milliseconds(0));
  request = talk.request();
  EXPECT_EQ(request.method, Method::get);
  EXPECT_EQ(request.path, "/fal-ai/flux/requests/r-1");
  EXPECT_EQ(
      talk.pause_after(
          R"({"images":[{"url":"https://v3.fal.media/files/a.jpg","content_type":"image/jpeg","width":3,"height":3}],)"
          R"("seed":42,"timings":{"inference":0.5},"has_nsfw_concepts":[false],"prompt":"a pear"})"),
      milliseconds(0));
  request = talk.request();
  EXPECT_EQ(request.url, "https://v3.fal.media/files/a.jpg");
  EXPECT_TRUE(request.without_credential);
  Result const result = talk.result_of(test::read_corpus("media/still.jpg"));
  ASSERT_EQ(result.outputs.size(), 1U);
  EXPECT_EQ(result.outputs[0].seed, 42);
  EXPECT_EQ(result.result, "");
  EXPECT_EQ(
      json::parse(result.metadata),
      json::parse(R"({"request_id":"r-1","metrics":{"inference_time":1.25},"seed":42,)"
                  R"("timings":{"inference":0.5},"has_nsfw_concepts":[false],"prompt":"a pear"})"));
}

TEST(Fal, asks_where_the_answer_says_if_that_is_at_the_endpoint) {
  HostedTalk talk(make_submit());
  talk.pause_after(
      R"({"request_id":"r-1","status":"IN_QUEUE","status_url":"https://queue.fal.run/x/y/requests/r-1/status?a=1",)"
      R"("response_url":"https://queue.fal.run/x/y/requests/r-1/response","cancel_url":"https://queue.fal.run/x/stop"})");
  EXPECT_EQ(talk.request().path, "/x/y/requests/r-1/status");
  EXPECT_EQ(talk.request().query, "a=1&logs=1");
  EXPECT_EQ(talk.adapter().cancel_request()->path, "/x/stop");
  talk.pause_after(completed);
  EXPECT_EQ(talk.request().path, "/x/y/requests/r-1/response");

  HostedTalk astray(make_submit());
  astray.pause_after(
      R"({"request_id":"r-1","status":"IN_QUEUE","status_url":"https://evil.example/status",)"
      R"("response_url":"https://queue.fal.run.evil.example/r","cancel_url":"https://queue.fal.run/../x"})");
  EXPECT_EQ(astray.request().path, "/fal-ai/flux/requests/r-1/status");
  EXPECT_EQ(astray.request().url, "");
  EXPECT_EQ(astray.adapter().cancel_request()->path, "/fal-ai/flux/requests/r-1/cancel");
  astray.pause_after(completed);
  EXPECT_EQ(astray.request().path, "/fal-ai/flux/requests/r-1");
}

TEST(Fal, begins_with_the_question_when_the_request_is_known) {
  EXPECT_EQ(HostedTalk(resumed()).request().path, "/fal-ai/flux/requests/r-1/status");
  wire::Submit submit = make_submit("workflows/me/mine/fast");
  submit.external_id = "r-2";
  EXPECT_EQ(HostedTalk(submit).request().path, "/workflows/me/mine/requests/r-2/status");
  submit = make_submit("owner/app");
  submit.external_id = "r-3";
  EXPECT_EQ(HostedTalk(submit).request().path, "/owner/app/requests/r-3/status");
  EXPECT_EQ(at_its_result().result_of(R"({"text":"hi"})").result, R"({"text":"hi"})");
}

TEST(Fal, is_told_to_stop_by_a_request) {
  HostedTalk talk(make_submit());
  EXPECT_TRUE(talk.adapter().outlives_connection());
  talk.pause_after(R"({"request_id":"r-1"})");
  auto const request = talk.adapter().cancel_request();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, Method::put);
  EXPECT_EQ(request->path, "/fal-ai/flux/requests/r-1/cancel");
}

TEST(Fal, asks_every_ten_seconds_in_the_end) {
  HostedTalk talk(resumed());
  milliseconds last(0);
  for (int i = 0; i < 30; ++i)
    last = talk.pause_after(queued);
  EXPECT_GE(last, milliseconds(9000));
  EXPECT_LE(last, milliseconds(11000));
}

TEST(Fal, takes_files_as_data_urls_as_links_and_as_lists_of_links) {
  std::string const picture = test::make_png(20, 20);
  Result result = at_its_result().result_of(
      R"({"images":[{"url":"data:image/png;base64,)" + test::to_base64(picture) +
      R"(","content_type":"image/png"}],"seed":18446744073709551615})");
  ASSERT_EQ(result.outputs.size(), 1U);
  EXPECT_EQ(test::contents(result.outputs[0]), picture);
  EXPECT_EQ(result.outputs[0].seed, -1) << "no bigint";
  EXPECT_EQ(result.result, "");
  for (
      const char *body :
      {R"({"video":{"url":"https://v3.fal.media/x","content_type":"video/mp4","file_size":9}})",
       R"({"images":["https://v3b.fal.media/x.png"]})",
       R"({"image":{"url":"https://elsewhere.example/x.png","content_type":null}})",
       R"({"image":{"url":"https://elsewhere.example/x.png","content_type":"application/octet-stream"}})"}) {
    HostedTalk talk = at_its_result();
    EXPECT_EQ(talk.pause_after(body), milliseconds(0)) << body;
    EXPECT_EQ(talk.result_of(picture).result, "");
  }
}

TEST(Fal, keeps_links_to_what_cannot_be_stored) {
  for (
      const char *body :
      {R"({"diffusers_lora_file":{"url":"https://v3.fal.media/l.safetensors","content_type":"application/octet-stream"}})",
       R"({"audio":{"url":"https://v3.fal.media/a.mp3","content_type":"audio/mpeg"}})",
       R"({"text":"https://example.org/x.png"})"})
    EXPECT_EQ(json::parse(at_its_result().result_of(body).result), json::parse(body)) << body;
}

TEST(Fal, a_result_of_another_shape_is_one_or_is_none) {
  EXPECT_EQ(at_its_result().result_of("[1]").result, "[1]");
  EXPECT_EQ(at_its_result().result_of(R"("text")").result, R"("text")");
  for (const char *body : {"{}", "null", "[]", R"("")"})
    EXPECT_EQ(at_its_result().refusal_of(body),
              (Refusal{ErrorClass::bad_response, "the request succeeded without an output"}));
}

TEST(Fal, a_failure_in_the_status_is_one) {
  auto const failed = [](const std::string &more) {
    return HostedTalk(resumed()).refusal_of(R"({"status":"COMPLETED",)" + more + "}");
  };
  EXPECT_EQ(failed(R"("error":"the runner is gone","error_type":"runner_disconnected")"),
            (Refusal{ErrorClass::worker_crash,
                     "the provider says that the request failed: the runner is gone"}));
  EXPECT_EQ(failed(R"("error_type":"startup_timeout")"),
            (Refusal{ErrorClass::worker_crash,
                     "the provider says that the request failed: startup_timeout"}));
  for (const char *type : {"request_timeout", "client_cancelled", "client_disconnected"})
    EXPECT_EQ(failed(R"("error":"x","error_type":")" + std::string(type) + "\"").error_class,
              ErrorClass::expired)
        << type;
  for (const char *type :
       {"runner_scheduling_failure", "runner_connection_timeout", "runner_connection_refused",
        "runner_connection_error", "runner_incomplete_response", "runner_server_error",
        "internal_error", "generation_timeout", "downstream_service_error"})
    EXPECT_EQ(failed(R"("error":"x","error_type":")" + std::string(type) + "\"").error_class,
              ErrorClass::worker_crash)
        << type;
  EXPECT_EQ(failed(R"("error":"x","error_type":"content_policy_violation")").error_class,
            ErrorClass::content_policy);
}

TEST(Fal, a_failure_of_an_unknown_type_is_told_by_the_result) {
  std::string const status = R"({"status":"COMPLETED","error":"Unprocessable","error_type":"odd"})";
  HostedTalk talk(resumed());
  EXPECT_EQ(talk.pause_after(status), milliseconds(0));
  EXPECT_EQ(
      explained(
          talk.adapter(), 422,
          R"({"detail":[{"loc":["body","image_url"],"msg":"too small","type":"image_too_small"}]})"),
      (Refusal{ErrorClass::invalid_input,
               "final: the model answers 422: body.image_url: too small"}));
  EXPECT_EQ(talk.refusal_of(R"({"images":[]})"),
            (Refusal{ErrorClass::worker_crash,
                     "the provider says that the request failed: Unprocessable"}));
}

TEST(Fal, an_unknown_state_is_no_answer) {
  for (const char *state : {"FAILED", "OK", "completed", ""})
    EXPECT_EQ(HostedTalk(resumed()).refusal_of(json{{"status", state}}.dump()),
              (Refusal{ErrorClass::bad_response, "the provider says that the request is \"" +
                                                     std::string(state) +
                                                     "\", which is no known state"}));
  for (const char *body : {"{}", "[]", "7"})
    EXPECT_EQ(HostedTalk(resumed()).refusal_of(body).error_class, ErrorClass::bad_response) << body;
}

TEST(Fal, an_accepted_request_without_an_id_is_ambiguous) {
  for (const char *body : {R"({"status":"IN_QUEUE"})", R"({"request_id":"a/b"})", "{", ""})
    EXPECT_EQ(HostedTalk(make_submit()).refusal_of(body).error_class, ErrorClass::ambiguous)
        << body;
}

TEST(Fal, garbage_between_answers_is_borne_for_a_while) {
  HostedTalk talk(resumed());
  for (int i = 0; i < 3; ++i)
    EXPECT_GT(talk.pause_after(R"({"status":"COMPL)"), milliseconds(0));
  talk.pause_after(completed);
  for (int i = 0; i < 3; ++i)
    EXPECT_GT(talk.pause_after(R"({"images":[)"), milliseconds(0));
  EXPECT_EQ(talk.refusal_of(R"({"images":[)").error_class, ErrorClass::bad_response);
}

TEST(Fal, the_answer_of_the_model_is_final_whatever_its_status) {
  HostedTalk talk = at_its_result();
  auto const final = [&talk](long status, const std::string &body,
                             const std::map<std::string, std::string> &headers = {}) {
    Refusal const refusal = explained(talk.adapter(), status, body, headers);
    EXPECT_TRUE(refusal.message.starts_with("final: ")) << refusal.message;
    return refusal.error_class;
  };
  EXPECT_EQ(
      final(
          422,
          R"({"detail":[{"loc":["body","prompt"],"msg":"flagged","type":"content_policy_violation"}]})"),
      ErrorClass::content_policy);
  EXPECT_EQ(final(422, R"({"detail":"odd input"})"), ErrorClass::invalid_input);
  EXPECT_EQ(final(500, R"({"detail":[{"msg":"boom","type":"internal_server_error"}]})"),
            ErrorClass::worker_crash);
  EXPECT_EQ(final(503, R"({"detail":"gone","error_type":"runner_disconnected"})"),
            ErrorClass::worker_crash);
  EXPECT_EQ(final(504, R"({"detail":"late","error_type":"request_timeout"})"), ErrorClass::expired);
  EXPECT_EQ(final(500, R"({"detail":"boom"})"), ErrorClass::worker_crash);
  EXPECT_EQ(final(500, R"({"detail":"boom"})", {{"X-Fal-Retryable", "false"}}),
            ErrorClass::invalid_input);
  EXPECT_EQ(final(422, R"({"detail":"boom"})", {{"X-Fal-Retryable", "true"}}),
            ErrorClass::worker_crash);
  EXPECT_EQ(final(504, R"({"detail":"late"})", {{"X-Fal-Error-Type", "request_timeout"}}),
            ErrorClass::expired);
}

TEST(Fal, trouble_with_asking_is_no_failure_of_the_request) {
  HostedTalk at_result = at_its_result();
  EXPECT_EQ(explained(at_result.adapter(), 502, "<html>"),
            (Refusal{ErrorClass::overload, "the provider answers 502"}));
  EXPECT_EQ(explained(at_result.adapter(), 401, R"({"detail":"no"})"),
            (Refusal{ErrorClass::auth, "the provider answers 401: no"}));
  HostedTalk asking(resumed());
  EXPECT_EQ(explained(asking.adapter(), 500, R"({"detail":"x"})").error_class,
            ErrorClass::overload);
  for (HostedTalk *const talk : {&at_result, &asking})
    EXPECT_EQ(explained(talk->adapter(), 404, R"({"detail":"Request not found"})").error_class,
              ErrorClass::expired);
}

TEST(Fal, explains_the_errors_of_a_submission) {
  HostedTalk talk(make_submit());
  auto const explain = [&talk](long status, const std::string &body,
                               const std::map<std::string, std::string> &headers = {}) {
    return explained(talk.adapter(), status, body, headers);
  };
  EXPECT_EQ(explain(401, R"({"detail":"Invalid key"})"),
            (Refusal{ErrorClass::auth, "the provider answers 401: Invalid key"}));
  EXPECT_EQ(explain(403, R"({"detail":"User is locked. Reason: Exhausted balance."})").error_class,
            ErrorClass::payment);
  EXPECT_EQ(explain(402, "").error_class, ErrorClass::payment);
  EXPECT_EQ(explain(429, R"({"detail":"queue is full"})").error_class, ErrorClass::throttled);
  EXPECT_EQ(explain(404, R"({"detail":"no such app"})").error_class, ErrorClass::invalid_input);
  EXPECT_EQ(
      explain(422, R"({"detail":[{"loc":["body","steps"],"msg":"too many","type":"value_error"},)"
                   R"({"loc":["body",0],"msg":"odd"}]})"),
      (Refusal{ErrorClass::invalid_input,
               "the provider answers 422: body.steps: too many; body.0: odd"}));
  EXPECT_EQ(
      explain(422, R"({"detail":[{"msg":"no","type":"content_policy_violation"}]})").error_class,
      ErrorClass::content_policy);
  EXPECT_EQ(explain(422, R"({"detail":[7,null,[]]})").error_class, ErrorClass::invalid_input);
  EXPECT_EQ(explain(502, "<html>").error_class, ErrorClass::overload) << "the app never saw it";
  EXPECT_EQ(explain(500, "", {{"x-fal-request-id", "u"}}).error_class, ErrorClass::ambiguous);
}

}  // namespace
