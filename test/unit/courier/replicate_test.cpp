// replicate_test.cpp -- predictions, deployments and trainings as Replicate's API documents them.
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

const std::string version(64, 'a');

wire::Submit make_submit(const std::string &model = "black-forest-labs/flux-schnell") {
  wire::Submit submit;
  submit.adapter = "replicate";
  submit.url = "https://api.replicate.com/v1";
  submit.model = model;
  submit.parameters = R"({"prompt":"a pear","seed":7,"image":null})";
  submit.max_output_bytes = 1 << 20;
  submit.total_timeout_ms = 90500;
  return submit;
}

wire::Submit resumed() {
  wire::Submit submit = make_submit();
  submit.external_id = "p1";
  return submit;
}

std::string in_state(const std::string &state, const std::string &more = "") {
  return R"({"id":"p1","status":")" + state + "\"" + more + "}";
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

TEST(Replicate, asks_an_official_model_by_its_name) {
  HttpRequest const request = HostedTalk(make_submit()).request();
  EXPECT_EQ(request.method, Method::post);
  EXPECT_EQ(request.path, "/models/black-forest-labs/flux-schnell/predictions");
  EXPECT_EQ(json::parse(request.body), json::parse(R"({"input":{"prompt":"a pear","seed":7}})"));
  EXPECT_TRUE(test::has_header(request, "Content-Type: application/json"));
}

TEST(Replicate, asks_a_version_a_deployment_and_a_trainer) {
  HttpRequest request = HostedTalk(make_submit(version)).request();
  EXPECT_EQ(request.path, "/predictions");
  EXPECT_EQ(json::parse(request.body).at("version"), version);
  request = HostedTalk(make_submit("owner/model:" + version)).request();
  EXPECT_EQ(request.path, "/predictions");
  EXPECT_EQ(json::parse(request.body).at("version"), "owner/model:" + version);
  request = HostedTalk(make_submit("deployments/owner/app")).request();
  EXPECT_EQ(request.path, "/deployments/owner/app/predictions");
  EXPECT_FALSE(json::parse(request.body).contains("version"));

  wire::Submit training = make_submit("trainings/ostris/flux-lora:" + version);
  training.parameters = R"({"input_images":"https://h/i.zip","destination":"me/mine"})";
  request = HostedTalk(training).request();
  EXPECT_EQ(request.path, "/models/ostris/flux-lora/versions/" + version + "/trainings");
  EXPECT_EQ(json::parse(request.body),
            json::parse(R"({"destination":"me/mine","input":{"input_images":"https://h/i.zip"}})"));
}

TEST(Replicate, refuses_names_that_lead_nowhere) {
  for (const char *model :
       {"", "flux", "a/b/c", "../b", "a/b?c", "a/b:", "a/b:c/d", "deployments/a",
        "deployments/a/b:c", "trainings/a/b", "a//b", "/a", "a/"})
    EXPECT_NE(refusal_to_make(make_submit(model)).find("is neither owner/name"), std::string::npos)
        << model;
  EXPECT_EQ(refusal_to_make(make_submit("trainings/a/b:c")),
            "a training needs the parameter destination: owner/name of a model");
}

TEST(Replicate, sets_a_deadline_of_the_attempts_length_and_does_not_wait) {
  HttpRequest request = HostedTalk(make_submit()).request();
  EXPECT_TRUE(test::has_header(request, "Cancel-After: 91s"));
  for (const std::string &header : request.headers)
    EXPECT_FALSE(header.starts_with("Prefer")) << header;
  wire::Submit submit = make_submit();
  submit.total_timeout_ms = 10;
  EXPECT_TRUE(test::has_header(HostedTalk(submit).request(), "Cancel-After: 5s"));
}

TEST(Replicate, asks_for_a_report_over_https_only) {
  wire::Submit submit = make_submit();
  submit.webhook_url = "https://h/hook";
  EXPECT_EQ(body_of(submit).at("webhook"), "https://h/hook");
  EXPECT_EQ(body_of(submit).at("webhook_events_filter"), json::parse(R"(["completed"])"));
  submit.webhook_url = "http://h/hook";
  EXPECT_FALSE(body_of(submit).contains("webhook"));
  EXPECT_FALSE(body_of(submit).contains("webhook_events_filter"));
}

TEST(Replicate, speaks_of_parameters_as_models_there_do) {
  wire::Submit submit = make_submit();
  submit.parameters = R"({"prompt":"p","n":3,"steps":4,"guidance":5,"odd":[1]})";
  EXPECT_EQ(
      body_of(submit).at("input"),
      json::parse(
          R"({"prompt":"p","num_outputs":3,"num_inference_steps":4,"guidance_scale":5,"odd":[1]})"));
  submit.options = R"({"rename":{"guidance":"guidance"}})";
  EXPECT_EQ(body_of(submit).at("input").at("guidance"), 5);
  submit.options = R"({"input":{"text":"{parameters.prompt}","x":"{parameters.absent}"}})";
  EXPECT_EQ(body_of(submit).at("input"), json::parse(R"({"text":"p"})"));
}

TEST(Replicate, takes_data_urls_up_to_their_limit) {
  wire::Submit submit = make_submit();
  std::string const longest = "data:" + std::string((256 << 10) - 5, 'x');
  submit.parameters = json{{"images", {longest}}}.dump();
  EXPECT_EQ(refusal_to_make(submit), "made");
  submit.parameters = json{{"images", {longest + "x"}}}.dump();
  EXPECT_EQ(refusal_to_make(submit),
            "input.images[0] is a data: URL of 262145 bytes; Replicate takes 262144, larger files "
            "need an https URL");
  submit.parameters = json{{"text", std::string(300000, 'x')}}.dump();
  EXPECT_EQ(refusal_to_make(submit), "made");
}

TEST(Replicate, refuses_options_and_parameters_that_make_no_sense) {
  wire::Submit submit = make_submit();
  for (const char *options :
       {"[]", "nonsense", R"({"paht":"/"})", R"({"rename":[]})", R"({"rename":{"a":1}})",
        R"({"max_outputs":0})", R"({"links":"all"})", R"({"join_text":1})"}) {
    submit.options = options;
    EXPECT_TRUE(
        refusal_to_make(submit).starts_with("adapter_options of the provider or the model: "))
        << options;
  }
  submit.options = "{}";
  submit.parameters = "[]";
  EXPECT_EQ(refusal_to_make(submit), "the parameters are not a JSON object");
}

TEST(Replicate, submits_asks_and_fetches) {
  HostedTalk talk(make_submit());
  talk.request();
  EXPECT_EQ(talk.adapter().external_id(), "");
  EXPECT_FALSE(talk.adapter().cancel_request());
  EXPECT_GT(talk.pause_after(in_state("starting")), milliseconds(0));
  EXPECT_EQ(talk.adapter().external_id(), "p1");

  HttpRequest request = talk.request();
  EXPECT_EQ(request.method, Method::get);
  EXPECT_EQ(request.path, "/predictions/p1");
  EXPECT_EQ(request.body, "");
  EXPECT_LT(talk.adapter().progress(), 0);
  talk.pause_after(in_state(
      "processing", R"(,"logs":" 10%|#  | 2/20\n 45%|####5     | 9/20 [00:01<00:01]\nsaving")"));
  EXPECT_DOUBLE_EQ(talk.adapter().progress(), 0.45);

  std::string const place = "https://pbxt.replicate.delivery/x/out-0.png";
  EXPECT_EQ(talk.pause_after(in_state(
                "succeeded", R"(,"output":[")" + place +
                                 R"("],"input":{"prompt":"https://replicate.delivery/in.png"},)"
                                 R"("metrics":{"predict_time":1.5,"image_count":1},)"
                                 R"("logs":"Using seed: 4242\n","version":"hidden")")),
            milliseconds(0));
  request = talk.request();
  EXPECT_EQ(request.url, place);
  EXPECT_EQ(request.trusted_hosts.at(0), "replicate.delivery");
  EXPECT_FALSE(talk.adapter().cancel_request()) << "there is nothing left to stop";
  std::string const picture = test::make_png(5, 7);
  Result const result = talk.result_of(picture);
  ASSERT_EQ(result.outputs.size(), 1U);
  EXPECT_EQ(test::contents(result.outputs[0]), picture);
  EXPECT_EQ(result.outputs[0].seed, 4242);
  EXPECT_EQ(result.result, "");
  EXPECT_EQ(json::parse(result.metadata),
            json::parse(R"({"id":"p1","version":"hidden","seed":4242,)"
                        R"("metrics":{"predict_time":1.5,"image_count":1}})"));
}

TEST(Replicate, begins_with_the_question_when_the_request_is_known) {
  HostedTalk talk(resumed());
  EXPECT_EQ(talk.adapter().external_id(), "p1");
  EXPECT_EQ(talk.request().path, "/predictions/p1");
  EXPECT_EQ(talk.result_of(in_state("succeeded", R"(,"output":"text")")).result, R"("text")");

  wire::Submit training = make_submit("trainings/a/b:c");
  training.external_id = "t1";
  HostedTalk of_training(training);
  EXPECT_EQ(of_training.request().path, "/trainings/t1");
  EXPECT_EQ(of_training.adapter().cancel_request()->path, "/trainings/t1/cancel");
}

TEST(Replicate, is_told_to_stop_by_a_request) {
  HostedTalk talk(make_submit());
  EXPECT_TRUE(talk.adapter().outlives_connection());
  talk.pause_after(in_state("starting"));
  auto const request = talk.adapter().cancel_request();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, Method::post);
  EXPECT_EQ(request->path, "/predictions/p1/cancel");
}

TEST(Replicate, asks_less_and_less_often_and_anew_when_it_begins) {
  HostedTalk talk(make_submit());
  milliseconds last(0);
  for (int i = 0; i < 30; ++i)
    last = talk.pause_after(in_state("starting"));
  EXPECT_GE(last, milliseconds(13500));
  EXPECT_LE(last, milliseconds(16500));
  EXPECT_LE(talk.pause_after(in_state("processing")), milliseconds(1100));
  wire::Submit submit = make_submit();
  submit.webhook_url = "https://h/hook";
  EXPECT_GE(HostedTalk(submit).pause_after(in_state("starting")), milliseconds(3600));
}

Result result_of_output(const std::string &output, const std::string &options = "") {
  wire::Submit submit = resumed();
  submit.options = options;
  HostedTalk talk(submit);
  return talk.result_of(in_state("succeeded", R"(,"output":)" + output));
}

TEST(Replicate, joins_the_text_of_language_models) {
  EXPECT_EQ(result_of_output(R"(["An"," ap","ple\n"])").result, R"("An apple\n")");
  EXPECT_EQ(result_of_output(R"(["See ","https://example.org/x.png"])").result,
            R"("See https://example.org/x.png")");
  EXPECT_EQ(result_of_output(R"(["a","b"])", R"({"join_text":false})").result, R"(["a","b"])");
  EXPECT_EQ(result_of_output(R"({"score":0.5,"tags":["a"]})").result,
            R"({"score":0.5,"tags":["a"]})");
  EXPECT_EQ(result_of_output("false").result, "false");
  EXPECT_EQ(json::parse(result_of_output(R"("a\u0000b")").result),
            "a\uFFFD"
            "b");
}

TEST(Replicate, keeps_links_to_what_cannot_be_stored) {
  std::string const weights =
      R"({"version":"me/mine:1","weights":"https://replicate.delivery/w.tar"})";
  EXPECT_EQ(json::parse(result_of_output(weights).result), json::parse(weights));
  std::string const links =
      R"(["https://replicate.delivery/a.wav","https://replicate.delivery/b.wav"])";
  EXPECT_EQ(json::parse(result_of_output(links).result), json::parse(links));
  std::string const elsewhere = R"({"page":"https://example.org/a.png"})";
  EXPECT_EQ(json::parse(result_of_output(elsewhere).result), json::parse(elsewhere));
  std::string const user = R"({"page":"https://me@replicate.delivery/a.png"})";
  EXPECT_EQ(json::parse(result_of_output(user).result), json::parse(user));
  std::string const other = R"({"page":"https://notreplicate.delivery/a.png"})";
  EXPECT_EQ(json::parse(result_of_output(other).result), json::parse(other));
  std::string const kept = R"("https://replicate.delivery/a.png")";
  EXPECT_EQ(result_of_output(kept, R"({"links":"keep"})").result, kept);
}

TEST(Replicate, takes_files_and_what_is_beside_them) {
  HostedTalk talk(resumed());
  talk.pause_after(in_state(
      "succeeded",
      R"(,"output":{"video":"https://api.replicate.com/v1/files/f1","first":"https://a.replicate.delivery/1.jpg",)"
      R"("caption":"a pear","mask":null,"seed":11})"));
  EXPECT_EQ(talk.request().url, "https://a.replicate.delivery/1.jpg");
  EXPECT_EQ(talk.pause_after(test::make_png(3, 3)), milliseconds(0));
  EXPECT_EQ(talk.request().url, "https://api.replicate.com/v1/files/f1");
  Result const result = talk.result_of(test::read_corpus("media/film.mp4"));
  ASSERT_EQ(result.outputs.size(), 2U);
  EXPECT_EQ(result.outputs[0].index, 0U);
  EXPECT_EQ(result.outputs[1].index, 1U);
  EXPECT_EQ(result.outputs[1].media_type, "video/mp4");
  EXPECT_EQ(result.outputs[1].seed, 11);
  EXPECT_EQ(json::parse(result.result), json::parse(R"({"caption":"a pear","mask":null})"));
}

TEST(Replicate, takes_no_more_files_than_were_bargained_for) {
  wire::Submit submit = resumed();
  submit.options = R"({"max_outputs":1})";
  HostedTalk talk(submit);
  EXPECT_EQ(talk.adapter().max_outputs(), 1U);
  talk.pause_after(in_state(
      "succeeded",
      R"(,"output":["https://replicate.delivery/1.png","https://replicate.delivery/2.png"])"));
  Result const result = talk.result_of(test::make_png(3, 3));
  EXPECT_EQ(result.outputs.size(), 1U);
  EXPECT_EQ(result.result, R"(["https://replicate.delivery/2.png"])");
  submit.parameters = R"({"n":20})";
  EXPECT_EQ(HostedTalk(submit).adapter().max_outputs(), 20U);
  submit.parameters = R"({"n":2000})";
  EXPECT_EQ(HostedTalk(submit).adapter().max_outputs(), 64U);
}

TEST(Replicate, tells_a_removed_output_from_one_that_never_was) {
  EXPECT_EQ(HostedTalk(resumed()).refusal_of(
                in_state("succeeded", R"(,"output":null,"data_removed":true)")),
            (Refusal{ErrorClass::expired, "the provider has removed the output"}));
  for (const char *output : {"", R"(,"output":null)", R"(,"output":[])", R"(,"output":"")"})
    EXPECT_EQ(HostedTalk(resumed()).refusal_of(in_state("succeeded", output)),
              (Refusal{ErrorClass::bad_response, "the request succeeded without an output"}));
}

TEST(Replicate, an_output_that_is_gone_has_expired) {
  HostedTalk talk(resumed());
  talk.pause_after(in_state("succeeded", R"(,"output":"https://replicate.delivery/1.png")"));
  for (long const status : {403L, 404L, 410L})
    EXPECT_EQ(talk.explained(status, "").error_class(), ErrorClass::expired) << status;
  EXPECT_EQ(talk.explained(500, "").error_class(), ErrorClass::overload);
}

TEST(Replicate, knows_why_a_request_failed) {
  auto const failed = [](const std::string &error) {
    return HostedTalk(resumed()).refusal_of(in_state("failed", R"(,"error":)" + error));
  };
  EXPECT_EQ(failed(R"("CUDA out of memory")"),
            (Refusal{ErrorClass::worker_crash,
                     "the provider says that the request failed: CUDA out of memory"}));
  EXPECT_EQ(failed("\"Prediction interrupted; please retry (code: PA)\"").error_class,
            ErrorClass::worker_crash);
  EXPECT_EQ(failed("null"),
            (Refusal{ErrorClass::worker_crash, "the provider says that the request failed"}));
  EXPECT_EQ(failed(R"("NSFW content detected. Try running it again")").error_class,
            ErrorClass::content_policy);
  EXPECT_EQ(failed("\"The input or output was flagged as sensitive. (E005)\"").error_class,
            ErrorClass::content_policy);
  EXPECT_EQ(failed(R"("Insufficient credit")").error_class, ErrorClass::payment);
  EXPECT_EQ(failed(R"({"detail":"x"})").message, "the provider says that the request failed: x");
}

TEST(Replicate, what_was_stopped_is_not_tried_again) {
  for (const char *state : {"canceled", "aborted"}) {
    EXPECT_EQ(HostedTalk(resumed()).refusal_of(in_state(state)),
              (Refusal{ErrorClass::expired, "the provider says that the request was " +
                                                std::string(state) +
                                                ", at its deadline or by somebody else"}));
  }
}

TEST(Replicate, an_unknown_state_is_no_answer) {
  for (const char *state : {"cancelled", "paused", "SUCCEEDED", ""})
    EXPECT_EQ(HostedTalk(resumed()).refusal_of(in_state(state)),
              (Refusal{ErrorClass::bad_response, "the provider says that the request is \"" +
                                                     std::string(state) +
                                                     "\", which is no known state"}));
  EXPECT_EQ(HostedTalk(resumed()).refusal_of("[]").error_class, ErrorClass::bad_response);
  EXPECT_EQ(HostedTalk(resumed()).refusal_of(R"({"status":5})").error_class,
            ErrorClass::bad_response);
}

TEST(Replicate, an_accepted_request_without_an_id_is_ambiguous) {
  EXPECT_EQ(
      HostedTalk(make_submit()).refusal_of(R"({"status":"starting"})"),
      (Refusal{ErrorClass::ambiguous, "the provider took the request, but its answer has no id"}));
  EXPECT_EQ(HostedTalk(make_submit()).refusal_of(R"({"id":"p1","sta)").error_class,
            ErrorClass::ambiguous);
  EXPECT_EQ(HostedTalk(make_submit()).refusal_of("<html>", "text/html"),
            (Refusal{ErrorClass::ambiguous,
                     "the provider took the request, but the provider answers with text/html "
                     "instead of JSON"}));
  for (const char *id : {"", "../x", "a/b", "a?b", "a b", ".."})
    EXPECT_EQ(HostedTalk(make_submit()).refusal_of(json{{"id", id}}.dump()).error_class,
              ErrorClass::ambiguous)
        << id;
}

TEST(Replicate, garbage_between_answers_is_borne_for_a_while) {
  HostedTalk talk(resumed());
  for (int i = 0; i < 3; ++i)
    EXPECT_GT(talk.pause_after(R"({"id":"p1","status":"succ)"), milliseconds(0));
  talk.pause_after(in_state("processing"));
  for (int i = 0; i < 3; ++i)
    EXPECT_GT(talk.pause_after("<html>"), milliseconds(0));
  EXPECT_EQ(talk.refusal_of("<html>").error_class, ErrorClass::bad_response);

  wire::Submit lookup = resumed();
  lookup.purpose = wire::Purpose::lookup;
  EXPECT_EQ(HostedTalk(lookup).refusal_of("{").error_class, ErrorClass::bad_response);
}

TEST(Replicate, a_repeated_answer_begins_anew) {
  HostedTalk talk(resumed());
  talk.adapter().begin_response({200, "application/json", false});
  talk.adapter().consume(R"({"id":"p1","status":"fai)");
  EXPECT_EQ(talk.result_of(in_state("succeeded", R"(,"output":"x")")).result, R"("x")");
}

TEST(Replicate, bears_large_inputs_and_logs_but_no_endless_text) {
  std::string const much(3 << 20, 'x');
  EXPECT_EQ(HostedTalk(resumed())
                .result_of(in_state("succeeded", R"(,"input":{"i":")" + much + R"("},"logs":")" +
                                                     much + R"(","output":"x")"))
                .result,
            R"("x")");
  EXPECT_EQ(HostedTalk(resumed())
                .refusal_of(in_state("succeeded", R"(,"output":")" + much + "\""))
                .error_class,
            ErrorClass::too_large);
}

TEST(Replicate, explains_the_errors_of_a_submission) {
  HostedTalk talk(make_submit());
  auto const explained = [&talk](long status, const char *body) {
    AttemptError const error = talk.explained(status, body);
    return Refusal{error.error_class(), error.message()};
  };
  EXPECT_EQ(
      explained(401, R"({"title":"Unauthenticated","detail":"No valid token","status":401})"),
      (Refusal{ErrorClass::auth, "the provider answers 401: Unauthenticated: No valid token"}));
  EXPECT_EQ(
      explained(402, R"({"title":"Insufficient credit","detail":"Top up","status":402})"),
      (Refusal{ErrorClass::payment, "the provider answers 402: Insufficient credit: Top up"}));
  EXPECT_EQ(explained(422, R"({"detail":"- input.width: must be <= 1440","status":422})"),
            (Refusal{ErrorClass::invalid_input,
                     "the provider answers 422: - input.width: must be <= 1440"}));
  EXPECT_EQ(explained(422, R"({"detail":"NSFW prompt"})").error_class, ErrorClass::content_policy);
  EXPECT_EQ(
      explained(404,
                R"({"detail":"The specified training destination does not exist","status":404})")
          .error_class,
      ErrorClass::invalid_input);
  EXPECT_EQ(explained(500, "oops"), (Refusal{ErrorClass::overload, "the provider answers 500"}));
  EXPECT_EQ(explained(502, "<html>").error_class, ErrorClass::overload);
}

TEST(Replicate, reads_how_long_it_is_throttled) {
  HostedTalk talk(make_submit());
  AttemptError const error = talk.explained(
      429, R"({"detail":"Request was throttled. Your rate limit resets in ~30s.","status":429})");
  EXPECT_EQ(error.error_class(), ErrorClass::throttled);
  EXPECT_EQ(error.retry_after(), milliseconds(30000));
  EXPECT_EQ(talk.explained(429, R"({"detail":"resets in 5s"})").retry_after(), milliseconds(5000));
  for (const char *body :
       {"", R"({"detail":"slow"})", R"({"detail":"resets in soon"})",
        R"({"detail":"resets in 5 parsecs"})", R"({"detail":"resets in 99999999999s"})"})
    EXPECT_EQ(talk.explained(429, body).retry_after(), milliseconds(0)) << body;
}

TEST(Replicate, a_known_request_that_is_not_found_has_expired) {
  HostedTalk talk(resumed());
  AttemptError const error = talk.explained(404, R"({"detail":"Not found."})");
  EXPECT_EQ(error.error_class(), ErrorClass::expired);
  EXPECT_EQ(error.message(),
            "the provider does not know the request any more: it answers 404: Not found.");
  EXPECT_EQ(talk.explained(401, "").error_class(), ErrorClass::auth);
}

}  // namespace
