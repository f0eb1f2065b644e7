#include "runner/service/image_request.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runner/service/api_error.hpp"

namespace runner::test {
namespace {

const RequestLimits limits{{64, 64, 8, 1000}, 16384, 150};

ImageRequest parse(const std::string &body) { return parse_image_request(body, limits); }

TEST(ImageRequest, OnlyThePromptIsNeeded) {
  const auto request = parse(R"({"prompt":"a cat"})");
  EXPECT_EQ(request.picture.prompt, "a cat");
  EXPECT_FALSE(request.picture.negative_prompt);
  EXPECT_EQ(request.picture.width, 64);
  EXPECT_EQ(request.picture.height, 64);
  EXPECT_EQ(request.picture.steps, 25);
  EXPECT_EQ(request.picture.guidance, 5.0);
  EXPECT_EQ(request.picture.count, 1);
  EXPECT_FALSE(request.has_seed);
  EXPECT_FALSE(request.model);
}

TEST(ImageRequest, TakesEveryField) {
  const auto request = parse(R"({"prompt":"a cat","negative_prompt":"","size":"96x128","n":10,
      "steps":1,"guidance":0,"seed":9007199254740993,"model":"m","user":"u",
      "response_format":"b64_json","output_format":"png"})");
  EXPECT_EQ(request.picture.negative_prompt, "");
  EXPECT_EQ(request.picture.width, 96);
  EXPECT_EQ(request.picture.height, 128);
  EXPECT_EQ(request.picture.count, 10);
  EXPECT_EQ(request.picture.steps, 1);
  EXPECT_EQ(request.picture.guidance, 0);
  EXPECT_TRUE(request.has_seed);
  EXPECT_EQ(request.picture.seed, 9007199254740993U);
  EXPECT_EQ(request.model, "m");
}

TEST(ImageRequest, NullMeansAbsent) {
  const auto request = parse(R"({"prompt":"a cat","negative_prompt":null,"size":null,"seed":null,
      "width":null,"n":null,"response_format":null})");
  EXPECT_FALSE(request.picture.negative_prompt);
  EXPECT_FALSE(request.has_seed);
}

TEST(ImageRequest, WidthAndHeightReplaceSize) {
  const auto request = parse(R"({"prompt":"a","width":128,"height":64})");
  EXPECT_EQ(request.picture.width, 128);
  EXPECT_EQ(request.picture.height, 64);
}

struct Bad {
  const char *body, *param, *message;
};

class BadRequests : public testing::TestWithParam<Bad> {};

TEST_P(BadRequests, AreRefusedWithTheFieldAndAReason) {
  const auto &bad = GetParam();
  try {
    parse(bad.body);
    FAIL() << "accepted " << bad.body;
  } catch (const ApiError &error) {
    EXPECT_EQ(error.status, 400);
    EXPECT_EQ(error.param, bad.param) << bad.body;
    EXPECT_NE(std::string(error.what()).find(bad.message), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    ImageRequest, BadRequests,
    testing::Values(
        Bad{"", "", "not valid JSON"}, Bad{"{", "", "not valid JSON"},
        Bad{"[]", "", "not a JSON object"}, Bad{"\"prompt\"", "", "not a JSON object"},
        Bad{"{\"prompt\":\"\xff\"}", "", "not valid UTF-8"},
        Bad{R"({"prompt":"\ud800"})", "", "not valid JSON"},
        Bad{R"({"prompt":"a","guidance":1e999})", "", "out of range"},
        Bad{"{}", "prompt", "missing or empty"}, Bad{R"({"prompt":""})", "prompt", "empty"},
        Bad{"{\"prompt\":\" \\t\\u3000\"}", "prompt", "empty"},
        Bad{R"({"prompt":["a"]})", "prompt", "must be a string"},
        Bad{R"({"prompt":"a","negative_prompt":1})", "negative_prompt", "must be a string"},
        Bad{R"({"prompt":"a","size":"64"})", "size", "must look like"},
        Bad{R"({"prompt":"a","size":"64x"})", "size", "must look like"},
        Bad{R"({"prompt":"a","size":"64x64x64"})", "size", "must look like"},
        Bad{R"({"prompt":"a","size":"99999999999999999999x64"})", "size", "must look like"},
        Bad{R"({"prompt":"a","size":"-64x64"})", "size", "impossible"},
        Bad{R"({"prompt":"a","size":"0x0"})", "size", "impossible"},
        Bad{R"({"prompt":"a","size":"65x64"})", "size", "multiples of 8"},
        Bad{R"({"prompt":"a","size":"136x128"})", "size", "over the limit of 16384"},
        Bad{R"({"prompt":"a","size":"9223372036854775800x8"})", "size", "over the limit"},
        Bad{R"({"prompt":"a","width":64})", "height", "belong together"},
        Bad{R"({"prompt":"a","height":64})", "width", "belong together"},
        Bad{R"({"prompt":"a","width":-64,"height":64})", "width", "impossible"},
        Bad{R"({"prompt":"a","width":64.0,"height":64})", "width", "must be an integer"},
        Bad{R"({"prompt":"a","width":64,"height":64,"size":"64x64"})", "size", "not both"},
        Bad{R"({"prompt":"a","steps":0})", "steps", "between 1 and 150"},
        Bad{R"({"prompt":"a","steps":151})", "steps", "between 1 and 150"},
        Bad{R"({"prompt":"a","steps":18446744073709551615})", "steps", "between 1 and 150"},
        Bad{R"({"prompt":"a","steps":"25"})", "steps", "must be an integer"},
        Bad{R"({"prompt":"a","steps":true})", "steps", "must be an integer"},
        Bad{R"({"prompt":"a","n":0})", "n", "between 1 and 10"},
        Bad{R"({"prompt":"a","n":11})", "n", "between 1 and 10"},
        Bad{R"({"prompt":"a","seed":-1})", "seed", "between 0 and"},
        Bad{R"({"prompt":"a","seed":9223372036854775807})", "seed", "between 0 and"},
        Bad{R"({"prompt":"a","guidance":-1})", "guidance", "between 0 and 50"},
        Bad{R"({"prompt":"a","guidance":50.5})", "guidance", "between 0 and 50"},
        Bad{R"({"prompt":"a","guidance":"4"})", "guidance", "must be a number"},
        Bad{R"({"prompt":"a","response_format":"url"})", "response_format", "b64_json"},
        Bad{R"({"prompt":"a","output_format":"jpeg"})", "output_format", "png"},
        Bad{R"({"prompt":"a","quality":"hd"})", "quality", "unknown parameter"}));

TEST(ImageRequest, LongPromptsAreRefused) {
  const auto body = [](const char *field, size_t size) {
    nlohmann::json request = {{"prompt", "a"}};
    request[field] = std::string(size, 'x');
    return request.dump();
  };
  EXPECT_NO_THROW(parse(body("prompt", limits.max_prompt_bytes)));
  EXPECT_THROW(parse(body("prompt", limits.max_prompt_bytes + 1)), ApiError);
  EXPECT_THROW(parse(body("negative_prompt", limits.max_prompt_bytes + 1)), ApiError);
}

TEST(ImageRequest, DeepNestingIsRefused) {
  EXPECT_THROW(parse("{\"prompt\":" + std::string(500'000, '[')), ApiError);
  const auto closed = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_THROW(parse("{\"prompt\":" + closed + "}"), ApiError);
}

TEST(ApiError, IsAnOpenAiErrorObject) {
  auto error = ApiError::invalid("steps", "bad \xff bytes");
  error.retry_after_s = 7;
  const auto response = to_response(error);
  const auto body = nlohmann::json::parse(response.body);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(body["error"]["param"], "steps");
  EXPECT_EQ(body["error"]["type"], "invalid_request_error");
  EXPECT_EQ(body["error"]["code"], "invalid_value");
  EXPECT_EQ(response.headers.at(0), (std::pair<std::string, std::string>("Retry-After", "7")));
  EXPECT_TRUE(
      nlohmann::json::parse(to_response(ApiError(500, "t", "c", "m")).body)["error"]["param"]
          .is_null());
}

}  // namespace
}  // namespace runner::test
