// http_json_test.cpp -- requests, results and errors as a provider's options describe them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "courier/adapters/adapter.hpp"
#include "courier/adapters/http_json_options.hpp"

namespace {

using courier::Adapter;
using courier::AttemptError;
using nlohmann::json;
using wire::ErrorClass;

wire::Submit make_submit(const std::string &options = "") {
  wire::Submit submit;
  submit.adapter = "http_json";
  submit.options = options;
  submit.model = "m1";
  submit.parameters = R"({"prompt":"p","n":9007199254740993})";
  submit.max_output_bytes = 1000;
  return submit;
}

std::unique_ptr<Adapter> make_adapter(const std::string &options = "") {
  return courier::make_adapter(make_submit(options), testing::TempDir());
}

std::string result_of(std::string_view body, const std::string &options = "") {
  auto const adapter = make_adapter(options);
  adapter->begin_response({200, "application/json; charset=utf-8", false});
  for (char const &byte : body)  // wherever the answer is cut
    adapter->consume({&byte, 1});
  auto const result = std::get<courier::Result>(adapter->finish());
  EXPECT_TRUE(result.outputs.empty());
  return result.result;
}

struct Refusal {
  ErrorClass error_class;
  std::string message;
  friend bool operator==(const Refusal &, const Refusal &) = default;
};

Refusal refusal_of(std::string_view body, const std::string &options = "") {
  try {
    result_of(body, options);
  } catch (const AttemptError &error) {
    return {error.error_class(), error.message()};
  }
  return {ErrorClass::internal, "accepted"};
}

Refusal explained(long status, std::string_view body, const std::string &options = "") {
  auto const error = make_adapter(options)->explain({status, "application/json", false}, body);
  return {error.error_class(), error.message()};
}

TEST(HttpJson, sends_the_parameters_as_they_are) {
  auto const request = make_adapter()->request();
  EXPECT_EQ(request.path, "");
  EXPECT_EQ(request.body, R"({"prompt":"p","n":9007199254740993})");
}

TEST(HttpJson, names_the_model_where_the_server_wants_it) {
  auto const request = make_adapter(R"({"path":"/predict","model_key":"engine"})")->request();
  EXPECT_EQ(request.path, "/predict");
  EXPECT_EQ(json::parse(request.body),
            json::parse(R"({"prompt":"p","n":9007199254740993,"engine":"m1"})"));
}

TEST(HttpJson, takes_the_whole_answer_without_changing_it) {
  EXPECT_EQ(result_of(R"({"a": 1e2, "b": 12345678901234567890123})"),
            R"({"a": 1e2, "b": 12345678901234567890123})");
  EXPECT_EQ(result_of("[]"), "[]");
  EXPECT_EQ(result_of(R"({"error":null,"x":1})"), R"({"error":null,"x":1})");
  EXPECT_EQ(result_of(R"({"error":"","x":1})"), R"({"error":"","x":1})");
}

TEST(HttpJson, finds_the_result_where_the_provider_says) {
  EXPECT_EQ(result_of(R"({"output":[{"text":"yes"}],"id":7})", R"({"result":"/output/0/text"})"),
            R"("yes")");
  EXPECT_EQ(refusal_of(R"({"output":[]})", R"({"result":"/output/0/text"})"),
            (Refusal{ErrorClass::bad_response,
                     "the answer has nothing at /output/0/text, where the result should be"}));
}

TEST(HttpJson, gives_no_nul_to_the_database) {
  EXPECT_EQ(json::parse(result_of(R"({"a\u0000b":["\u0000"]})")),
            json::parse("{\"a\uFFFDb\":[\"\uFFFD\"]}"));
}

TEST(HttpJson, sees_an_error_that_comes_with_status_200) {
  EXPECT_EQ(refusal_of(R"({"error":"no memory"})"),
            (Refusal{ErrorClass::bad_response,
                     "the server reports an error with status 200: no memory"}));
  std::string const options =
      R"({"error":"/status/failed","error_message":"/status/why","error_code":"/status/code",)"
      R"("error_classes":{"17":"content_policy"}})";
  EXPECT_EQ(
      refusal_of(R"({"status":{"failed":true,"why":"nude","code":17}})", options),
      (Refusal{ErrorClass::content_policy, "the server reports an error with status 200: nude"}));
  EXPECT_EQ(refusal_of(R"({"status":{"failed":true,"why":"odd","code":18}})", options).error_class,
            ErrorClass::bad_response);
  EXPECT_EQ(result_of(R"({"status":{"failed":false}})", options), R"({"status":{"failed":false}})");
}

TEST(HttpJson, explains_an_error_status) {
  EXPECT_EQ(explained(429, "busy"), (Refusal{ErrorClass::throttled, "the server answers 429"}));
  EXPECT_EQ(explained(500, R"({"detail":"x"})"),
            (Refusal{ErrorClass::overload, "the server answers 500"}));
  EXPECT_EQ(explained(422, R"({"error":{"message":"too wide"}})"),
            (Refusal{ErrorClass::invalid_input, "the server answers 422: too wide"}));
  EXPECT_EQ(
      explained(400, R"({"error":{"code":"quota"}})", R"({"error_classes":{"quota":"payment"}})"),
      (Refusal{ErrorClass::payment, R"(the server answers 400: {"code":"quota"})"}));
}

TEST(HttpJson, refuses_what_is_no_answer) {
  EXPECT_EQ(refusal_of("{").error_class, ErrorClass::bad_response);
  EXPECT_EQ(refusal_of("").error_class, ErrorClass::bad_response);
  EXPECT_EQ(refusal_of("{} {}").error_class, ErrorClass::bad_response);
  EXPECT_EQ(refusal_of("\"" + std::string(999, 'x') + "\""),
            (Refusal{ErrorClass::too_large, "the answer has more than 1000 bytes"}));
  auto const adapter = make_adapter();
  EXPECT_THROW(adapter->begin_response({200, "text/html", false}), AttemptError);
}

TEST(HttpJson, refuses_options_it_does_not_know) {
  for (const auto &[options, why] : std::vector<std::pair<std::string, std::string>>{
           {"[]", "not a JSON object"},
           {R"({"reslt":""})", "the adapter http_json has no option \"reslt\""},
           {R"({"result":"x"})", "result is not a JSON pointer"},
           {R"({"result":1})", "result is not a text"},
           {R"({"path":"x"})", "path does not begin with a slash"},
           {R"({"error_classes":{"a":"bad"}})", "error_classes: there is no error class bad"},
           {R"({"error_classes":[]})", "error_classes is not an object"}}) {
    try {
      make_adapter(options);
      ADD_FAILURE() << options;
    } catch (const AttemptError &error) {
      EXPECT_EQ(error.error_class(), ErrorClass::invalid_input);
      EXPECT_EQ(error.message(), "adapter_options of the provider: " + why);
    }
  }
}

courier::HttpRequest request_of(const std::string &options) {
  return make_adapter(options)->request();
}

TEST(HttpJsonTemplate, gives_a_request_the_form_that_a_provider_wants) {
  auto const request = request_of(
      R"({"path": "/models/{model}/run", "request": {"version": "{model}", "ref": "job {id}",
          "input": "{parameters}", "count": "{parameters.n}", "stream": false,
          "list": ["{parameters.prompt}", "{parameters.absent}", 1], "absent": "{parameters.absent}"}})");
  EXPECT_EQ(request.path, "/models/m1/run");
  EXPECT_EQ(json::parse(request.body), json::parse(R"({
    "version": "m1", "ref": "job 00000000-0000-0000-0000-000000000000",
    "input": {"prompt": "p", "n": 9007199254740993}, "count": 9007199254740993, "stream": false,
    "list": ["p", 1]})"));
}

TEST(HttpJsonTemplate, is_no_more_than_what_it_says) {
  EXPECT_EQ(request_of(R"({"request": {}})").body, "{}");
  EXPECT_EQ(request_of(R"({"request": "{parameters.prompt}"})").body, "\"p\"");
  EXPECT_EQ(request_of(R"({"request": "{parameters.absent}"})").body, "null");
  EXPECT_EQ(request_of(R"({"request": {"a": "{parameters} {parameters.n} {x} {model}"}})").body,
            R"({"a":"{parameters} {parameters.n} {x} m1"})");
  EXPECT_EQ(request_of("{}").body, R"({"prompt":"p","n":9007199254740993})");
}

TEST(HttpJsonTemplate, parameters_are_data_and_no_templates) {
  wire::Submit submit = make_submit(R"({"request": {"input": "{parameters}"}})");
  submit.parameters = R"({"prompt": "{model} {parameters.prompt}"})";
  EXPECT_EQ(courier::make_adapter(submit, "")->request().body,
            R"({"input":{"prompt":"{model} {parameters.prompt}"}})");
}

TEST(HttpJsonTemplate, headers_are_sent_besides) {
  auto const request = request_of(R"({"headers": {"Prefer": "wait=60", "X-Model": "{model}"}})");
  EXPECT_EQ(request.headers,
            (std::vector<std::string>{"Content-Type: application/json", "Accept: application/json",
                                      "Prefer: wait=60", "X-Model: m1"}));
  wire::Submit submit = make_submit(R"({"headers": {"X-Model": "{model}"}})");
  submit.model = "a\r\nX-Evil: 1";
  EXPECT_THROW(courier::make_adapter(submit, "")->request(), AttemptError);
}

TEST(HttpJsonTemplate, members_need_an_object) {
  EXPECT_THROW(request_of(R"({"request": [], "model_key": "m"})"), AttemptError);
  EXPECT_THROW(request_of(R"({"request": "{parameters.prompt}", "id_key": "i"})"), AttemptError);
  EXPECT_EQ(request_of(R"({"request": {}, "model_key": "m"})").body, R"({"m":"m1"})");
}

TEST(HttpJsonTemplate, headers_that_are_none_are_refused) {
  for (const char *const options :
       {R"({"headers": []})", R"({"headers": {"": "x"}})", R"({"headers": {"a b": "x"}})",
        R"({"headers": {"a": 1}})", R"({"headers": {"a": "x\r\ny: z"}})",
        R"({"headers": {"a:": "x"}})"})
    EXPECT_THROW(make_adapter(options), AttemptError) << options;
}

}  // namespace
