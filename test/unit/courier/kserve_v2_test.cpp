// kserve_v2_test.cpp -- tensors of the KServe v2 protocol, without any network.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "adapter_talk.hpp"
#include "courier/adapters/kserve_tensor.hpp"
#include "sample_media.hpp"

namespace {

using courier::Adapter;
using courier::KserveType;
using courier::Result;
using nlohmann::json;
using test::Refusal;
using wire::ErrorClass;

constexpr const char *options = R"({
  "inputs":[{"name":"PROMPT","datatype":"BYTES","shape":[1,-1],"value":"{parameters.prompt}"},
            {"name":"STEPS","datatype":"INT32","value":"{parameters.steps}"},
            {"name":"SCALE","datatype":"FP32","shape":[1,1],"value":"{parameters.guidance}"}],
  "outputs":[{"name":"IMAGE"}]})";

wire::Submit make_submit(const std::string &given = options,
                         const std::string &parameters = R"({"prompt":"a cat","steps":20})") {
  wire::Submit submit;
  submit.adapter = "kserve_v2";
  submit.model = "sd xl";
  submit.options = given;
  submit.parameters = parameters;
  submit.max_output_bytes = 1 << 20;
  return submit;
}

std::unique_ptr<Adapter> make_adapter(
    const std::string &given = options,
    const std::string &parameters = R"({"prompt":"a cat","steps":20})") {
  return courier::make_adapter(make_submit(given, parameters), testing::TempDir());
}

std::string outputs(const std::string &list, const std::string &more = "") {
  return R"({"inputs":[{"name":"P","datatype":"BYTES","value":"x"}],"outputs":)" + list + more +
         "}";
}

std::string bytes_tensor(const std::vector<std::string> &elements) {
  std::string tensor;
  for (const std::string &element : elements)
    courier::append_kserve_element(KserveType::bytes, element, tensor);
  return tensor;
}

std::string binary_output(const std::string &name, const std::string &type, std::size_t bytes) {
  return R"({"name":")" + name + R"(","shape":[1],"datatype":")" + type +
         R"(","parameters":{"binary_data_size":)" + std::to_string(bytes) + "}}";
}

courier::Step answer(Adapter &adapter, const std::string &head, const std::string &tensors,
                     std::size_t piece = SIZE_MAX) {
  std::string const body = head + tensors;
  adapter.begin_response(
      {200, "application/octet-stream", false, static_cast<std::int64_t>(head.size())});
  for (std::size_t at = 0; at < body.size(); at += std::min(piece, body.size()))
    adapter.consume(std::string_view(body).substr(at, piece));
  return adapter.finish();
}

std::string head_of(const std::string &list) {
  return R"({"model_name":"m","model_version":"3","outputs":[)" + list + "]}";
}

Refusal refused(const std::string &head, const std::string &tensors,
                const std::string &given = options) {
  return test::refusal_of([&] { answer(*make_adapter(given), head, tensors); });
}

TEST(KserveV2, sends_tensors_behind_the_json) {
  auto const request = make_adapter()->request();
  EXPECT_EQ(request.path, "/v2/models/sd%20xl/infer");
  std::string const tensors = bytes_tensor({"a cat"}) + std::string("\x14\0\0\0", 4);
  std::size_t const json_bytes = request.body.size() - tensors.size();
  EXPECT_EQ(request.body.substr(json_bytes), tensors);
  EXPECT_EQ(
      request.headers,
      (std::vector<std::string>{"Accept: application/json, application/octet-stream",
                                "Content-Type: application/octet-stream",
                                "Inference-Header-Content-Length: " + std::to_string(json_bytes)}));
  EXPECT_EQ(json::parse(request.body.substr(0, json_bytes)), json::parse(R"({
    "id":"00000000-0000-0000-0000-000000000000",
    "inputs":[{"name":"PROMPT","datatype":"BYTES","shape":[1,1],"parameters":{"binary_data_size":9}},
              {"name":"STEPS","datatype":"INT32","shape":[1],"parameters":{"binary_data_size":4}}],
    "outputs":[{"name":"IMAGE","parameters":{"binary_data":true}}]})"));
}

TEST(KserveV2, sends_plain_json_where_the_model_says_so) {
  auto const request =
      make_adapter(
          std::string(options).insert(
              1, R"("binary":false,"version":"2","model":"m","parameters":{"priority":1},)"))
          ->request();
  EXPECT_EQ(request.path, "/v2/models/m/versions/2/infer");
  EXPECT_EQ(request.headers.back(), "Content-Type: application/json");
  EXPECT_EQ(json::parse(request.body), json::parse(R"({
    "id":"00000000-0000-0000-0000-000000000000","parameters":{"priority":1},
    "inputs":[{"name":"PROMPT","datatype":"BYTES","shape":[1,1],"data":["a cat"]},
              {"name":"STEPS","datatype":"INT32","shape":[1],"data":[20]}],
    "outputs":[{"name":"IMAGE"}]})"));
}

std::string tensor_of(KserveType type, const json &value) {
  std::string tensor;
  return courier::append_kserve_element(type, value, tensor) ? tensor : "refused";
}

TEST(KserveTensor, is_as_in_memory) {
  using namespace std::string_literals;
  EXPECT_EQ(tensor_of(KserveType::boolean, true), "\x01");
  EXPECT_EQ(tensor_of(KserveType::uint8, 255), "\xff");
  EXPECT_EQ(tensor_of(KserveType::int16, -2), "\xfe\xff");
  EXPECT_EQ(tensor_of(KserveType::uint64, UINT64_MAX), "\xff\xff\xff\xff\xff\xff\xff\xff");
  EXPECT_EQ(tensor_of(KserveType::fp32, 1), "\0\0\x80\x3f"s);
  EXPECT_EQ(tensor_of(KserveType::fp64, 1), "\0\0\0\0\0\0\xf0\x3f"s);
  EXPECT_EQ(tensor_of(KserveType::bytes, "ab"), "\x02\0\0\0ab"s);
  EXPECT_EQ(tensor_of(KserveType::bytes, 7), "\x01\0\0\0007"s);
  EXPECT_EQ(tensor_of(KserveType::fp16, 1), "\0\x3c"s);
  EXPECT_EQ(tensor_of(KserveType::fp16, -65504), "\xff\xfb");
  EXPECT_EQ(tensor_of(KserveType::fp16, 0.1), "\x66\x2e");
  EXPECT_EQ(tensor_of(KserveType::fp16, 5.9604644775390625e-08), "\x01\0"s);
  EXPECT_EQ(tensor_of(KserveType::fp16, 0), "\0\0"s);
  EXPECT_EQ(tensor_of(KserveType::bf16, 1), "\x80\x3f");
  EXPECT_EQ(tensor_of(KserveType::bf16, 0.1), "\xcd\x3d");
}

TEST(KserveTensor, refuses_what_does_not_fit) {
  EXPECT_EQ(tensor_of(KserveType::uint8, 256), "refused");
  EXPECT_EQ(tensor_of(KserveType::uint8, -1), "refused");
  EXPECT_EQ(tensor_of(KserveType::int8, 128), "refused");
  EXPECT_EQ(tensor_of(KserveType::int64, UINT64_MAX), "refused");
  EXPECT_EQ(tensor_of(KserveType::int32, 1.5), "refused");
  EXPECT_EQ(tensor_of(KserveType::boolean, 1), "refused");
  EXPECT_EQ(tensor_of(KserveType::fp32, "1"), "refused");
  EXPECT_EQ(tensor_of(KserveType::fp32, 1e39), "refused");
  EXPECT_EQ(tensor_of(KserveType::fp16, 65505), "refused");
  EXPECT_EQ(tensor_of(KserveType::bytes, json::array()), "refused");
}

TEST(KserveTensor, halves_come_back_as_they_were) {
  for (unsigned bits = 0; bits < 0x10000U; ++bits) {
    if (((bits >> 10) & 31U) == 31) continue;  // infinities and what is no number
    std::string const half = {static_cast<char>(bits), static_cast<char>(bits >> 8)};
    json const value = courier::kserve_elements(KserveType::fp16, half).at(0);
    ASSERT_EQ(tensor_of(KserveType::fp16, value), half) << bits;
  }
}

TEST(KserveV2, decodes_pictures_that_are_sent) {
  std::string const input =
      R"({"inputs":[{"name":"I","datatype":"BYTES","base64":true,"value":"{parameters.image}"}],"outputs":[{"name":"IMAGE"}]})";
  std::string const tensor = bytes_tensor({std::string("\0\xff\x10", 3)});
  for (const char *image : {"AP8Q", "data:image/png;base64,AP8Q"}) {
    auto const request = make_adapter(input, json({{"image", image}}).dump())->request();
    EXPECT_TRUE(request.body.ends_with(tensor)) << image;
  }
  EXPECT_EQ(test::refusal_of([&] { make_adapter(input, R"({"image":"*"})"); }).error_class,
            ErrorClass::invalid_input);
  EXPECT_EQ(test::refusal_of([&] { make_adapter(input, R"({"image":7})"); }).message,
            "input I is not a text in base64");
}

TEST(KserveV2, refuses_what_cannot_be_sent) {
  auto const why = [](const std::string &given,
                      const std::string &parameters = R"({"a":[1,2,3]})") {
    return test::refusal_of([&] { make_adapter(given, parameters); });
  };
  std::string const where = "adapter_options of the provider or the model: ";
  auto const input = [](const std::string &members, const std::string &more = "") {
    return R"({"inputs":[{"name":"P",)" + members + R"(}],"outputs":[{"name":"O"}])" + more + "}";
  };
  EXPECT_EQ(why("{}"), (Refusal{ErrorClass::invalid_input, where + "inputs is missing"}));
  EXPECT_EQ(why(R"({"inputs":{}})").message, where + "inputs is not a list");
  EXPECT_EQ(why(R"({"inputs":[{}]})").message, where + "inputs has one without a name");
  EXPECT_EQ(why(input(R"("value":1)")).message,
            where + "input P has no datatype like FP32 or BYTES");
  EXPECT_EQ(why(input(R"("datatype":"FP8","value":1)")).message,
            where + "input P has no datatype like FP32 or BYTES");
  EXPECT_EQ(why(input(R"("datatype":"FP32")")).message, where + "input P has no value");
  EXPECT_EQ(why(input(R"("datatype":"INT8","value":300)")).message, "input P is not INT8");
  EXPECT_EQ(why(input(R"("datatype":"INT8","value":300)", R"(,"binary":false)")).message,
            "input P is not INT8");
  EXPECT_EQ(why(input(R"("datatype":"FP16","value":1)", R"(,"binary":false)")).message,
            where + "input P can only be sent with binary");
  EXPECT_EQ(why(input(R"("datatype":"INT8","value":"{parameters.a}","shape":[2])")).message,
            "input P has 3 elements, which its shape [2] does not");
  EXPECT_EQ(why(input(R"("datatype":"INT8","value":"{parameters.a}","shape":[2,-1])")).message,
            "input P has 3 elements, which its shape [2,-1] does not");
  EXPECT_EQ(why(input(R"("datatype":"INT8","value":1,"shape":[-1,-1])")).message,
            where + "the shape of input P has a member that is no size");
  EXPECT_EQ(why(input(R"("datatype":"INT8","value":1,"shape":1)")).message,
            where + "the shape of input P is not a list");
  EXPECT_EQ(why(input(R"("datatype":"INT8","value":1)", R"(,"outputs":[])")).message,
            where + "outputs is not a list");
  EXPECT_EQ(why(outputs(R"([{"name":"O","kind":"smell"}])")).message,
            where + "output O is neither a picture, text nor data");
  EXPECT_EQ(why(outputs(R"([{}])")).message, where + "outputs has one without a name");
  EXPECT_EQ(why(outputs(R"([{"name":"O"}])", R"(,"model":"")")).message, where + "model is empty");
  EXPECT_EQ(why(outputs(R"([{"name":"O"}])", R"(,"output":1)")).message,
            where + "the adapter kserve_v2 has no option \"output\"");
}

TEST(KserveV2, takes_pictures_wherever_the_answer_is_cut) {
  std::string const first = test::make_png(8, 8);
  std::string const second = test::make_png(9, 9);
  std::string const tensor = bytes_tensor({first, second});
  std::string const head = head_of(binary_output("MASK", "UINT8", 3) + "," +
                                   binary_output("IMAGE", "BYTES", tensor.size()));
  for (std::size_t piece = 1; piece < 60; ++piece) {
    auto const adapter = make_adapter();
    auto const step = answer(*adapter, head, "abc" + tensor, piece);
    const auto &result = std::get<Result>(step);
    ASSERT_EQ(result.outputs.size(), 2U);
    EXPECT_EQ(test::contents(result.outputs[0]), first);
    EXPECT_EQ(test::contents(result.outputs[1]), second);
    EXPECT_EQ(result.outputs[1].index, 1U);
    EXPECT_EQ(json::parse(result.metadata),
              json::parse(R"({"model_name":"m","model_version":"3"})"));
  }
}

TEST(KserveV2, begins_anew_when_an_answer_broke_off) {
  std::string const picture = test::make_png(8, 8);
  std::string const tensor = bytes_tensor({picture});
  std::string const head = head_of(binary_output("IMAGE", "BYTES", tensor.size()));
  auto const adapter = make_adapter();
  adapter->begin_response({200, "", false, static_cast<std::int64_t>(head.size())});
  adapter->consume(head + tensor.substr(0, 30));
  auto const step = answer(*adapter, head, tensor);
  EXPECT_EQ(std::get<Result>(step).outputs.size(), 1U);
}

TEST(KserveV2, takes_pictures_that_are_base64) {
  std::string const picture = test::make_png(8, 8);
  std::string const text = test::to_base64(picture);
  auto step =
      test::answer(*make_adapter(),
                   R"({"outputs":[{"name":"OTHER","datatype":"BYTES","shape":[1],"data":["x"]},
      {"name":"IMAGE","datatype":"BYTES","shape":[1,1],"data":[[")" +
                       text + R"("]]}]})",
                   200, 9);
  EXPECT_EQ(test::contents(std::get<Result>(step).outputs.at(0)), picture);
  std::string const tensor = bytes_tensor({text});
  step = answer(*make_adapter(outputs(R"([{"name":"IMAGE","base64":true}])")),
                head_of(binary_output("IMAGE", "BYTES", tensor.size())), tensor);
  EXPECT_EQ(test::contents(std::get<Result>(step).outputs.at(0)), picture);
  std::string const mixed =
      head_of(R"({"name":"IMAGE","datatype":"BYTES","shape":[1],"data":[")" + text + "\"]}");
  step = answer(*make_adapter(), mixed, "");
  EXPECT_EQ(test::contents(std::get<Result>(step).outputs.at(0)), picture);
}

TEST(KserveV2, texts_and_numbers_are_the_result_where_there_are_no_pictures) {
  std::string const text = outputs(R"([{"name":"T","kind":"text"}])");
  std::string const tensor = bytes_tensor({"one"});
  auto step =
      answer(*make_adapter(text), head_of(binary_output("T", "BYTES", tensor.size())), tensor);
  EXPECT_EQ(std::get<Result>(step).result, R"("one")");
  step = test::answer(
      *make_adapter(text),
      R"({"outputs":[{"name":"T","datatype":"BYTES","shape":[2],"data":["one","\u0000"]}]})");
  EXPECT_EQ(std::get<Result>(step).result, "[\"one\",\"\uFFFD\"]");
  std::string const both = outputs(R"([{"name":"T","kind":"text"},{"name":"D","kind":"data"}])");
  std::string const numbers("\1\0\0\0\2\0\0\0", 8);
  step = answer(*make_adapter(both),
                head_of(binary_output("D", "INT32", 8) + "," +
                        binary_output("T", "BYTES", bytes_tensor({"", "\xff"}).size())),
                numbers + bytes_tensor({"", "\xff"}), 1);
  EXPECT_EQ(json::parse(std::get<Result>(step).result),
            json::parse("{\"D\":{\"shape\":[1],\"data\":[1,2]},\"T\":[\"\",\"\uFFFD\"]}"));
  step =
      test::answer(*make_adapter(outputs(R"([{"name":"D","kind":"data"}])")),
                   R"({"outputs":[{"name":"D","datatype":"FP32","shape":[1,2],"data":[0.5,2]}]})");
  EXPECT_EQ(json::parse(std::get<Result>(step).result),
            json::parse(R"({"shape":[1,2],"data":[0.5,2]})"));
}

TEST(KserveV2, notes_texts_that_come_with_pictures) {
  std::string const picture = bytes_tensor({test::make_png(8, 8)});
  auto const step =
      answer(*make_adapter(outputs(R"([{"name":"IMAGE"},{"name":"T","kind":"text"}])")),
             head_of(binary_output("T", "BYTES", 7) + "," +
                     binary_output("IMAGE", "BYTES", picture.size())),
             bytes_tensor({"abc"}) + picture);
  EXPECT_EQ(json::parse(std::get<Result>(step).metadata).at("T"), "abc");
  EXPECT_EQ(std::get<Result>(step).result, "");
}

TEST(KserveV2, refuses_answers_of_another_shape) {
  std::string const picture = bytes_tensor({test::make_png(8, 8)});
  std::string const whole = head_of(binary_output("IMAGE", "BYTES", picture.size()));
  EXPECT_EQ(refused(whole, picture.substr(0, picture.size() - 1)).message,
            "the answer ends within output IMAGE");
  EXPECT_EQ(refused(whole, picture + "x").message, "the answer has more bytes than its outputs");
  EXPECT_EQ(refused(head_of(""), "").message, "the answer has no output IMAGE");
  EXPECT_EQ(refused(R"({"outputs":{}})", "").message, "the answer has no outputs");
  EXPECT_EQ(refused("[]", "").message, "the answer has no outputs");
  EXPECT_EQ(refused("{", "").message, "the answer is not usable JSON");
  EXPECT_EQ(refused(R"({"error":"the model is on fire"})", "").message,
            "the server reports an error with status 200: the model is on fire");
  EXPECT_EQ(refused(head_of(binary_output("IMAGE", "FP32", 4)), "abcd").message,
            "output IMAGE is FP32, and no text or picture");
  EXPECT_EQ(refused(head_of(binary_output("D", "BYTES", 4)), bytes_tensor({""}),
                    outputs(R"([{"name":"D","kind":"data"}])"))
                .message,
            "output D is BYTES, and no numbers");
  EXPECT_EQ(refused(head_of(binary_output("IMAGE", "FP8", 4)), "abcd").message,
            "output IMAGE has no datatype that is known");
  EXPECT_EQ(refused(head_of(binary_output("IMAGE", "BYTES", 8)), std::string("\x05\0\0\0abcd", 8))
                .message,
            "output IMAGE has an element that is longer than the output");
  EXPECT_EQ(refused(head_of(binary_output("IMAGE", "BYTES", 2)), std::string("\x05\0", 2)).message,
            "output IMAGE ends within an element");
  EXPECT_EQ(refused(head_of(binary_output("IMAGE", "BYTES", 0)), "").message,
            "the answer has no pictures");
  EXPECT_EQ(refused(head_of(binary_output("IMAGE", "BYTES", 4)), bytes_tensor({""})).message,
            "IMAGE[0] is too short for a picture");
  EXPECT_EQ(refused(head_of(binary_output("IMAGE", "BYTES", picture.size()) + "," +
                            binary_output("IMAGE", "BYTES", picture.size())),
                    picture + picture)
                .message,
            "output IMAGE is there twice");
  EXPECT_EQ(
      refused(
          head_of(R"({"name":"IMAGE","datatype":"BYTES","parameters":{"binary_data_size":-1}})"),
          "")
          .message,
      "output IMAGE has an odd binary_data_size");
  EXPECT_EQ(refused(head_of(R"({"name":"IMAGE","datatype":"BYTES","data":[7]})"), "").message,
            "output IMAGE has an element that is no text");
}

TEST(KserveV2, refuses_json_that_is_cut_off_or_of_another_shape) {
  std::string const text = test::to_base64(test::make_png(8, 8));
  std::string const whole =
      R"({"outputs":[{"name":"IMAGE","datatype":"BYTES","shape":[1],"data":[")" + text + R"("]}]})";
  auto const why = [](const std::string &body) {
    return test::refused_answer(*make_adapter(), body);
  };
  EXPECT_EQ(why(whole).message, "accepted");
  EXPECT_EQ(why(whole.substr(0, whole.size() - 1)).error_class, ErrorClass::bad_response);
  EXPECT_EQ(why("").error_class, ErrorClass::bad_response);
  EXPECT_EQ(why("[]").message, "the answer has no outputs");
  EXPECT_EQ(why(R"({"outputs":[7]})").message, "the answer has no output IMAGE");
  EXPECT_EQ(why(R"({"outputs":[{"name":"IMAGE","data":[]}]})").message,
            "the answer has no pictures");
  EXPECT_EQ(why(R"({"error":"x"})").message, "the server reports an error with status 200: x");
}

TEST(KserveV2, refuses_a_length_that_is_none) {
  for (std::int64_t const length : {std::int64_t{0}, std::int64_t{99999999}})
    EXPECT_EQ(test::refusal_of([&] {
                make_adapter()->begin_response({200, "", false, length});
              }).message,
              "the server's Inference-Header-Content-Length is not the length of an answer");
  auto const adapter = make_adapter();
  adapter->begin_response({200, "", false, 100});
  adapter->consume("{");
  EXPECT_EQ(test::refusal_of([&] { adapter->finish(); }).message,
            "the answer ends within its JSON");
}

TEST(KserveV2, refuses_more_than_is_allowed) {
  std::string const picture = bytes_tensor({test::make_png(8, 8), test::make_png(8, 8)});
  EXPECT_EQ(refused(head_of(binary_output("IMAGE", "BYTES", picture.size())), picture,
                    outputs(R"([{"name":"IMAGE"}])", R"(,"max_outputs":1)")),
            (Refusal{ErrorClass::too_large,
                     "output IMAGE has more pictures than max_outputs, which is 1"}));
  std::string const large = bytes_tensor({std::string((1 << 20) + 1, 'x')});
  EXPECT_EQ(refused(head_of(binary_output("T", "BYTES", large.size())), large,
                    outputs(R"([{"name":"T","kind":"text"}])"))
                .error_class,
            ErrorClass::too_large);
}

TEST(KserveV2, explains_what_the_server_refuses) {
  auto const why = [](long status, const char *body) {
    return test::explained(*make_adapter(), status, body);
  };
  EXPECT_EQ(why(400, R"({"error":"Request for unknown model: 'x' is not found"})"),
            (Refusal{ErrorClass::invalid_input,
                     "the server answers 400: Request for unknown model: 'x' is not found"}));
  EXPECT_EQ(why(404, R"({"error":"no"})").error_class, ErrorClass::invalid_input);
  EXPECT_EQ(why(500, R"({"error":"CUDA out of memory"})").error_class, ErrorClass::worker_crash);
  EXPECT_EQ(why(500, R"({"error":"internal"})").error_class, ErrorClass::overload);
  EXPECT_EQ(why(501, R"({"error":"unsupported"})").error_class, ErrorClass::invalid_input);
  EXPECT_EQ(why(503, R"({"error":"unavailable"})").error_class, ErrorClass::overload);
  EXPECT_EQ(why(503, "").message, "the server answers 503");
  EXPECT_FALSE(make_adapter()->cancel_request());
}

}  // namespace
