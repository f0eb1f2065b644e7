// gemini_test.cpp -- generateContent, its stream, and :predict.
#include <gtest/gtest.h>

#include <openssl/evp.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "text_adapter.hpp"

namespace {

using nlohmann::json;
using text_adapter::Ended;
using text_adapter::Explained;

constexpr const char *event_stream = "text/event-stream";
constexpr const char *json_type = "application/json; charset=UTF-8";

wire::Submit submit(const std::string &model = "gemini-2.5-flash",
                    const std::string &parameters = R"({"prompt":"hi"})",
                    const std::string &options = "") {
  wire::Submit submit = text_adapter::submit("gemini", parameters, options);
  submit.model = model;
  return submit;
}

json body_of(const std::string &parameters, const std::string &model = "gemini-2.5-flash") {
  return text_adapter::body_of(submit(model, parameters));
}

std::string picture() {
  std::ifstream file(ATELIER_CORPUS "/media/still.png", std::ios::binary);
  std::string const bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  int const length = EVP_EncodeBlock(reinterpret_cast<unsigned char *>(text.data()),
                                     reinterpret_cast<const unsigned char *>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::string event(const std::string &document) { return "data: " + document + "\r\n\r\n"; }

const std::string conversation =
    event(
        R"({"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"Gr\u00fc"}],)"
        R"("role":"model"},"index":0}],"modelVersion":"g-2.5","responseId":"r1"})") +
    event(
        "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\u00df \U0001F600\"}]},"
        "\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":4,"
        "\"candidatesTokenCount\":2,\"totalTokenCount\":9,\"thoughtsTokenCount\":3}}");

void expect_conversation(const Ended &ended) {
  EXPECT_EQ(ended.message, "");
  EXPECT_EQ(ended.text, "Gr\u00fc\u00df \U0001F600");
  EXPECT_EQ(ended.result, (json{{"text", "Gr\u00fc\u00df \U0001F600"},
                                {"finish_reason", "stop"},
                                {"reasoning", "hm"}}));
  EXPECT_EQ(ended.metadata.value("modelVersion", ""), "g-2.5");
  EXPECT_EQ(ended.metadata.value("usage", json()),
            json::parse(R"({"prompt_tokens":4,"completion_tokens":2,"total_tokens":9,)"
                        R"("reasoning_tokens":3})"));
}

Ended streamed(const std::string &body) {
  return text_adapter::run(submit(), event_stream, {body});
}

TEST(Gemini, streams_texts) {
  auto const request =
      courier::make_adapter(submit("gemini 2/x", R"({"prompt":"hi","system":"Be brief.",
        "temperature":0.5,"top_p":0.9,"max_tokens":7,"stop":"END","seed":3,
        "safety_settings":[],"thinking_config":{"thinkingBudget":0}})"),
                            "")
          ->request();
  EXPECT_EQ(request.path, "/models/gemini%202%2Fx:streamGenerateContent");
  EXPECT_EQ(request.query, "alt=sse");
  EXPECT_EQ(json::parse(request.body), json::parse(R"({
    "contents":[{"role":"user","parts":[{"text":"hi"}]}],
    "systemInstruction":{"parts":[{"text":"Be brief."}]},"safetySettings":[],
    "generationConfig":{"temperature":0.5,"topP":0.9,"maxOutputTokens":7,"stopSequences":["END"],
      "seed":3,"thinkingConfig":{"thinkingBudget":0}}})"));
  auto const whole =
      courier::make_adapter(submit("g", R"({"prompt":"hi","stream":false})"), "")->request();
  EXPECT_EQ(whole.path, "/models/g:generateContent");
  EXPECT_EQ(whole.query, "");
}

TEST(Gemini, puts_messages_and_tools_into_its_words) {
  EXPECT_EQ(body_of(R"({"messages":[
      {"role":"system","content":"s"},
      {"role":"user","content":[{"type":"text","text":"what?"},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0="}}]},
      {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",
        "function":{"name":"look","arguments":"{\"at\":1}"}}]},
      {"role":"tool","tool_call_id":"c1","content":"a cat"}],
      "tools":[{"type":"function","function":{"name":"look","parameters":{"type":"object"},"strict":true}},{"googleSearch":{}}],
      "tool_choice":{"type":"function","function":{"name":"look"}},
      "response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object"}}}})"),
            json::parse(R"({"contents":[
      {"role":"user","parts":[{"text":"what?"},{"inlineData":{"mimeType":"image/png","data":"iVBORw0="}}]},
      {"role":"model","parts":[{"functionCall":{"name":"look","args":{"at":1}}}]},
      {"role":"user","parts":[{"functionResponse":{"name":"look","response":{"result":"a cat"}}}]}],
      "systemInstruction":{"parts":[{"text":"s"}]},
      "tools":[{"googleSearch":{}},{"functionDeclarations":[{"name":"look","parameters":{"type":"object"}}]}],
      "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["look"]}},
      "generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object"}}})"));
}

TEST(Gemini, asks_models_that_make_pictures_for_pictures) {
  auto const request =
      courier::make_adapter(
          submit("gemini-2.5-flash-image", R"({"prompt":"a cat","aspect_ratio":"16:9"})"), "")
          ->request();
  EXPECT_EQ(request.path, "/models/gemini-2.5-flash-image:generateContent");
  EXPECT_EQ(json::parse(request.body).at("generationConfig"),
            json::parse(
                R"({"responseModalities":["TEXT","IMAGE"],"imageConfig":{"aspectRatio":"16:9"}})"));
  EXPECT_EQ(body_of(R"({"prompt":"a","response_modalities":["IMAGE"]})").at("generationConfig"),
            json::parse(R"({"responseModalities":["IMAGE"]})"));
}

TEST(Gemini, refuses_what_it_cannot_send) {
  for (const auto &[parameters, why] : std::vector<std::pair<std::string, std::string>>{
           {"{}", "prompt is missing, and so is messages"},
           {R"({"prompt":"a","n":2})", "n is not 1: a job has one answer"},
           {R"({"prompt":"a","response_format":{"type":"xml"}})",
            "response_format is none that Gemini has"},
           {R"({"prompt":"a","tools":[{"type":"function"}]})", "tools has one without a function"},
           {R"({"messages":[{"role":"user"}]})", "messages has one without a content"}})
    EXPECT_EQ(body_of(parameters), "invalid_input: parameter " + why);
  EXPECT_EQ(body_of(R"({"prompt":"a"})", ""), "invalid_input: parameter model is missing");
  EXPECT_EQ(body_of(R"({"prompt":"a","n":9})", "imagen-4"),
            "invalid_input: parameter n is not an integer from 1 to 8");
}

TEST(Gemini, takes_a_stream_wherever_it_is_cut) {
  std::string_view const body = conversation;
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    expect_conversation(
        text_adapter::run(submit(), event_stream, {body.substr(0, cut), body.substr(cut)}));
    if (testing::Test::HasFailure()) FAIL() << "cut at " << cut;
  }
  expect_conversation(text_adapter::run(submit(), event_stream, text_adapter::byte_by_byte(body)));
}

TEST(Gemini, never_takes_a_stream_that_breaks_for_an_answer) {
  for (std::size_t length = 0; length < conversation.size() - 4; ++length)
    EXPECT_EQ(streamed(conversation.substr(0, length)).error_class, "ambiguous") << length;
  expect_conversation(streamed(conversation.substr(0, conversation.size() - 4)));
}

TEST(Gemini, takes_an_answer_at_once_with_tool_calls) {
  Ended const ended = text_adapter::run(
      submit("g", R"({"prompt":"hi","stream":false})"), json_type,
      text_adapter::byte_by_byte(R"({"candidates":[{"content":{"parts":[{"text":"I look."},
        {"functionCall":{"name":"look","args":{"at":"sea"}},"thoughtSignature":"QUFBQQ=="}]},
        "finishReason":"STOP"}]})"));
  EXPECT_EQ(ended.result,
            json::parse(R"({"text":"I look.","finish_reason":"tool_calls","tool_calls":[
      {"id":"call_0","type":"function","function":{"name":"look","arguments":"{\"at\":\"sea\"}"}}]})"));
}

TEST(Gemini, what_is_stopped_for_its_content_is_refused) {
  for (const char *const reason :
       {"SAFETY", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "BLOCKLIST", "RECITATION", "SPII"}) {
    Ended const ended =
        streamed(event(R"({"candidates":[{"finishReason":")" + std::string(reason) + "\"}]}"));
    EXPECT_EQ(ended.error_class, "content_policy");
    EXPECT_EQ(ended.message, "the answer was stopped for its content: " + std::string(reason));
  }
  Ended const blocked =
      streamed(event(R"({"promptFeedback":{"blockReason":"OTHER","blockReasonMessage":"no"}})"));
  EXPECT_EQ(blocked.error_class, "content_policy");
  EXPECT_EQ(blocked.message, "the prompt was blocked: OTHER: no");
}

TEST(Gemini, an_unknown_reason_is_no_end) {
  for (const char *const reason : {"OTHER", "MALFORMED_FUNCTION_CALL", "QUITE_UNHEARD_OF"}) {
    Ended const ended =
        streamed(event(R"({"candidates":[{"finishReason":")" + std::string(reason) + "\"}]}"));
    EXPECT_EQ(ended.error_class, "bad_response");
    EXPECT_NE(ended.message.find(reason), std::string::npos);
  }
  EXPECT_EQ(streamed(event(R"({"candidates":[{"finishReason":"MAX_TOKENS"}]})"))
                .result.value("finish_reason", ""),
            "length");
  EXPECT_EQ(streamed(event("[]")).error_class, "bad_response");
  EXPECT_EQ(streamed(event(R"({"candidates":[{},{}]})")).error_class, "bad_response");
}

TEST(Gemini, takes_pictures_out_of_the_answer) {
  std::string const body = R"({"candidates":[{"content":{"parts":[{"text":"Here."},
      {"inlineData":{"mimeType":"image/png","data":")" +
                           picture() + R"("},"thought":true},
      {"inlineData":{"mimeType":"image/png","data":")" +
                           picture() + R"("}}]},"finishReason":"STOP"}]})";
  wire::Submit const asked = submit("gemini-2.5-flash-image");
  Ended const ended = text_adapter::run(asked, json_type, text_adapter::byte_by_byte(body));
  ASSERT_EQ(ended.message, "");
  ASSERT_EQ(ended.outputs.size(), 1U);  // the other one was a draft
  EXPECT_EQ(ended.outputs[0].index, 0U);
  EXPECT_EQ(ended.outputs[0].media_type, "image/png");
  EXPECT_EQ(ended.result, json::parse(R"({"text":"Here.","finish_reason":"stop"})"));
  Ended const none = text_adapter::run(
      asked, json_type,
      {R"({"candidates":[{"content":{"parts":[{"text":"No."}]},"finishReason":"STOP"}]})"});
  EXPECT_EQ(none.error_class, "bad_response");
  EXPECT_EQ(none.message, "the answer has no picture");
}

TEST(Imagen, asks_for_samples) {
  auto const request =
      courier::make_adapter(
          submit("imagen-4.0",
                 R"({"prompt":"a cat","n":2,"width":1280,"height":720,"negative_prompt":"dog"})"),
          "")
          ->request();
  EXPECT_EQ(request.path, "/models/imagen-4.0:predict");
  EXPECT_EQ(json::parse(request.body), json::parse(R"({"instances":[{"prompt":"a cat"}],
    "parameters":{"sampleCount":2,"aspectRatio":"16:9","negativePrompt":"dog"}})"));
}

TEST(Imagen, takes_nothing_but_an_object_for_an_answer) {
  Ended const ended =
      text_adapter::run(submit("imagen-4.0"), json_type, {R"([{"predictions":[]}])"});
  EXPECT_EQ(ended.error_class, "bad_response");
  EXPECT_EQ(ended.message, "the answer is not a JSON object");
}

TEST(Imagen, is_done_with_what_was_not_filtered) {
  wire::Submit const asked = submit("imagen-4.0", R"({"prompt":"a cat","n":2})");
  std::string const one = R"({"mimeType":"image/png","bytesBase64Encoded":")" + picture() + "\"}";
  Ended const two =
      text_adapter::run(asked, json_type, {R"({"predictions":[)" + one + "," + one + "]}"});
  EXPECT_EQ(two.outputs.size(), 2U);
  EXPECT_EQ(two.metadata, json::object());
  Ended const less = text_adapter::run(
      asked, json_type, {R"({"predictions":[{"raiFilteredReason":"too much"},)" + one + "]}"});
  EXPECT_EQ(less.outputs.size(), 1U);
  EXPECT_EQ(less.metadata, json::parse(R"({"filtered":1,"filtered_reason":"too much"})"));
  Ended const none = text_adapter::run(asked, json_type,
                                       {R"({"predictions":[{"raiFilteredReason":"too much"}]})"});
  EXPECT_EQ(none.error_class, "content_policy");
  EXPECT_EQ(none.message, "too much");
  EXPECT_EQ(text_adapter::run(asked, json_type, {"{}"}).error_class, "content_policy");
  std::string const three = R"({"predictions":[)" + one + "," + one + "," + one + "]}";
  EXPECT_EQ(text_adapter::run(asked, json_type, {three}).error_class, "bad_response");
}

TEST(Gemini, knows_the_errors) {
  std::string const exhausted =
      R"({"error":{"code":429,"message":"You exceeded your current quota.","status":"RESOURCE_EXHAUSTED",
      "details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure"},
      {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"27.5s"}]}})";
  auto const error =
      courier::make_adapter(submit(), "")->explain({429, json_type, false}, exhausted);
  EXPECT_EQ(error.error_class(), wire::ErrorClass::throttled);
  EXPECT_EQ(error.retry_after().count(), 27500);
  EXPECT_EQ(streamed(event(json::parse(exhausted).dump())).error_class, "throttled");
  EXPECT_EQ(
      streamed(event(R"({"error":{"code":500,"message":"on fire","status":"INTERNAL"}})")).message,
      "the server reports an error with status 200: on fire");
  for (
      const auto &[status, body, expected] : std::vector<std::tuple<long, std::string, Explained>>{
          {400,
           R"({"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}})",
           {"auth", "the server answers 400: API key not valid."}},
          {400,
           R"({"error":{"code":400,"message":"Please enable billing.","status":"FAILED_PRECONDITION"}})",
           {"payment", "the server answers 400: Please enable billing."}},
          {400,
           R"([{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}])",
           {"invalid_input", "the server answers 400: bad"}},
          {403,
           R"({"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}})",
           {"auth", "the server answers 403: no"}},
          {404,
           R"({"error":{"code":404,"message":"models/x is not found","status":"NOT_FOUND"}})",
           {"invalid_input", "the server answers 404: models/x is not found"}},
          {402,
           R"({"error":{"code":402,"message":"no credit","status":"UNKNOWN"}})",
           {"payment", "the server answers 402: no credit"}},
          {503,
           R"({"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}})",
           {"overload", "the server answers 503: overloaded"}},
          {500, "<html>", {"overload", "the server answers 500"}}})
    EXPECT_EQ(text_adapter::explained(submit(), status, body), expected);
}

}  // namespace
