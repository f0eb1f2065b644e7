// openai_embeddings_test.cpp -- /embeddings: vectors as numbers and as base64, in any order.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "text_adapter.hpp"

namespace {

using nlohmann::json;
using text_adapter::Ended;
using text_adapter::Explained;

wire::Submit submit(const std::string &parameters = R"({"input":["a","b"]})") {
  return text_adapter::submit("openai_embeddings", parameters);
}

Ended answer(const std::string &body, const std::string &parameters = R"({"input":["a","b"]})") {
  Ended whole = text_adapter::run(submit(parameters), "application/json", {body});
  Ended const bytes =
      text_adapter::run(submit(parameters), "application/json", text_adapter::byte_by_byte(body));
  EXPECT_EQ(whole.result, bytes.result);
  EXPECT_EQ(whole.message, bytes.message);
  return whole;
}

TEST(OpenaiEmbeddings, asks_for_one_text_or_many) {
  auto const request = courier::make_adapter(submit(R"({"prompt":"a","n":1})"), "")->request();
  EXPECT_EQ(request.path, "/embeddings");
  EXPECT_EQ(json::parse(request.body), json::parse(R"({"model":"m1","input":"a"})"));
  EXPECT_EQ(text_adapter::body_of(submit(
                R"({"input":["a","b"],"encoding_format":"base64","dimensions":256,"user":null})")),
            json::parse(
                R"({"model":"m1","input":["a","b"],"encoding_format":"base64","dimensions":256})"));
}

TEST(OpenaiEmbeddings, refuses_what_it_cannot_send) {
  for (const auto &[parameters, why] : std::vector<std::pair<std::string, std::string>>{
           {"{}", "input or prompt must be given, and not both"},
           {R"({"input":"a","prompt":"b"})", "input or prompt must be given, and not both"},
           {R"({"prompt":1})", "prompt is not a text"},
           {R"({"input":[]})", "input is neither a text nor an array of texts"},
           {R"({"input":["a",1]})", "input is neither a text nor an array of texts"},
           {R"({"input":[1,"a"]})", "input is neither a text nor an array of texts"},
           {R"({"input":{}})", "input is neither a text nor an array of texts"}})
    EXPECT_EQ(text_adapter::body_of(submit(parameters)), "invalid_input: parameter " + why);
}

TEST(OpenaiEmbeddings, puts_vectors_in_the_order_of_the_texts) {
  Ended const ended = answer(R"({"object":"list","model":"e-1","data":[
      {"object":"embedding","index":1,"embedding":[0,-1e-7,3]},
      {"object":"embedding","index":0,"embedding":[0.25,2,-0.0023064255]}],
      "usage":{"prompt_tokens":2,"total_tokens":2}})");
  EXPECT_EQ(ended.message, "");
  EXPECT_EQ(ended.result,
            json::parse(R"({"embeddings":[[0.25,2,-0.0023064255],[0,-1e-7,3]],"dimensions":3})"));
  EXPECT_EQ(ended.metadata,
            json::parse(R"({"model":"e-1","usage":{"prompt_tokens":2,"total_tokens":2}})"));
}

TEST(OpenaiEmbeddings, reads_base64_as_floats) {
  // 1.0, -2.5, 0.1 and the smallest number there is, little-endian
  Ended const ended = answer(R"({"data":[{"index":0,"embedding":"AACAPwAAIMDNzMw9AQAAAA=="},
      {"embedding":"AAAAAAAAAAAAAAAAAACAvw=="}]})");
  EXPECT_EQ(ended.message, "");
  EXPECT_EQ(ended.result,
            json::parse(R"({"embeddings":[[1,-2.5,0.1,1e-45],[0,0,0,-1]],"dimensions":4})"));
}

TEST(OpenaiEmbeddings, an_array_of_tokens_is_one_text) {
  EXPECT_EQ(answer(R"({"data":[{"index":0,"embedding":[1]}]})", R"({"input":[5,6,7]})").message,
            "");
  EXPECT_EQ(answer(R"({"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[2]}]})",
                   R"({"input":[[5,6],[7]]})")
                .message,
            "");
}

TEST(OpenaiEmbeddings, takes_nothing_less_than_a_vector_for_each_text) {
  for (const auto &[data, why] : std::vector<std::pair<std::string, std::string>>{
           {"[]", "fewer vectors than texts"},
           {R"([{"index":0,"embedding":[1]}])", "fewer vectors than texts"},
           {R"([{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}])",
            "two vectors for one text"},
           {R"([{"index":2,"embedding":[1]}])", "a vector that nobody asked for"},
           {R"([{"index":-1,"embedding":[1]}])", "a vector that nobody asked for"},
           {R"([{"index":0,"embedding":[1]},{"index":1,"embedding":[1,2]}])",
            "vectors of different lengths"},
           {R"([{"index":0,"embedding":[]}])", "an empty vector"},
           {R"([{"index":0,"embedding":[null]}])", "a vector that is not made of numbers"},
           {R"([{"index":0,"embedding":[[1,2],[3,4]]}])", "a vector that is not made of numbers"},
           {R"([{"index":0}])", "an entry without a vector"},
           {R"([7])", "an entry without a vector"},
           {R"([{"index":0,"embedding":"AACAPw"}])", "a vector that is not base64"},
           {R"([{"index":0,"embedding":"AACA"}])", "a vector that is not made of floats"},
           {R"([{"index":0,"embedding":"AADAfw=="}])", "a vector with a number that is none"}}) {
    Ended const ended = answer(R"({"data":)" + data + "}");
    EXPECT_EQ(ended.error_class, "bad_response") << data;
    EXPECT_NE(ended.message.find(why), std::string::npos) << data << ": " << ended.message;
  }
  EXPECT_EQ(answer("{").error_class, "bad_response");
  EXPECT_EQ(answer("{}").error_class, "bad_response");
}

TEST(OpenaiEmbeddings, is_bounded) {
  wire::Submit small = submit(R"({"input":"a"})");
  small.max_output_bytes = 10;
  EXPECT_EQ(
      text_adapter::run(small, "application/json", {R"({"data":[{"embedding":[0.125,0.125]}]})"})
          .error_class,
      "too_large");
  EXPECT_EQ(answer("[" + std::string((std::size_t{16} << 20), ' ') + "]").error_class, "too_large");
}

TEST(OpenaiEmbeddings, knows_the_errors_of_its_servers) {
  EXPECT_EQ(
      answer(R"({"object":"error","message":"no pooling","type":"BadRequestError","code":400})")
          .error_class,
      "invalid_input");
  // llama-server without --embeddings
  EXPECT_EQ(
      text_adapter::explained(
          submit(), 501,
          R"({"error":{"code":501,"message":"This server does not support embeddings.","type":"not_supported_error"}})"),
      (Explained{"invalid_input",
                 "the server answers 501: This server does not support embeddings."}));
  EXPECT_EQ(text_adapter::explained(
                submit(), 400,
                R"({"error":{"message":"$.input is invalid","type":"invalid_request_error"}})"),
            (Explained{"invalid_input", "the server answers 400: $.input is invalid"}));
}

}  // namespace
