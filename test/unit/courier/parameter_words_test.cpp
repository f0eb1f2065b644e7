// parameter_words_test.cpp -- parameters in a model's own words.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "courier/adapters/adapter.hpp"
#include "courier/adapters/options_error.hpp"
#include "courier/adapters/parameter_words.hpp"

namespace {

using courier::ParameterWords;
using Json = nlohmann::json;

Json translate(const std::string &options, const std::string &parameters) {
  return Json::parse(ParameterWords(options).translate(parameters));
}

Json body_of(const wire::Submit &submit) {
  auto const adapter = courier::make_adapter(submit, "/tmp");
  return Json::parse(adapter->request().body);
}

TEST(ParameterWords, rename) {
  EXPECT_EQ(translate(R"({"rename":{"steps":"num_inference_steps"}})", R"({"steps":4,"seed":7})"),
            Json::parse(R"({"num_inference_steps":4,"seed":7})"));
}

TEST(ParameterWords, put_other_values) {
  const char *const options =
      R"({"values":{"scheduler":{"euler_a":"K_EULER_ANCESTRAL"},"steps":{"4":5},"hd":{"true":"yes"}}})";
  EXPECT_EQ(translate(options, R"({"scheduler":"euler_a","steps":4,"hd":true})"),
            Json::parse(R"({"scheduler":"K_EULER_ANCESTRAL","steps":5,"hd":"yes"})"));
  EXPECT_EQ(translate(options, R"({"scheduler":"ddim","steps":6,"hd":false})"),
            Json::parse(R"({"scheduler":"ddim","steps":6,"hd":false})"));
}

TEST(ParameterWords, put_several_parameters_for_one) {
  const char *const options = R"({"values":{"aspect_ratio":{"16:9":{"width":1344,"height":768}}},
                                  "rename":{"width":"w"}})";
  EXPECT_EQ(translate(options, R"({"aspect_ratio":"16:9","steps":4})"),
            Json::parse(R"({"w":1344,"height":768,"steps":4})"));
  EXPECT_EQ(translate(options, R"({"aspect_ratio":"16:9","height":512})"),
            Json::parse(R"({"w":1344,"height":512})"))
      << "what a job says itself is not overruled";
}

TEST(ParameterWords, leave_alone_what_is_no_object) {
  EXPECT_EQ(ParameterWords(R"({"rename":{"a":"b"}})").translate("[1]"), "[1]");
  EXPECT_EQ(ParameterWords(R"({"rename":{"a":"b"}})").translate("nonsense"), "nonsense");
  EXPECT_TRUE(ParameterWords("").empty());
}

TEST(ParameterWords, refuse_what_they_are_not) {
  for (const char *const options : {"[]", "nonsense", R"({"rename":[]})", R"({"rename":{"a":1}})",
                                    R"({"values":1})", R"({"values":{"a":"b"}})"})
    EXPECT_THROW(ParameterWords const words(options), courier::OptionsError) << options;
}

TEST(ParameterWords, hold_for_every_adapter) {
  wire::Submit submit;
  submit.adapter = "openai_chat";
  submit.parameters = R"({"prompt":"p","max_tokens":100})";
  submit.options = R"({"rename":{"max_tokens":"max_completion_tokens"}})";
  Json const body = body_of(submit);
  EXPECT_EQ(body.at("max_completion_tokens"), 100);
  EXPECT_FALSE(body.contains("max_tokens"));
}

TEST(ParameterWords, leave_the_names_to_adapters_that_rename_themselves) {
  wire::Submit submit;
  submit.adapter = "replicate";
  submit.model = "owner/name";
  submit.parameters = R"({"prompt":"p","guidance":3,"scheduler":"euler_a"})";
  submit.options =
      R"({"rename":{"guidance":"guidance"},"values":{"scheduler":{"euler_a":"K_EULER_ANCESTRAL"}}})";
  Json const input = body_of(submit).at("input");
  EXPECT_EQ(input.at("guidance"), 3);
  EXPECT_EQ(input.at("scheduler"), "K_EULER_ANCESTRAL");
}

}  // namespace
