// http_json_jobs_test.cpp -- APIs that answer later, as a provider's options describe them.
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "courier/adapters/adapter.hpp"
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
using namespace std::chrono_literals;

const json kiln = json::parse(R"({
  "path": "/kilns/{model}/firings", "request": {"clay": "{parameters}", "tell": "{webhook_url}"},
  "external_id": "/firing/id",
  "poll": "/firings/{external_id}?view=full",
  "state": "/firing/state",
  "states": {"DRYING": "queued", "HOT": "running", "DONE": "succeeded", "CRACKED": "failed",
             "TAKEN_OUT": "cancelled", "NOT_IN_MY_KILN": "content_policy", "DUST": "expired"},
  "progress": "/firing/percent", "progress_full": 100, "retry_after": "/firing/look_again_in",
  "poll_ms": 400, "poll_max_ms": 1000,
  "cancel": "DELETE /firings/{external_id}",
  "outputs": ["/firing/pots/*/href", "/firing/lid"], "max_outputs": 3,
  "trusted_hosts": ["cdn.kiln.example"],
  "metrics": {"degrees": "/firing/used/degrees"}, "cost": "/firing/used/coins",
  "error": "/firing/crack", "error_code": "/firing/crack/kind", "error_message": "/firing/crack/says",
  "error_classes": {"too_big": "invalid_input"}, "headers": {"X-Kiln": "2"}
})");

wire::Submit submit_of(const json &options) {
  wire::Submit submit;
  submit.adapter = "http_json";
  submit.options = options.dump();
  submit.model = "raku";
  submit.parameters = R"({"prompt":"a bowl"})";
  submit.max_output_bytes = 1 << 20;
  return submit;
}

std::unique_ptr<Adapter> make(const wire::Submit &submit) {
  return courier::make_adapter(submit, testing::TempDir());
}

std::unique_ptr<Adapter> make(const json &options = kiln) { return make(submit_of(options)); }

json with(json options, const json &more) {
  options.merge_patch(more);
  return options;
}

Step say(Adapter &adapter, std::string_view body, const std::string &type = "application/json") {
  adapter.begin_response({200, type, false});
  for (char const &byte : body)  // wherever the answer is cut
    adapter.consume({&byte, 1});
  return adapter.finish();
}

std::chrono::milliseconds pause_after(Adapter &adapter, std::string_view body) {
  Step const step = say(adapter, body);
  return std::holds_alternative<Again>(step) ? std::get<Again>(step).after : -1ms;
}

std::string refusal(Adapter &adapter, std::string_view body) {
  try {
    say(adapter, body);
  } catch (const AttemptError &error) {
    return std::string(wire::error_class_name(error.error_class())) + ": " + error.message();
  }
  return "accepted";
}

std::string refusal_when(const std::string &firing, const json &options = kiln) {
  auto const adapter = make(options);
  adapter->request();
  say(*adapter, R"({"firing":{"id":"f1"}})");
  return refusal(*adapter, R"({"firing":)" + firing + "}");
}

TEST(HttpJsonJobs, submits_asks_and_fetches) {
  auto const adapter = make();
  HttpRequest request = adapter->request();
  EXPECT_EQ(request.path, "/kilns/raku/firings");
  EXPECT_EQ(request.method, Method::post);
  EXPECT_EQ(request.body, R"({"clay":{"prompt":"a bowl"}})");
  EXPECT_TRUE(adapter->outlives_connection());
  EXPECT_EQ(adapter->cancel_request(), std::nullopt);
  EXPECT_EQ(pause_after(*adapter, R"({"firing":{"id":"a b/7?x","state":"DRYING"}})"), 400ms);
  EXPECT_EQ(adapter->external_id(), "a b/7?x");
  EXPECT_EQ(adapter->progress(), -1);

  request = adapter->request();
  EXPECT_EQ(request.path, "/firings/a%20b/7%3Fx");
  EXPECT_EQ(request.query, "view=full");
  EXPECT_EQ(request.method, Method::get);
  EXPECT_EQ(request.body, "");
  EXPECT_EQ(request.headers, (std::vector<std::string>{"Accept: application/json", "X-Kiln: 2"}));
  EXPECT_EQ(pause_after(*adapter, R"({"firing":{"state":"HOT","percent":40}})"), 600ms);
  EXPECT_EQ(adapter->progress(), 0.4);

  std::string const pot = test::make_png(5, 7);
  std::string const lid = test::make_png(2, 3);
  std::string const done =
      R"({"firing":{"lid":"data:image/png;base64,)" + test::to_base64(lid) +
      R"(","state":"DONE","pots":[{"href":"https://x.example/1"},{"href":"/pots/2?s=1"}],
          "used":{"degrees":900,"coins":0.25}}})";
  EXPECT_EQ(pause_after(*adapter, done), 0ms);
  request = adapter->request();
  EXPECT_EQ(request.url, "https://x.example/1");
  EXPECT_EQ(request.trusted_hosts, std::vector<std::string>{"cdn.kiln.example"});
  EXPECT_FALSE(request.named_by_user);
  Step step = say(*adapter, pot, "image/png");
  ASSERT_TRUE(std::holds_alternative<Again>(step));
  request = adapter->request();
  EXPECT_EQ(request.url, "");
  EXPECT_EQ(request.path, "/pots/2");
  EXPECT_EQ(request.query, "s=1");
  EXPECT_TRUE(request.from_root);
  step = say(*adapter, pot, "image/png");
  Result const result = std::get<Result>(std::move(step));
  ASSERT_EQ(result.outputs.size(), 3U);
  EXPECT_EQ(result.outputs[0].width, 2U) << "in the order of the answer";
  EXPECT_EQ(result.outputs[1].width, 5U);
  EXPECT_EQ(result.outputs[2].index, 2U);
  EXPECT_EQ(result.result, "");
  EXPECT_EQ(json::parse(result.metadata),
            json::parse(R"({"cost":0.25,"metrics":{"degrees":900.0}})"));
}

TEST(HttpJsonJobs, an_answer_that_broke_off_changes_nothing) {
  auto const adapter = make();
  adapter->request();
  say(*adapter, R"({"firing":{"id":"f1"}})");
  adapter->begin_response({200, "application/json", false});
  adapter->consume(R"({"firing":{"lid":"data:image/png;base64,iVBORw0KG)");
  EXPECT_EQ(pause_after(*adapter, R"({"firing":{"state":"HOT"}})"), 600ms);
}

TEST(HttpJsonJobs, goes_on_with_the_id_that_is_known) {
  wire::Submit submit = submit_of(kiln);
  submit.external_id = "f9";
  auto const adapter = make(submit);
  EXPECT_EQ(adapter->external_id(), "f9");
  EXPECT_EQ(adapter->request().path, "/firings/f9");
  EXPECT_EQ(pause_after(*adapter, R"({"firing":{"state":"HOT"}})"), 400ms);
  EXPECT_EQ(adapter->cancel_request()->path, "/firings/f9");
  EXPECT_EQ(adapter->cancel_request()->method, Method::del);
  submit.options = "{}";
  EXPECT_THROW(make(submit), AttemptError);
}

TEST(HttpJsonJobs, pauses_grow_up_to_a_limit_or_are_the_servers_wish) {
  auto const adapter = make();
  adapter->request();
  say(*adapter, R"({"firing":{"id":7}})");
  EXPECT_EQ(adapter->external_id(), "7");
  EXPECT_EQ(pause_after(*adapter, R"({"firing":{"state":"HOT"}})"), 600ms);
  EXPECT_EQ(pause_after(*adapter, R"({"firing":{"state":"HOT"}})"), 900ms);
  EXPECT_EQ(pause_after(*adapter, R"({"firing":{"state":"HOT"}})"), 1000ms);
  EXPECT_EQ(pause_after(*adapter, R"({"firing":{"state":"HOT","look_again_in":2.5}})"), 2500ms);
  EXPECT_EQ(pause_after(*adapter, R"({"firing":{"state":"HOT","look_again_in":-1}})"), 50ms);
  EXPECT_EQ(pause_after(*adapter, R"({"firing":{"state":"HOT","look_again_in":1e300}})"), 600000ms);
  EXPECT_EQ(pause_after(*adapter, R"({"firing":{"state":"HOT","percent":-3}})"), 1000ms);
  EXPECT_EQ(adapter->progress(), 0);
}

TEST(HttpJsonJobs, tells_what_became_of_a_request) {
  EXPECT_EQ(refusal_when(R"({"state":"CRACKED","crack":{"kind":"odd","says":"a crack"}})"),
            "worker_crash: the server says that the request failed: a crack");
  EXPECT_EQ(refusal_when(R"({"state":"CRACKED","crack":{"kind":"too_big","says":"too big"}})"),
            "invalid_input: the server says that the request failed: too big");
  EXPECT_EQ(refusal_when(R"({"state":"CRACKED"})"),
            "worker_crash: the server says that the request failed");
  EXPECT_EQ(refusal_when(R"({"state":"TAKEN_OUT"})"),
            "worker_crash: the request was cancelled at the server");
  EXPECT_EQ(refusal_when(R"({"state":"NOT_IN_MY_KILN","crack":"shame"})"),
            "content_policy: the server refuses what is asked for: shame");
  EXPECT_EQ(refusal_when(R"({"state":"DUST"})"), "expired: the server has forgotten the request");
  EXPECT_EQ(refusal_when(R"({"state":"DONE","crack":{"says":"in the end"}})"),
            "worker_crash: the server says that the request failed: in the end");
}

TEST(HttpJsonJobs, an_unknown_word_is_an_error_and_no_reason_to_wait) {
  EXPECT_EQ(
      refusal_when(R"({"state":"GLAZING"})"),
      "bad_response: the server says that the request is GLAZING, which states does not know");
  EXPECT_EQ(refusal_when(R"({"state":true})"),
            "bad_response: the server says that the request is true, which states does not know");
  EXPECT_EQ(refusal_when("{}"),
            "bad_response: the answer has nothing at /firing/state, where the state should be");
  EXPECT_EQ(refusal_when(R"({"crack":{"says":"gone wrong"}})"),
            "worker_crash: the server says that the request failed: gone wrong");
  EXPECT_EQ(refusal(*make(with(kiln, {{"states", {{"", "failed"}}}})), R"({"firing":{"id":"f1"}})"),
            "worker_crash: the server says that the request failed");
}

TEST(HttpJsonJobs, whoever_took_a_request_and_names_no_id_may_carry_it_out) {
  EXPECT_EQ(refusal(*make(), R"({"firing":{}})"),
            "ambiguous: the server took the request, and its answer has no id at /firing/id");
  EXPECT_EQ(refusal(*make(), R"({"firing":{"id":""}})").substr(0, 9), "ambiguous");
  EXPECT_EQ(refusal(*make(), R"({"firing":{"id":"a\u0000"}})").substr(0, 9), "ambiguous");
  EXPECT_EQ(refusal(*make(), R"({"firing":{"crack":{"says":"no clay"}}})"),
            "bad_response: the server reports an error with status 200: no clay");
}

TEST(HttpJsonJobs, an_id_leads_nowhere_else) {
  auto const adapter = make();
  say(*adapter, R"({"firing":{"id":"../secrets"}})");
  EXPECT_THROW(adapter->request(), AttemptError);
}

TEST(HttpJsonJobs, a_request_that_is_gone_has_expired) {
  auto const adapter = make();
  EXPECT_EQ(adapter->explain({404, "", false}, "").error_class(), ErrorClass::invalid_input);
  say(*adapter, R"({"firing":{"id":"f1"}})");
  for (long const status : {404L, 410L}) {
    try {
      static_cast<void>(adapter->explain({status, "", false}, ""));
      ADD_FAILURE();
    } catch (const courier::LookupAnswer &answer) {
      EXPECT_EQ(answer.error_class(), ErrorClass::expired);
      EXPECT_EQ(answer.state, wire::RequestState::failed);
    }
  }
  EXPECT_EQ(adapter->explain({401, "", false}, "").error_class(), ErrorClass::auth);
}

TEST(HttpJsonJobs, what_is_wrong_with_an_output_counts_only_in_the_end) {
  EXPECT_EQ(refusal_when(R"({"lid":"data:image/png;base64,!","state":"HOT"})"), "accepted");
  EXPECT_EQ(refusal_when(R"({"lid":"data:image/png;base64,!","state":"DONE"})").substr(0, 40),
            "bad_response: /firing/lid is not valid b");
  EXPECT_EQ(refusal_when(R"({"lid":"data:text/plain,x","state":"DONE"})"),
            "bad_response: /firing/lid is a data: URL without base64");
  EXPECT_EQ(refusal_when(R"({"lid":"ftp://x","state":"DONE"})"),
            "bad_response: /firing/lid is neither an http(s) URL nor a path");
  EXPECT_EQ(refusal_when(R"({"lid":"","state":"DONE"})"), "bad_response: /firing/lid is empty");
  EXPECT_EQ(refusal_when(R"({"state":"DONE"})"),
            "bad_response: the answer has no outputs where outputs says that they are");
  EXPECT_EQ(
      refusal_when(
          R"({"state":"DONE","pots":[{"href":"/1"},{"href":"/2"},{"href":"/3"},{"href":"/4"}]})"),
      "bad_response: the answer has more than the 3 outputs that max_outputs allows");
}

TEST(HttpJsonJobs, base64_may_be_bare) {
  std::string const picture = test::make_png(4, 4);
  auto const adapter = make(json{{"outputs_base64", "/images/*"}});
  adapter->request();
  Result const result = std::get<Result>(
      say(*adapter, R"({"images":[")" + test::to_base64(picture) + R"(","data:image/png;base64,)" +
                        test::to_base64(picture) + R"("]})"));
  ASSERT_EQ(result.outputs.size(), 2U);
  EXPECT_EQ(result.outputs[1].width, 4U);
}

TEST(HttpJsonJobs, the_result_may_be_somewhere_else) {
  auto const adapter = make(json{{"external_id", "/id"},
                                 {"poll", "/p/{external_id}"},
                                 {"fetch", "/p/{external_id}/answer"},
                                 {"result", "/text"}});
  adapter->request();
  say(*adapter, R"({"id":"1","status":"queued"})");
  EXPECT_EQ(pause_after(*adapter, R"({"status":"succeeded"})"), 0ms);
  EXPECT_EQ(adapter->request().path, "/p/1/answer");
  EXPECT_EQ(std::get<Result>(say(*adapter, R"({"text":"yes"})")).result, R"("yes")");
}

TEST(HttpJsonJobs, the_output_may_be_the_body_of_an_answer) {
  auto const adapter = make(json{{"external_id", "/id"},
                                 {"poll", "/v/{external_id}"},
                                 {"output_path", "/v/{external_id}/content"}});
  adapter->request();
  EXPECT_EQ(pause_after(*adapter, R"({"id":"1","status":"completed"})"), 0ms) << "at once";
  EXPECT_EQ(adapter->request().path, "/v/1/content");
  EXPECT_EQ(adapter->explain({404, "", false}, "").error_class(), ErrorClass::expired);
  Result const result = std::get<Result>(say(*adapter, test::make_png(3, 3), "image/png"));
  EXPECT_EQ(result.outputs.size(), 1U);
  EXPECT_EQ(result.result, "");
}

TEST(HttpJsonJobs, questions_and_cancels_may_have_bodies) {
  wire::Submit submit = submit_of({{"external_id", "/id"},
                                   {"poll", "POST /status"},
                                   {"poll_request", {{"job", "{external_id}"}, {"of", "{model}"}}},
                                   {"cancel", "/cancel"},
                                   {"cancel_request", {{"job", "{external_id}"}}}});
  submit.external_id = R"(a"b)";
  auto const adapter = make(submit);
  EXPECT_EQ(json::parse(adapter->request().body), json::parse(R"({"job":"a\"b","of":"raku"})"));
  EXPECT_EQ(json::parse(adapter->cancel_request()->body), json::parse(R"({"job":"a\"b"})"));
}

TEST(HttpJsonJobs, a_provider_is_told_where_to_report) {
  wire::Submit submit =
      submit_of(with(kiln, {{"webhook_header", "X-Tell"}, {"webhook_key", "hook"}}));
  submit.webhook_url = "https://we.example/hook/1";
  HttpRequest const request = make(submit)->request();
  EXPECT_EQ(json::parse(request.body), json::parse(R"({"clay":{"prompt":"a bowl"},
    "tell":"https://we.example/hook/1","hook":"https://we.example/hook/1"})"));
  EXPECT_EQ(request.headers.back(), "X-Tell: https://we.example/hook/1");
}

TEST(HttpJsonJobs, pictures_are_fetched_first_and_sent_as_the_server_wants_them) {
  std::string const picture = test::make_png(6, 6);
  std::string const here = "data:image/png;base64," + test::to_base64(picture);
  wire::Submit submit = submit_of(
      json::parse(R"({"pictures": {"image": "base64", "refs": "data_url", "face": "url"}})"));
  submit.parameters = json{
      {"image", "https://u.example/p.png"},
      {"refs", {here}},
      {"face", "https://u.example/face.png"},
      {"prompt", "x"}}.dump();
  auto const adapter = make(submit);
  HttpRequest request = adapter->request();
  EXPECT_EQ(request.url, "https://u.example/p.png");
  EXPECT_TRUE(request.named_by_user);
  EXPECT_EQ(adapter->explain({404, "", false}, "").message(),
            "asked for the picture that parameter image names, its server answers 404");
  Step const step = say(*adapter, picture, "image/png");
  ASSERT_TRUE(std::holds_alternative<Again>(step));
  request = adapter->request();
  EXPECT_EQ(request.url, "");
  EXPECT_EQ(json::parse(request.body), (json{{"image", test::to_base64(picture)},
                                             {"refs", {here}},
                                             {"face", "https://u.example/face.png"},
                                             {"prompt", "x"}}));
}

TEST(HttpJsonJobs, what_is_no_picture_is_not_sent) {
  for (const char *const image :
       {R"("workspace-temp/a/b.png")", R"("data:image/png;base64,AAAA")", R"(7)", R"([7])",
        R"("data:image/png,x")", R"("file:///etc/passwd")"}) {
    wire::Submit submit = submit_of(json::parse(R"({"pictures": {"image": "url"}})"));
    submit.parameters = std::string(R"({"image":)") + image + "}";
    auto const adapter = make(submit);
    EXPECT_THROW(adapter->request(), AttemptError) << image;
  }
}

TEST(HttpJsonJobs, options_that_make_no_sense_are_refused_by_name) {
  for (const auto &[options, why] : std::vector<std::pair<std::string, std::string>>{
           {R"({"poll":"/x"})", "poll needs external_id"},
           {R"({"progress":"/x"})", "progress needs external_id"},
           {R"({"external_id":"/id"})", "external_id needs poll"},
           {R"({"external_id":"/id","poll":"/x"})", "poll has no {external_id}"},
           {R"({"external_id":"/id","poll":"/{externalid}"})",
            "poll has {externalid}, which stands for nothing there"},
           {R"({"external_id":"/id","poll":"PATCH /{external_id}"})",
            "poll begins with a method other than GET, POST, PUT and DELETE"},
           {R"({"external_id":"/id","poll":"/{external_id}","poll_request":{}})",
            "poll_request needs a poll that begins with POST"},
           {R"({"external_id":"/id","poll":"/{external_id}","cancel":"/x"})",
            "cancel has no {external_id}"},
           {R"({"external_id":"/id","poll":"/{external_id}","cancel_request":{}})",
            "cancel_request needs cancel"},
           {R"({"external_id":"/id","poll":"/{external_id}","states":{"x":"done"}})",
            "states knows queued, running, succeeded, failed, cancelled, content_policy and "
            "expired, and not done"},
           {R"({"external_id":"/id","poll":"/{external_id}","poll_ms":10})",
            "poll_ms is under 50 milliseconds"},
           {R"({"external_id":"/id","poll":"/{external_id}","poll_ms":9000,"poll_max_ms":100})",
            "poll_max_ms is less than poll_ms, which is 9000"},
           {R"({"external_id":"/id","poll":"/{external_id}","progress_full":0})",
            "progress_full is not a number above 0"},
           {R"({"external_id":"/id","poll":"/{external_id}","outputs":"/a","output_path":"/b"})",
            "output_path and outputs exclude each other"},
           {R"({"outputs":[]})", "outputs is empty"},
           {R"({"outputs":"a/*"})", "outputs is not a JSON pointer"},
           {R"({"outputs_base64":["/a","/~2"]})", "outputs_base64 is not a JSON pointer"},
           {R"({"max_outputs":65})", "max_outputs is not an integer from 1 to 64"},
           {R"({"trusted_hosts":"x"})", "trusted_hosts is not an array"},
           {R"({"trusted_hosts":["a b"]})", "trusted_hosts has a host name that is none"},
           {R"({"metrics":{"a":"b"}})", "metrics.a is not a JSON pointer"},
           {R"({"pictures":{"a":"file"}})",
            "pictures knows url, data_url and base64, and not file"},
           {R"({"path":"GET /x"})", "path is sent with POST or PUT"},
           {R"({"path":"/x y"})", "path begins with a method other than GET, POST, PUT and DELETE"},
           {R"({"path":"/x#y"})", "path is not a path that can be sent"}}) {
    try {
      make(json::parse(options));
      ADD_FAILURE() << options;
    } catch (const AttemptError &error) {
      EXPECT_EQ(error.message(), "adapter_options of the provider: " + why);
    }
  }
}

}  // namespace
