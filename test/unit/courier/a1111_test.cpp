// a1111_test.cpp -- AUTOMATIC1111's API, without any network.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "adapter_talk.hpp"
#include "sample_media.hpp"

namespace {

using courier::Adapter;
using courier::Result;
using nlohmann::json;
using test::Refusal;
using wire::ErrorClass;

wire::Submit make_submit(const std::string &parameters = R"({"prompt":"p"})",
                         const std::string &options = "") {
  wire::Submit submit;
  submit.adapter = "a1111";
  submit.options = options;
  submit.parameters = parameters;
  submit.max_output_bytes = 1 << 20;
  return submit;
}

std::unique_ptr<Adapter> make_adapter(const std::string &parameters = R"({"prompt":"p"})",
                                      const std::string &options = "") {
  return courier::make_adapter(make_submit(parameters, options), testing::TempDir());
}

std::string answer_with(const std::vector<std::string> &pictures, const json &info = "",
                        const std::string &parameters = R"({"prompt":"p"})") {
  json images = json::array();
  for (const std::string &picture : pictures)
    images.push_back(test::to_base64(picture));
  return R"({"images":)" + images.dump() + R"(,"parameters":)" + parameters + R"(,"info":)" +
         json(info.is_string() ? info : json(info.dump())).dump() + "}";
}

json body_of(const std::string &parameters, const std::string &options = "") {
  json body = json::parse(make_adapter(parameters, options)->request().body);
  EXPECT_EQ(body.at("force_task_id"), "00000000-0000-0000-0000-000000000000");
  body.erase("force_task_id");
  return body;
}

TEST(A1111, puts_the_parameters_where_the_server_has_them) {
  EXPECT_EQ(make_adapter()->request().path, "/sdapi/v1/txt2img");
  EXPECT_EQ(
      body_of(R"({"prompt":"p","negative_prompt":"q","size":"640x480","n":2,"seed":5,"steps":20,
      "guidance":7.5,"sampler":"Euler a","scheduler":"Karras","styles":["s"],"subseed":null})"),
      json::parse(R"({"prompt":"p","negative_prompt":"q","width":640,"height":480,"batch_size":2,
      "seed":5,"steps":20,"cfg_scale":7.5,"sampler_name":"Euler a","scheduler":"Karras",
      "styles":["s"],"send_images":true,"save_images":false})"));
}

TEST(A1111, makes_pictures_from_pictures) {
  auto const request =
      make_adapter(R"({"prompt":"p","image":"AAAA","mask":"BB","strength":0.5})")->request();
  EXPECT_EQ(request.path, "/sdapi/v1/img2img");
  json const body = json::parse(request.body);
  EXPECT_EQ(body.at("init_images"), json({"AAAA"}));
  EXPECT_EQ(body.at("mask"), "BB");
  EXPECT_EQ(body.at("denoising_strength"), 0.5);
  EXPECT_EQ(make_adapter(R"({"init_images":["AAAA","BBBB"]})")->request().path,
            "/sdapi/v1/img2img");
}

TEST(A1111, parameters_go_before_what_every_request_has) {
  EXPECT_EQ(body_of(R"({"prompt":"p","steps":4})",
                    R"({"request":{"steps":9,"save_images":true,"n_iter":2,
                        "override_settings":{"sd_model_checkpoint":"x"}}})"),
            json::parse(R"({"prompt":"p","steps":4,"send_images":true,"save_images":true,"n_iter":2,
                "override_settings":{"sd_model_checkpoint":"x"}})"));
  EXPECT_EQ(make_adapter(R"({"n":3})", R"({"request":{"n_iter":2}})")->max_outputs(), 7U);
}

TEST(A1111, refuses_what_cannot_be_sent) {
  auto const why = [](const std::string &parameters, const std::string &options = "") {
    return test::refusal_of([&] { make_adapter(parameters, options); });
  };
  EXPECT_EQ(why("7"), (Refusal{ErrorClass::invalid_input, "the parameters are not a JSON object"}));
  EXPECT_EQ(why(R"({"n":64})").message, "parameter n is not an integer from 1 to 63");
  EXPECT_EQ(why(R"({"batch_size":0})").message,
            "parameter batch_size is not an integer from 1 to 63");
  EXPECT_EQ(why(R"({"n_iter":"2"})").message, "parameter n_iter is not an integer from 1 to 63");
  EXPECT_EQ(why(R"({"n_iter":8,"n":8})").message,
            "batch_size and n_iter make more than 63 pictures");
  EXPECT_EQ(
      why("{}", R"({"sampler":"x"})").message,
      "adapter_options of the provider or the model: the adapter a1111 has no option \"sampler\"");
}

TEST(A1111, takes_the_pictures_with_their_seeds) {
  std::string const first = test::make_png(8, 8);
  std::string const second = test::make_png(9, 9);
  auto const adapter = make_adapter(R"({"prompt":"p","n":2,"seed":40})");
  auto const step = test::answer(
      *adapter,
      answer_with({first, second}, {{"seed", 7}, {"all_seeds", {7, 9}}, {"infotexts", {"a"}}}), 200,
      11);
  const auto &result = std::get<Result>(step);
  ASSERT_EQ(result.outputs.size(), 2U);
  EXPECT_EQ(test::contents(result.outputs[0]), first);
  EXPECT_EQ(test::contents(result.outputs[1]), second);
  EXPECT_EQ(result.outputs[1].seed, 9);
  EXPECT_EQ(json::parse(result.metadata),
            json::parse(R"({"outputs":[{"index":0,"seed":7},{"index":1,"seed":9}]})"));
}

TEST(A1111, takes_pictures_without_information) {
  std::string const picture = test::make_png(8, 8);
  for (const json &info : {json(""), json("not JSON"), json::array(), json{{"all_seeds", 7}},
                           json{{"index_of_first_image", 1}}}) {
    auto const step = test::answer(*make_adapter(R"({"seed":3})"), answer_with({picture}, info));
    EXPECT_EQ(std::get<Result>(step).outputs.at(0).seed, 3) << info;
  }
  auto const step =
      test::answer(*make_adapter(), R"({"images":[")" + test::to_base64(picture) + R"("]})");
  EXPECT_EQ(std::get<Result>(step).outputs.at(0).seed, -1);
}

TEST(A1111, leaves_the_grid_and_what_extensions_add) {
  std::string const grid = test::make_png(20, 20);
  std::string const first = test::make_png(8, 8);
  std::string const second = test::make_png(9, 9);
  json const info = {{"index_of_first_image", 1}, {"all_seeds", {1, 2}}};
  auto step =
      test::answer(*make_adapter(R"({"n":2})"), answer_with({grid, first, second, grid}, info));
  ASSERT_EQ(std::get<Result>(step).outputs.size(), 2U);
  EXPECT_EQ(test::contents(std::get<Result>(step).outputs[0]), first);
  EXPECT_EQ(test::contents(std::get<Result>(step).outputs[1]), second);
  EXPECT_EQ(std::get<Result>(step).outputs[1].index, 1U);
  EXPECT_EQ(std::get<Result>(step).outputs[1].seed, 2);
  step = test::answer(*make_adapter(), answer_with({first, grid, grid, grid}));
  ASSERT_EQ(std::get<Result>(step).outputs.size(), 1U);
  EXPECT_EQ(test::contents(std::get<Result>(step).outputs[0]), first);
}

TEST(A1111, does_not_keep_the_request_that_comes_back) {
  std::string const picture = test::make_png(8, 8);
  std::string const large(std::size_t{2} << 20, 'A');
  auto const step = test::answer(
      *make_adapter(), answer_with({picture}, "", R"({"init_images":[")" + large + R"("]})"));
  EXPECT_EQ(test::contents(std::get<Result>(step).outputs.at(0)), picture);
}

TEST(A1111, takes_nothing_that_was_interrupted) {
  std::string const picture = test::make_png(8, 8);
  auto const adapter = make_adapter();
  EXPECT_FALSE(adapter->outlives_connection());
  adapter->request();
  auto const cancel = adapter->cancel_request();
  ASSERT_TRUE(cancel);
  EXPECT_EQ(cancel->path, "/sdapi/v1/interrupt");
  EXPECT_EQ(test::refused_answer(*adapter, answer_with({picture})),
            (Refusal{ErrorClass::bad_response,
                     "the pictures are what was there when they were interrupted"}));
  EXPECT_EQ(test::refused_answer(*make_adapter(R"({"n":2})"), answer_with({picture})).message,
            "the answer has 1 of the 2 pictures asked for; somebody may have interrupted it");
}

TEST(A1111, refuses_results_that_are_none) {
  std::string const picture = test::make_png(8, 8);
  auto const why = [](const std::string &body) {
    return test::refused_answer(*make_adapter(), body);
  };
  for (const char *body : {"{}", "[]", R"({"images":[]})", R"({"images":{"a":"AAAA"}})",
                           R"({"images":[7]})", R"({"images":null})"})
    EXPECT_EQ(why(body).message,
              "the answer has 0 of the 1 pictures asked for; somebody may have interrupted it")
        << body;
  EXPECT_EQ(why(R"({"error":"RuntimeError","detail":"","errors":"boom"})").message,
            "the server reports an error with status 200: RuntimeError: boom");
  EXPECT_EQ(why(R"({"error":"RuntimeError","detail":"boom","errors":"boom"})"),
            (Refusal{ErrorClass::bad_response,
                     "the server reports an error with status 200: RuntimeError: boom"}));
  EXPECT_EQ(why(R"({"error":"OutOfMemoryError","errors":"CUDA out of memory."})"),
            (Refusal{ErrorClass::worker_crash,
                     "the server reports an error with status 200: OutOfMemoryError: CUDA out of "
                     "memory."}));
  EXPECT_EQ(why(R"({"images":[""]})").message, "images[0] is too short for a picture");
  EXPECT_EQ(why(answer_with({picture.substr(0, picture.size() - 3)})).error_class,
            ErrorClass::bad_response);
  std::string const whole = answer_with({picture});
  EXPECT_EQ(why(whole.substr(0, whole.size() - 1)).error_class, ErrorClass::bad_response);
  EXPECT_EQ(why("").error_class, ErrorClass::bad_response);
}

TEST(A1111, explains_what_the_server_refuses) {
  auto const why = [](long status, const char *body) {
    return test::explained(*make_adapter(), status, body);
  };
  EXPECT_EQ(why(404, R"({"detail":"Sampler not found"})"),
            (Refusal{ErrorClass::invalid_input, "the server answers 404: Sampler not found"}));
  EXPECT_EQ(why(422, R"({"detail":[{"loc":["body","steps"],"msg":"value is not a valid integer",
      "type":"type_error.integer"},{"loc":["body",0],"msg":"odd"}]})"),
            (Refusal{ErrorClass::invalid_input,
                     "the server answers 422: body.steps: value is not a "
                     "valid integer; body.0: odd"}));
  EXPECT_EQ(
      why(500,
          R"({"error":"OutOfMemoryError","detail":"","body":"","errors":"CUDA out of memory."})"),
      (Refusal{ErrorClass::worker_crash,
               "the server answers 500: OutOfMemoryError: CUDA out of memory."}));
  EXPECT_EQ(why(500, R"({"error":"RuntimeError","detail":"d","body":"","errors":"e"})"),
            (Refusal{ErrorClass::overload, "the server answers 500: RuntimeError: d: e"}));
  EXPECT_EQ(why(401, R"({"detail":"Incorrect username or password"})").error_class,
            ErrorClass::auth);
  EXPECT_EQ(why(502, "<html>"), (Refusal{ErrorClass::overload, "the server answers 502"}));
}

}  // namespace
