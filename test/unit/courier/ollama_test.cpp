// ollama_test.cpp -- /api/chat and /api/generate: lines of JSON, errors among them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "text_adapter.hpp"

namespace {

using nlohmann::json;
using text_adapter::Ended;
using text_adapter::Explained;

constexpr const char *lines = "application/x-ndjson";

wire::Submit submit(const std::string &parameters = R"({"prompt":"hi"})",
                    const std::string &options = "") {
  return text_adapter::submit("ollama", parameters, options);
}

Ended answer(std::string_view body) { return text_adapter::run(submit(), lines, {body}); }

const std::string conversation =
    R"({"model":"llama3.2","created_at":"2026-08-04T08:52:19Z","message":{"role":"assistant","content":"","thinking":"hm"},"done":false})"
    "\n"
    R"({"model":"llama3.2","message":{"role":"assistant","content":"Gr\u00fc"},"done":false})"
    "\n"
    "{\"model\":\"llama3.2\",\"message\":{\"role\":\"assistant\",\"content\":\"\u00df "
    "\U0001F600\"},\"done\":false}\r\n"
    R"({"model":"llama3.2","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop",)"
    R"("total_duration":4883583458,"load_duration":1334875,"prompt_eval_count":26,)"
    R"("prompt_eval_duration":342546000,"eval_count":282,"eval_duration":4535599000})"
    "\n";

void expect_conversation(const Ended &ended) {
  EXPECT_EQ(ended.message, "");
  EXPECT_EQ(ended.text, "Gr\u00fc\u00df \U0001F600");
  EXPECT_EQ(ended.result, (json{{"text", "Gr\u00fc\u00df \U0001F600"},
                                {"finish_reason", "stop"},
                                {"reasoning", "hm"}}));
  EXPECT_EQ(ended.metadata.value("model", ""), "llama3.2");
  EXPECT_EQ(ended.metadata.value("usage", json()),
            json::parse(R"({"prompt_tokens":26,"completion_tokens":282})"));
  EXPECT_EQ(ended.metadata.value("durations", json()),
            json::parse(R"({"total_seconds":4.883583458,"load_seconds":0.001334875,)"
                        R"("prompt_seconds":0.342546,"completion_seconds":4.535599})"));
}

TEST(Ollama, chats_by_default) {
  auto const request =
      courier::make_adapter(submit(R"({"prompt":"hi","system":"Be brief.","temperature":0.5,
        "max_tokens":7,"stop":".","seed":3,"keep_alive":"5m","think":false,"num_ctx":4096,
        "response_format":{"type":"json_object"},"options":{"top_k":5}})"),
                            "")
          ->request();
  EXPECT_EQ(request.path, "/api/chat");
  EXPECT_EQ(json::parse(request.body), json::parse(R"({"model":"m1","stream":true,"keep_alive":"5m",
    "think":false,"format":"json","options":{"temperature":0.5,"num_predict":7,"stop":["."],"seed":3,
    "num_ctx":4096,"top_k":5},"messages":[{"role":"system","content":"Be brief."},
    {"role":"user","content":"hi"}]})"));
}

TEST(Ollama, puts_messages_into_its_words) {
  json const body = text_adapter::body_of(submit(R"({"stream":false,"messages":[
      {"role":"developer","content":"d"},
      {"role":"user","content":[{"type":"text","text":"what is "},{"type":"text","text":"this?"},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0="}}]},
      {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",
        "function":{"name":"look","arguments":"{\"at\":1}"}}]},
      {"role":"tool","tool_call_id":"c1","content":"a cat"}],
      "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}})"));
  EXPECT_EQ(body,
            json::parse(R"({"model":"m1","stream":false,"format":{"type":"object"},"messages":[
      {"role":"system","content":"d"},
      {"role":"user","content":"what is this?","images":["iVBORw0="]},
      {"role":"assistant","content":"","tool_calls":[{"function":{"name":"look","arguments":{"at":1}}}]},
      {"role":"tool","content":"a cat","tool_name":"look"}]})"));
}

TEST(Ollama, generates_where_that_is_asked_for) {
  auto const request =
      courier::make_adapter(submit(R"({"prompt":"def f(","suffix":"return x","system":"s"})"), "")
          ->request();
  EXPECT_EQ(request.path, "/api/generate");
  EXPECT_EQ(
      json::parse(request.body),
      json::parse(
          R"({"model":"m1","stream":true,"prompt":"def f(","suffix":"return x","system":"s"})"));
  EXPECT_EQ(courier::make_adapter(submit(R"({"prompt":"a"})", R"({"api":"generate"})"), "")
                ->request()
                .path,
            "/api/generate");
}

TEST(Ollama, refuses_what_it_cannot_send) {
  for (
      const auto &[parameters, why] : std::vector<std::pair<std::string, std::string>>{
          {"{}", "prompt is missing, and so is messages"},
          {R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]})",
           "messages has a picture that is not in a data URL"},
          {R"({"messages":[{"role":"user","content":[{"type":"input_audio"}]}]})",
           "messages has a part that is neither a text nor a picture"},
          {R"({"messages":[{"role":"user","content":7}]})",
           "messages has a content that is neither a text nor an array"},
          {R"({"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{"}}]}]})",
           "messages has a tool call without arguments"},
          {R"({"prompt":"a","response_format":{"type":"xml"}})",
           "response_format is none that Ollama has"},
          {R"({"prompt":"a","options":[]})", "options is not an object"},
          {R"({"prompt":"a","raw":true,"messages":[{"role":"user","content":"b"}]})",
           "prompt is all that /api/generate takes: messages are for /api/chat"}})
    EXPECT_EQ(text_adapter::body_of(submit(parameters)), "invalid_input: parameter " + why);
  EXPECT_EQ(text_adapter::body_of(submit(R"({"prompt":"a"})", R"({"api":"embed"})")),
            "invalid_input: adapter_options of the provider or the model: api is neither chat nor "
            "generate");
}

TEST(Ollama, takes_an_answer_wherever_it_is_cut) {
  std::string_view const body = conversation;
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    expect_conversation(
        text_adapter::run(submit(), lines, {body.substr(0, cut), body.substr(cut)}));
    if (testing::Test::HasFailure()) FAIL() << "cut at " << cut;
  }
  expect_conversation(text_adapter::run(submit(), lines, text_adapter::byte_by_byte(body)));
}

TEST(Ollama, never_takes_a_stream_that_breaks_for_an_answer) {
  for (std::size_t length = 0; length < conversation.size() - 1; ++length) {
    Ended const ended = answer(std::string_view(conversation).substr(0, length));
    EXPECT_EQ(ended.error_class, "ambiguous") << length << ended.message;
  }
  expect_conversation(answer(std::string_view(conversation).substr(0, conversation.size() - 1)));
}

TEST(Ollama, takes_what_generate_answers) {
  Ended const ended = answer(
      R"({"model":"m","response":"a","thinking":"t","done":false})"
      "\n"
      R"({"model":"m","response":"b","done":true,"done_reason":"length","context":[1,2,3],"eval_count":2})");
  EXPECT_EQ(ended.result, json::parse(R"({"text":"ab","finish_reason":"length","reasoning":"t"})"));
}

TEST(Ollama, takes_an_answer_at_once) {
  Ended const ended = text_adapter::run(
      submit(R"({"prompt":"hi","stream":false})"), "application/json; charset=utf-8",
      {R"({"model":"m","message":{"role":"assistant","content":"hello"},"done":true})"});
  EXPECT_EQ(ended.result, json::parse(R"({"text":"hello","finish_reason":"stop"})"));
  EXPECT_FALSE(ended.metadata.contains("first_token_ms"));
}

TEST(Ollama, writes_tool_calls_as_openai_does) {
  Ended const ended = answer(
      R"({"message":{"content":"","tool_calls":[{"function":{"name":"look","arguments":{"at":"sea"}}},)"
      R"({"id":"x","function":{"name":"go"}}]},"done":false})"
      "\n"
      R"({"message":{"content":""},"done":true,"done_reason":"stop"})");
  EXPECT_EQ(ended.result, json::parse(R"({"text":"","finish_reason":"tool_calls","tool_calls":[
      {"id":"call_0","type":"function","function":{"name":"look","arguments":"{\"at\":\"sea\"}"}},
      {"id":"x","type":"function","function":{"name":"go","arguments":"{}"}}]})"));
}

TEST(Ollama, reports_an_error_among_the_lines) {
  for (const auto &[error, error_class] : std::vector<std::pair<std::string, std::string>>{
           {"an error was encountered while running the model: CUDA error: out of memory",
            "worker_crash"},
           {"llama runner process no longer running: 2", "worker_crash"},
           {"something odd", "bad_response"}}) {
    Ended const ended = answer(R"({"message":{"content":"half"},"done":false})"
                               "\n"
                               R"({"error":")" +
                               error + "\"}\n");
    EXPECT_EQ(ended.error_class, error_class) << error;
    EXPECT_EQ(ended.message, "the server reports an error with status 200: " + error);
    EXPECT_EQ(ended.text, "half");
  }
}

TEST(Ollama, explains_an_error_status) {
  for (
      const auto &[status, body, expected] : std::vector<std::tuple<long, std::string, Explained>>{
          {400,
           R"({"error":"\"m1\" does not support tools"})",
           {"invalid_input", "the server answers 400: \"m1\" does not support tools"}},
          {404,
           R"({"error":"model 'm1' not found"})",
           {"invalid_input", "the server answers 404: model 'm1' not found"}},
          {500,
           R"-({"error":"model requires more system memory (5.5 GiB) than is available (3.1 GiB)"})-",
           {"worker_crash",
            "the server answers 500: model requires more system memory (5.5 GiB) than is available "
            "(3.1 GiB)"}},
          {500, "", {"overload", "the server answers 500"}},
          {503,
           R"({"error":"server busy, please try again.  maximum pending requests exceeded"})",
           {"throttled",
            "the server answers 503: server busy, please try again.  maximum pending requests "
            "exceeded"}},
          {401, R"({"error":"unauthorized"})", {"auth", "the server answers 401: unauthorized"}}})
    EXPECT_EQ(text_adapter::explained(submit(), status, body), expected);
}

TEST(Ollama, refuses_what_is_no_answer) {
  EXPECT_EQ(answer(R"({"message":{"content":""},"done":true,"done_reason":"load"})").message,
            "the model stopped for a reason that nobody knows: load");
  EXPECT_EQ(answer("[]\n").error_class, "bad_response");
  EXPECT_EQ(answer("hello\n").error_class, "bad_response");
  EXPECT_EQ(answer(std::string(5000000, 'x')).error_class, "too_large");
  EXPECT_EQ(text_adapter::run(submit(), "text/html", {""}).error_class, "bad_response");
  Ended const with_nul = answer(R"({"response":"a\u0000b","done":true})");
  EXPECT_EQ(with_nul.text, "a\uFFFDb");
}

}  // namespace
