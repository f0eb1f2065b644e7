// lookup_test.cpp -- what is understood of an answer to the question what became of a request.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "courier/adapters/adapter.hpp"
#include "sample_media.hpp"

namespace {

using courier::Adapter;
using courier::AttemptError;
using courier::LookupAnswer;
using courier::ResponseHead;
using wire::ErrorClass;
using wire::RequestState;

constexpr const char *openai_options = R"({"lookup": "/images/generations/{id}"})";

wire::Submit make_submit(const std::string &adapter, const std::string &options) {
  wire::Submit submit;
  submit.adapter = adapter;
  submit.options = options;
  submit.parameters = R"({"prompt": "a cat"})";
  submit.max_output_bytes = 1 << 20;
  submit.attempt.bytes[15] = 7;
  submit.subject.bytes[15] = 255;
  return submit;
}

std::unique_ptr<Adapter> make_lookup(const std::string &adapter, const std::string &options) {
  wire::Submit submit = make_submit(adapter, options);
  submit.purpose = wire::Purpose::lookup;
  return courier::make_adapter(submit, testing::TempDir());
}

courier::Result take(Adapter &adapter, const std::string &body, long status = 200) {
  ResponseHead head;
  head.status = status;
  head.content_type = "application/json";
  adapter.begin_response(head);
  adapter.consume(body);
  return std::get<courier::Result>(adapter.finish());
}

std::optional<LookupAnswer> answer_to(const std::string &body, long status = 200,
                                      const std::string &options = openai_options) {
  auto const adapter = make_lookup("openai_images", options);
  try {
    take(*adapter, body, status);
  } catch (const LookupAnswer &answer) {
    return answer;
  }
  return std::nullopt;
}

ErrorClass trouble_with(const std::string &body, const std::string &options = openai_options) {
  auto const adapter = make_lookup("openai_images", options);
  try {
    take(*adapter, body);
  } catch (const LookupAnswer &) {
    ADD_FAILURE() << "taken for an answer: " << body;
  } catch (const AttemptError &error) {
    return error.error_class();
  }
  ADD_FAILURE() << "taken for a result: " << body;
  return ErrorClass::internal;
}

void expect_refused(const std::string &adapter, const std::string &options) {
  for (wire::Purpose const purpose : {wire::Purpose::generate, wire::Purpose::lookup}) {
    wire::Submit submit = make_submit(adapter, options);
    submit.purpose = purpose;
    try {
      courier::make_adapter(submit, testing::TempDir());
      ADD_FAILURE() << "accepted: " << options;
    } catch (const AttemptError &error) {
      EXPECT_EQ(error.error_class(), ErrorClass::invalid_input) << options;
    }
  }
}

TEST(Lookup, asks_for_the_id_that_the_request_carried) {
  auto const request = make_lookup("openai_images", openai_options)->request();
  EXPECT_EQ(request.method, courier::Method::get);
  EXPECT_EQ(request.path, "/images/generations/00000000-0000-0000-0000-0000000000ff");
  EXPECT_EQ(request.body, "");
  auto const original =
      courier::make_adapter(make_submit("openai_images", openai_options), "")->request();
  EXPECT_EQ(original.headers.back(), "X-Request-Id: 00000000-0000-0000-0000-000000000007");
}

TEST(Lookup, a_request_carries_its_id_only_where_that_is_asked_for) {
  auto const headers =
      courier::make_adapter(make_submit("openai_images", "{}"), "")->request().headers;
  EXPECT_EQ(headers.size(), 2U);
  auto const named = courier::make_adapter(
      make_submit("openai_images", R"({"id_header": "Idempotency-Key"})"), "");
  EXPECT_EQ(named->request().headers.back(),
            "Idempotency-Key: 00000000-0000-0000-0000-000000000007");
  auto const member = courier::make_adapter(
      make_submit("http_json", R"({"id_key": "client", "lookup": "/{id}"})"), "");
  auto const request = member->request();
  EXPECT_EQ(request.headers.size(), 2U);
  EXPECT_NE(request.body.find(R"("client":"00000000-0000-0000-0000-000000000007")"),
            std::string::npos);
}

TEST(Lookup, a_result_is_taken_as_if_it_had_come_at_once) {
  auto const adapter = make_lookup("openai_images", openai_options);
  auto const result = take(*adapter, test::make_answer({test::make_png(6, 4)}));
  ASSERT_EQ(result.outputs.size(), 1U);
  EXPECT_EQ(result.outputs[0].width, 6U);
  auto const data = make_lookup(
      "http_json", R"({"lookup": "/{id}", "result": "/now", "lookup_result": "/later"})");
  EXPECT_EQ(take(*data, R"({"status": "succeeded", "later": [1]})").result, "[1]");
}

TEST(Lookup, a_request_that_is_being_carried_out_says_how_far_it_is) {
  auto const running = answer_to(R"({"status": "running", "progress": 0.25})");
  ASSERT_TRUE(running);
  EXPECT_EQ(running->state, RequestState::running);
  EXPECT_EQ(running->progress, 0.25);
  auto const accepted = answer_to("", 202);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->state, RequestState::running);
  EXPECT_EQ(accepted->progress, -1);
  for (const char *const nonsense : {"2", "-1", "\"0.5\"", "null", "1e300"})
    EXPECT_EQ(
        answer_to(R"({"status": "queued", "progress": )" + std::string(nonsense) + "}")->progress,
        -1)
        << nonsense;
}

TEST(Lookup, a_failure_there_has_its_reason) {
  auto const failed = answer_to(
      R"({"status": "failed", "error": {"message": "no", "code": "content_policy_violation"}})");
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->state, RequestState::failed);
  EXPECT_EQ(failed->error_class(), ErrorClass::content_policy);
  EXPECT_EQ(answer_to(R"({"status": "cancelled"})")->error_class(), ErrorClass::worker_crash);
}

TEST(Lookup, words_of_a_provider_are_what_its_options_say) {
  std::string const options =
      R"({"lookup": "/{id}", "lookup_state": "/job/0", "lookup_states": {"DOING": "running", "HUH": "unknown"}})";
  EXPECT_EQ(answer_to(R"({"job": ["DOING"]})", 200, options)->state, RequestState::running);
  EXPECT_EQ(answer_to(R"({"job": ["HUH"]})", 200, options)->state, RequestState::unknown);
  EXPECT_EQ(trouble_with(R"({"job": ["WHAT"]})", options), ErrorClass::bad_response);
}

TEST(Lookup, what_is_not_clear_is_no_answer) {
  for (const char *const body : {"{}", "[]", "nonsense", "", R"({"status": "completed"})",
                                 R"({"status": 1})", R"({"status": "elsewhere"})"})
    EXPECT_EQ(trouble_with(body), ErrorClass::bad_response) << body;
}

TEST(Lookup, an_unknown_request_is_told_from_one_that_is_gone_and_from_trouble) {
  auto const adapter = make_lookup("openai_images", openai_options);
  ResponseHead head;
  head.status = 404;
  try {
    static_cast<void>(adapter->explain(head, ""));
    ADD_FAILURE();
  } catch (const LookupAnswer &answer) {
    EXPECT_EQ(answer.state, RequestState::unknown);
  }
  head.status = 410;
  try {
    static_cast<void>(adapter->explain(head, ""));
    ADD_FAILURE();
  } catch (const LookupAnswer &answer) {
    EXPECT_EQ(answer.state, RequestState::failed);
    EXPECT_EQ(answer.error_class(), ErrorClass::expired);
  }
  head.status = 500;
  EXPECT_EQ(adapter->explain(head, "").error_class(), ErrorClass::overload);
}

TEST(Lookup, options_that_make_no_sense_are_refused) {
  for (const char *const options :
       {R"({"lookup": "jobs/{id}"})", R"({"lookup": "/jobs"})", R"({"lookup": 1})",
        R"({"lookup": "/{id}", "id_header": "X: y"})", R"({"lookup": "/{id}", "id_header": "a b"})",
        R"({"lookup": "/{id}", "lookup_state": "status"})",
        R"({"lookup": "/{id}", "lookup_states": ["running"]})",
        R"({"lookup": "/{id}", "lookup_states": {"a": "b"}})", "[]", "nonsense"})
    expect_refused("openai_images", options);
  wire::Submit submit = make_submit("openai_images", "{}");
  submit.purpose = wire::Purpose::lookup;
  EXPECT_THROW(courier::make_adapter(submit, ""), AttemptError) << "nothing says how to ask";
}

TEST(Lookup, fetches_a_result_that_lies_behind_a_url) {
  auto const adapter = make_lookup(
      "http_json", R"({"lookup": "/jobs?of={id}", "external_id": "/id", "outputs": "/files/*",
                       "poll": "/jobs/{external_id}"})");
  EXPECT_EQ(adapter->request().path, "/jobs?of=00000000-0000-0000-0000-0000000000ff");
  adapter->begin_response({200, "application/json", false});
  adapter->consume(R"({"id": "j1", "status": "succeeded", "files": ["https://x.example/1"]})");
  ASSERT_TRUE(std::holds_alternative<courier::Again>(adapter->finish()));
  EXPECT_EQ(adapter->request().url, "https://x.example/1");
  EXPECT_EQ(adapter->explain({410, "", false}, "").error_class(), ErrorClass::expired);
  EXPECT_EQ(take(*adapter, test::make_png(3, 3)).outputs.size(), 1U);
}

}  // namespace
