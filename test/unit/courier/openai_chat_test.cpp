// openai_chat_test.cpp -- /chat/completions as OpenAI, vLLM, llama-server and LocalAI answer it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "text_adapter.hpp"

namespace {

using nlohmann::json;
using text_adapter::Ended;
using text_adapter::Explained;

constexpr const char *event_stream = "text/event-stream; charset=utf-8";

wire::Submit submit(const std::string &parameters = R"({"prompt":"hi"})",
                    const std::string &options = "") {
  return text_adapter::submit("openai_chat", parameters, options);
}

Ended answer(std::string_view body, const char *type = event_stream) {
  return text_adapter::run(submit(), type, {body});
}

std::string chunk(const std::string &delta, const std::string &finish_reason = "null") {
  return R"(data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":)" + delta +
         R"(,"finish_reason":)" + finish_reason + "}]}\n\n";
}

constexpr const char *done = "data: [DONE]\n\n";

// As OpenAI answers with include_usage.
const std::string conversation =
    R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","model":"m1-2024","system_fingerprint":"fp","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null})"
    "\n\n: ping\n\n" +
    chunk(R"({"content":"Gr\u00fc\u00df"})") + chunk("{\"content\":\" dich \U0001F600\"}") +
    chunk("{}", "\"stop\"") +
    R"(data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":1}}})"
    "\n\n" +
    done;

void expect_conversation(const Ended &ended) {
  EXPECT_EQ(ended.message, "");
  EXPECT_EQ(ended.text, "Gr\u00fc\u00df dich \U0001F600");
  EXPECT_EQ(ended.result,
            (json{{"text", "Gr\u00fc\u00df dich \U0001F600"}, {"finish_reason", "stop"}}));
  EXPECT_EQ(ended.metadata.value("model", ""), "m1-2024");
  EXPECT_EQ(ended.metadata.value("id", ""), "chatcmpl-1");
  EXPECT_EQ(ended.metadata.value("usage", json()),
            json::parse(R"({"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,)"
                        R"("cached_tokens":8,"reasoning_tokens":1})"));
  EXPECT_GE(ended.metadata.value("first_token_ms", -1.0), 0.0);
}

TEST(OpenaiChat, asks_for_a_stream_and_its_usage) {
  auto const request =
      courier::make_adapter(submit(R"({"prompt":"hi","system":"Be brief.","temperature":0.5,
        "max_tokens":7,"stop":["."],"seed":3,"negative_prompt":null})"),
                            "")
          ->request();
  EXPECT_EQ(request.path, "/chat/completions");
  EXPECT_EQ(json::parse(request.body), json::parse(R"({"model":"m1","stream":true,
    "stream_options":{"include_usage":true},"temperature":0.5,"max_tokens":7,"stop":["."],"seed":3,
    "messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"hi"}]})"));
}

TEST(OpenaiChat, puts_the_prompt_after_what_was_said_before) {
  EXPECT_EQ(text_adapter::body_of(submit(R"({"prompt":"and now?","stream":false,"messages":
      [{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}]})")),
            json::parse(R"({"model":"m1","stream":false,"messages":[{"role":"user","content":"hi"},
      {"role":"assistant","content":"ho"},{"role":"user","content":"and now?"}]})"));
}

TEST(OpenaiChat, leaves_stream_options_out_where_the_provider_says_so) {
  EXPECT_FALSE(text_adapter::body_of(submit(R"({"prompt":"hi"})", R"({"stream_usage":false})"))
                   .contains("stream_options"));
}

TEST(OpenaiChat, refuses_what_it_cannot_send) {
  for (const auto &[parameters, why] : std::vector<std::pair<std::string, std::string>>{
           {"[]", "the parameters are not a JSON object"},
           {"{}", "parameter prompt is missing, and so is messages"},
           {R"({"messages":[]})", "parameter prompt is missing, and so is messages"},
           {R"({"messages":"hi"})", "parameter messages is not an array"},
           {R"({"messages":["hi"]})", "parameter messages has one without a role"},
           {R"({"prompt":7})", "parameter prompt is not a text"},
           {R"({"prompt":"a","n":2})", "parameter n is not 1: a job has one answer"},
           {R"({"prompt":"a","model":"b"})", "parameter model is chosen by the job"},
           {R"({"prompt":"a","stream":1})", "parameter stream is neither true nor false"},
           {R"({"prompt":"a","negative_prompt":"b"})",
            "parameter negative_prompt means nothing to a language model"}})
    EXPECT_EQ(text_adapter::body_of(submit(parameters)), "invalid_input: " + why);
  EXPECT_EQ(text_adapter::body_of(submit("{}", R"({"strem_usage":false})")),
            "invalid_input: adapter_options of the provider or the model: the adapter openai_chat "
            "has no option "
            "\"strem_usage\"");
}

TEST(OpenaiChat, takes_a_stream_wherever_it_is_cut) {
  for (std::size_t cut = 0; cut <= conversation.size(); ++cut) {
    std::string_view const stream = conversation;
    expect_conversation(
        text_adapter::run(submit(), event_stream, {stream.substr(0, cut), stream.substr(cut)}));
    if (testing::Test::HasFailure()) FAIL() << "cut at " << cut;
  }
  expect_conversation(
      text_adapter::run(submit(), event_stream, text_adapter::byte_by_byte(conversation)));
}

TEST(OpenaiChat, hands_out_each_bit_when_it_is_there) {
  auto const adapter = courier::make_adapter(submit(), "");
  adapter->begin_response({200, event_stream, false});
  adapter->consume(chunk(R"({"content":"one"})") + "data: {\"choi");
  EXPECT_EQ(adapter->take_text(), "one");
  EXPECT_EQ(adapter->take_text(), "");
}

TEST(OpenaiChat, never_takes_a_stream_that_breaks_for_an_answer) {
  std::size_t const without_done = conversation.size() - std::string_view(done).size();
  std::size_t const last_of_done = conversation.size() - 2;  // the line ends may be missing
  for (std::size_t length = 0; length < last_of_done; ++length) {
    Ended const ended = answer(std::string_view(conversation).substr(0, length));
    EXPECT_EQ(ended.error_class, "ambiguous") << length << ended.message;
    EXPECT_EQ(ended.message, "the stream ended before the answer was complete");
    if (length >= without_done) {
      EXPECT_EQ(ended.text, "Gr\u00fc\u00df dich \U0001F600");
    }
  }
  expect_conversation(answer(std::string_view(conversation).substr(0, last_of_done)));
}

TEST(OpenaiChat, wants_to_know_why_the_model_stopped) {
  EXPECT_EQ(answer(chunk(R"({"content":"a"})") + done).error_class, "bad_response");
  EXPECT_EQ(answer(done).message, "the answer does not say why the model stopped");
  Ended const aborted = answer(chunk("{}", "\"abort\"") + done);
  EXPECT_EQ(aborted.error_class, "bad_response");
  EXPECT_EQ(aborted.message, "the model stopped for a reason that nobody knows: abort");
  EXPECT_EQ(answer(chunk("{}", "\"length\"") + done).result.value("finish_reason", ""), "length");
  EXPECT_EQ(answer(chunk("{}", "\"eos_token\"") + done).result.value("finish_reason", ""), "stop");
}

TEST(OpenaiChat, a_filtered_answer_is_refused_for_its_content) {
  Ended const ended =
      answer(chunk(R"({"content":"Once"})") + chunk("{}", "\"content_filter\"") + done);
  EXPECT_EQ(ended.error_class, "content_policy");
  EXPECT_EQ(ended.text, "Once");
}

TEST(OpenaiChat, puts_tool_calls_together) {
  Ended const ended = answer(
      chunk(
          R"({"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"look","arguments":""}}]})") +
      chunk(
          R"({"tool_calls":[{"index":1,"id":"call_b","function":{"name":"go","arguments":"{}"}}]})") +
      chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"at\":"}}]})") +
      chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"\"sea\"}"}}]})") +
      chunk("{}", "\"tool_calls\"") + done);
  EXPECT_EQ(ended.result, json::parse(R"({"text":"","finish_reason":"tool_calls","tool_calls":[
    {"id":"call_a","type":"function","function":{"name":"look","arguments":"{\"at\":\"sea\"}"}},
    {"id":"call_b","type":"function","function":{"name":"go","arguments":"{}"}}]})"));
}

TEST(OpenaiChat, tells_tool_calls_without_an_index_apart) {
  Ended const ended = answer(
      chunk(R"({"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{"}}]})") +
      chunk(
          R"({"tool_calls":[{"function":{"arguments":"}"}},{"function":{"name":"g"},"id":"b"}]})") +
      chunk("{}", "\"stop\"") + done);
  EXPECT_EQ(ended.result.value("finish_reason", ""), "tool_calls");
  EXPECT_EQ(ended.result.value("tool_calls", json::array()).size(), 2U);
}

TEST(OpenaiChat, refuses_tool_calls_that_are_none) {
  for (const char *const calls :
       {R"({"tool_calls":[{"index":-1}]})", R"({"tool_calls":[{"index":128}]})",
        R"({"tool_calls":{"index":0}})", R"({"tool_calls":[{"index":99999999999999999999}]})",
        R"({"tool_calls":[{"index":1,"function":{"name":"f"}}]})"})
    EXPECT_EQ(answer(chunk(calls) + chunk("{}", "\"stop\"") + done).error_class, "bad_response")
        << calls;
}

TEST(OpenaiChat, keeps_what_the_model_thought_and_refused) {
  Ended const ended =
      answer(chunk(R"({"reasoning_content":"hm"})") + chunk(R"({"reasoning":"m"})") +
             chunk(R"({"content":[{"type":"text","text":"yes"}]})") +
             chunk(R"({"refusal":"no"})", "\"stop\"") + done);
  EXPECT_EQ(
      ended.result,
      json::parse(R"({"text":"yes","finish_reason":"stop","reasoning":"hmm","refusal":"no"})"));
  EXPECT_EQ(ended.text, "yes");
}

TEST(OpenaiChat, reports_an_error_inside_the_stream) {
  struct Case {
    const char *event;
    const char *error_class;
    const char *why;
  };
  for (
      const Case &test :
      {Case{
           R"(data: {"error":{"message":"out of blocks","type":"InternalServerError","code":500}})",
           "overload", "out of blocks"},  // vLLM
       Case{
           R"(data: {"object":"error","message":"too long","type":"BadRequestError","param":null,"code":400})",
           "invalid_input", "too long"},  // older vLLM
       Case{R"(data: {"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})",
            "throttled", "Loading model"},  // llama-server
       Case{
           R"(error: {"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"})",
           "invalid_input", "the request exceeds the available context size"},
       Case{
           R"(data: {"error":{"code":501,"message":"no such thing","type":"not_supported_error"}})",
           "invalid_input", "no such thing"},
       Case{R"(data: {"error":{"message":"over","type":"server_error","code":null}})", "overload",
            "over"},
       Case{R"(data: {"error":"something"})", "bad_response", "something"},
       Case{R"(data: {"error":{"message":"flagged","code":"content_policy_violation"}})",
            "content_policy", "flagged"}}) {
    Ended const ended = answer(chunk(R"({"content":"half"})") + test.event + "\n\n" + done);
    EXPECT_EQ(ended.error_class, test.error_class) << test.event;
    EXPECT_EQ(ended.message,
              std::string("the server reports an error with status 200: ") + test.why);
    EXPECT_EQ(ended.text, "half");
  }
}

TEST(OpenaiChat, explains_an_error_status) {
  struct Case {
    long status;
    const char *body;
    Explained expected;
  };
  for (
      const Case &test :
      {Case{
           400,
           R"({"error":{"message":"max context","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}})",
           {"invalid_input", "the server answers 400: max context"}},
       Case{400,
            R"({"error":{"message":"filtered","type":null,"code":"content_filter","status":400}})",
            {"content_policy", "the server answers 400: filtered"}},
       Case{
           401,
           R"({"error":{"message":"bad key","type":"invalid_request_error","code":"invalid_api_key"}})",
           {"auth", "the server answers 401: bad key"}},
       Case{403, "", {"auth", "the server answers 403"}},
       Case{
           404,
           R"({"object":"error","message":"The model `m1` does not exist.","type":"NotFoundError","param":null,"code":404})",
           {"invalid_input", "the server answers 404: The model `m1` does not exist."}},
       Case{404,
            R"({"detail":"Not Found"})",
            {"invalid_input", "the server answers 404: Not Found"}},
       Case{422,
            R"({"error":"Input validation error","error_type":"validation"})",
            {"invalid_input", "the server answers 422: Input validation error"}},
       Case{429,
            R"({"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}})",
            {"throttled", "the server answers 429: slow down"}},
       Case{
           429,
           R"({"error":{"message":"no money","type":"insufficient_quota","code":"insufficient_quota"}})",
           {"payment", "the server answers 429: no money"}},
       Case{500, "", {"overload", "the server answers 500"}},
       Case{501,
            R"({"error":{"code":501,"message":"no embeddings","type":"not_supported_error"}})",
            {"invalid_input", "the server answers 501: no embeddings"}},
       Case{503,
            R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})",
            {"throttled", "the server answers 503: Loading model"}},
       Case{503, "<html>", {"overload", "the server answers 503"}}})
    EXPECT_EQ(text_adapter::explained(submit(), test.status, test.body), test.expected);
}

TEST(OpenaiChat, takes_an_answer_that_is_no_stream) {
  std::string const body =
      R"({"id":"x","model":"m","choices":[{"index":0,"message":{"role":"assistant",
    "content":"hello","reasoning_content":"r","tool_calls":[{"id":"c","type":"function","function":
    {"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,
    "completion_tokens":2},"timings":{"prompt_ms":1.5,"predicted_n":2,"x":"y"}})";
  Ended const ended = text_adapter::run(submit(R"({"prompt":"hi","stream":false})"),
                                        "application/json", text_adapter::byte_by_byte(body));
  EXPECT_EQ(ended.message, "");
  EXPECT_EQ(ended.result,
            json::parse(R"({"text":"hello","finish_reason":"tool_calls","reasoning":"r",
    "tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]})"));
  EXPECT_EQ(ended.metadata, json::parse(R"({"id":"x","model":"m","usage":{"prompt_tokens":1,
    "completion_tokens":2},"timings":{"prompt_ms":1.5,"predicted_n":2}})"));
  EXPECT_EQ(ended.text, "hello");
  EXPECT_EQ(answer(body.substr(0, 100), "application/json").error_class, "bad_response");
  EXPECT_EQ(answer("{}", "application/json").error_class, "bad_response");
  EXPECT_EQ(answer("hello", "text/html").error_class, "bad_response");
  EXPECT_EQ(answer(R"({"error":{"message":"no","code":"insufficient_quota"}})", "application/json")
                .error_class,
            "payment");
}

TEST(OpenaiChat, gives_no_nul_to_the_database) {
  Ended const ended = answer(
      chunk(
          R"({"content":"a\u0000b","reasoning_content":"\u0000","tool_calls":[{"index":0,"id":"\u0000",)"
          R"("function":{"name":"f\u0000","arguments":"\u0000"}}]})",
          "\"stop\"") +
      done);
  EXPECT_EQ(ended.text, "a\uFFFDb");
  EXPECT_EQ(ended.result.dump().find("\\u0000"), std::string::npos);
}

TEST(OpenaiChat, is_bounded_whatever_the_server_sends) {
  wire::Submit small = submit();
  small.max_output_bytes = 10;
  std::string const eleven =
      chunk(R"({"content":"12345"})") + chunk(R"({"reasoning":"6789"})") +
      chunk(R"({"tool_calls":[{"index":0,"function":{"name":"n","arguments":"x"}}]})");
  EXPECT_EQ(text_adapter::run(small, event_stream, {eleven}).message,
            "the answer says more than 10 bytes");
  EXPECT_EQ(answer("data: " + std::string(5000000, ' ')).error_class, "too_large");
  EXPECT_EQ(answer("data: " + std::string(100000, '[') + "\n\n").error_class, "bad_response");
  EXPECT_EQ(answer("data: \"x\"\n\n").error_class, "bad_response");
  EXPECT_EQ(answer(R"(data: {"choices":[{"index":1,"delta":{"content":"x"}}]})"
                   "\n\n")
                .error_class,
            "bad_response");
}

TEST(OpenaiChat, begins_anew_with_a_new_head) {
  auto const adapter = courier::make_adapter(submit(), "");
  adapter->begin_response({200, event_stream, false});
  adapter->consume(chunk(R"({"content":"lost"})"));
  adapter->begin_response({200, event_stream, false});
  adapter->consume(conversation);
  auto const result = std::get<courier::Result>(adapter->finish());
  EXPECT_EQ(json::parse(result.result).value("text", ""), "Gr\u00fc\u00df dich \U0001F600");
}

}  // namespace
