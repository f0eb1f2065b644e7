// sdcpp_test.cpp -- the job API of stable-diffusion.cpp's server, without any network.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "adapter_talk.hpp"
#include "sample_media.hpp"

namespace {

using courier::Adapter;
using courier::Result;
using nlohmann::json;
using std::chrono::milliseconds;
using test::Refusal;
using wire::ErrorClass;

constexpr const char *submitted =
    R"({"id":"job_1-a","kind":"img_gen","status":"queued","created":17,"poll_url":"/sdcpp/v1/jobs/job_1-a"})";

wire::Submit make_submit(const std::string &parameters = R"({"prompt":"p"})",
                         const std::string &options = "") {
  wire::Submit submit;
  submit.adapter = "sdcpp";
  submit.options = options;
  submit.parameters = parameters;
  submit.max_output_bytes = 1 << 20;
  return submit;
}

std::unique_ptr<Adapter> make_adapter(const wire::Submit &submit) {
  return courier::make_adapter(submit, testing::TempDir());
}

std::unique_ptr<Adapter> resumed(wire::Submit submit = make_submit()) {
  submit.external_id = "job_1-a";
  return make_adapter(submit);
}

json body_of(const std::string &parameters, const std::string &options = "") {
  return json::parse(make_adapter(make_submit(parameters, options))->request().body);
}

std::string completed(const std::vector<std::string> &pictures) {
  std::string images;
  for (std::size_t i = 0; i < pictures.size(); ++i)
    images += (i == 0 ? "" : ",") + std::string(R"({"index":)") + std::to_string(i) +
              R"(,"b64_json":")" + test::to_base64(pictures[i]) + R"("})";
  return R"({"id":"job_1-a","status":"completed","created":17,"completed":19,"error":null,)"
         R"("result":{"output_format":"png","images":[)" +
         images + "]}}";
}

Refusal refused_job(const std::string &body) { return test::refused_answer(*resumed(), body); }

TEST(Sdcpp, puts_the_parameters_where_the_server_has_them) {
  auto const request = make_adapter(make_submit())->request();
  EXPECT_EQ(request.path, "/sdcpp/v1/img_gen");
  EXPECT_EQ(request.method, courier::Method::post);
  EXPECT_EQ(json::parse(request.body), json::parse(R"({"prompt":"p","batch_count":1})"));
  EXPECT_EQ(
      body_of(R"({"prompt":"p","negative_prompt":"q","size":"640x480","n":2,"seed":5,"steps":20,
      "guidance":7.5,"sampler":"euler","scheduler":"karras","eta":0.1,"flow_shift":3,"clip_skip":2,
      "strength":0.7,"image":"AAAA","mask":"BBBB","lora":[{"path":"l","multiplier":1}],"hires":null})"),
      json::parse(R"({"prompt":"p","negative_prompt":"q","width":640,"height":480,
      "batch_count":2,"seed":5,"clip_skip":2,"strength":0.7,"init_image":"AAAA","mask_image":"BBBB",
      "sample_params":{"sample_steps":20,"guidance":{"txt_cfg":7.5},"sample_method":"euler",
      "scheduler":"karras","eta":0.1,"flow_shift":3},"lora":[{"path":"l","multiplier":1}]})"));
}

TEST(Sdcpp, parameters_go_before_what_every_request_has) {
  EXPECT_EQ(body_of(R"({"prompt":"p","steps":4,"sample_params":{"eta":1}})",
                    R"({"request":{"output_format":"webp","sample_params":{"sample_steps":9,
                        "scheduler":"discrete"}}})"),
            json::parse(R"({"prompt":"p","batch_count":1,"output_format":"webp",
                "sample_params":{"sample_steps":4,"scheduler":"discrete","eta":1}})"));
}

TEST(Sdcpp, makes_videos_where_the_model_says_so) {
  auto const adapter = make_adapter(
      make_submit(R"({"prompt":"p","num_frames":33,"fps":16})", R"({"mode":"vid_gen"})"));
  auto const request = adapter->request();
  EXPECT_EQ(request.path, "/sdcpp/v1/vid_gen");
  EXPECT_EQ(json::parse(request.body), json::parse(R"({"prompt":"p","video_frames":33,"fps":16})"));
  EXPECT_EQ(adapter->max_outputs(), 1U);
  test::answer(*adapter, submitted, 202);
  std::string const film = test::read_corpus("media/film.webm");
  auto const step =
      test::answer(*adapter, R"({"status":"completed","result":{"mime_type":"video/webm","fps":16,)"
                             R"("frame_count":33,"b64_json":")" +
                                 test::to_base64(film) + R"("}})");
  const auto &result = std::get<Result>(step);
  EXPECT_EQ(result.outputs.at(0).media_type, "video/webm");
  EXPECT_EQ(test::contents(result.outputs.at(0)), film);
  EXPECT_EQ(json::parse(result.metadata),
            json::parse(R"({"fps":16,"frame_count":33,"outputs":[{"index":0}]})"));
}

TEST(Sdcpp, refuses_what_cannot_be_sent) {
  auto const why = [](const std::string &parameters, const std::string &options = "") {
    return test::refusal_of([&] { make_adapter(make_submit(parameters, options)); });
  };
  EXPECT_EQ(why("[]"),
            (Refusal{ErrorClass::invalid_input, "the parameters are not a JSON object"}));
  EXPECT_EQ(why(R"({"n":65})").message, "parameter n is not an integer from 1 to 64");
  EXPECT_EQ(why(R"({"n":0})").message, "parameter n is not an integer from 1 to 64");
  EXPECT_EQ(why(R"({"n":"2"})").message, "parameter n is not an integer from 1 to 64");
  EXPECT_EQ(why(R"({"n":2})", R"({"mode":"vid_gen"})").message,
            "parameter n is not an integer from 1 to 1");
  for (const char *size : {"640", "x480", "640x", "640x480x3", "-1x5", "a"})
    EXPECT_EQ(why(std::string(R"({"size":")") + size + "\"}").message,
              "parameter size is not like 640x480")
        << size;
  EXPECT_EQ(why(R"({"size":5})").message, "parameter size is not a text");
  std::string const where = "adapter_options of the provider or the model: ";
  EXPECT_EQ(why("{}", R"({"mode":"sing"})").message, where + "mode is neither img_gen nor vid_gen");
  EXPECT_EQ(why("{}", R"({"mode":1})").message, where + "mode is not a text");
  EXPECT_EQ(why("{}", R"({"request":1})").message, where + "request is not an object");
  EXPECT_EQ(why("{}", R"({"mod":1})").message, where + "the adapter sdcpp has no option \"mod\"");
  EXPECT_EQ(why("{}", "[]").message, where + "not a JSON object");
}

TEST(Sdcpp, submits_asks_and_takes_the_pictures) {
  auto const adapter = make_adapter(make_submit(R"({"prompt":"p","n":2,"seed":40})"));
  EXPECT_EQ(adapter->max_outputs(), 2U);
  adapter->request();
  EXPECT_EQ(adapter->external_id(), "");
  EXPECT_GT(test::pause_of(test::answer(*adapter, submitted, 202)), milliseconds(0));
  EXPECT_EQ(adapter->external_id(), "job_1-a");
  auto const poll = adapter->request();
  EXPECT_EQ(poll.path, "/sdcpp/v1/jobs/job_1-a");
  EXPECT_EQ(poll.method, courier::Method::get);
  EXPECT_GT(test::pause_of(test::answer(*adapter, R"({"status":"queued","queue_position":1})")),
            milliseconds(0));
  EXPECT_GT(test::pause_of(test::answer(*adapter, R"({"status":"generating"})")), milliseconds(0));
  std::string const first = test::make_png(8, 8);
  std::string const second = test::make_png(9, 9);
  auto const step = test::answer(*adapter, completed({first, second}), 200, 7);
  const auto &result = std::get<Result>(step);
  ASSERT_EQ(result.outputs.size(), 2U);
  EXPECT_EQ(test::contents(result.outputs[0]), first);
  EXPECT_EQ(test::contents(result.outputs[1]), second);
  EXPECT_EQ(result.outputs[1].index, 1U);
  EXPECT_EQ(result.outputs[1].seed, 41);
  EXPECT_EQ(json::parse(result.metadata), json::parse(R"({"created":17,"completed":19,
      "outputs":[{"index":0,"seed":40},{"index":1,"seed":41}]})"));
}

TEST(Sdcpp, notes_no_seed_that_the_server_drew) {
  for (const char *parameters : {R"({"prompt":"p"})", R"({"prompt":"p","seed":-1})"}) {
    auto const step =
        test::answer(*resumed(make_submit(parameters)), completed({test::make_png(8, 8)}));
    EXPECT_EQ(std::get<Result>(step).outputs.at(0).seed, -1);
  }
}

TEST(Sdcpp, begins_with_the_question_when_the_job_is_known) {
  auto const adapter = resumed();
  EXPECT_EQ(adapter->external_id(), "job_1-a");
  EXPECT_EQ(adapter->request().path, "/sdcpp/v1/jobs/job_1-a");
  wire::Submit strange = make_submit();
  strange.external_id = "../cancel";
  EXPECT_EQ(test::refusal_of([&] { make_adapter(strange); }).message,
            "the id of the job cannot be one");
}

TEST(Sdcpp, asks_less_and_less_often_and_least_in_a_long_queue) {
  auto const adapter = resumed();
  milliseconds last{0};
  for (int i = 0; i < 30; ++i) {
    milliseconds const pause = test::pause_of(test::answer(*adapter, R"({"status":"generating"})"));
    EXPECT_GE(pause, last);
    EXPECT_LE(pause, milliseconds(3000));
    last = pause;
  }
  EXPECT_EQ(last, milliseconds(3000));
  EXPECT_EQ(test::pause_of(test::answer(*resumed(), R"({"status":"queued","queue_position":6})")),
            milliseconds(5000));
  EXPECT_EQ(test::pause_of(test::answer(*resumed(), R"({"status":"queued","queue_position":999})")),
            milliseconds(10000));
  EXPECT_EQ(test::pause_of(test::answer(*resumed(), R"({"status":"queued","queue_position":-1})")),
            milliseconds(500));
}

TEST(Sdcpp, tells_the_server_to_stop_once_it_knows_the_job) {
  auto const adapter = make_adapter(make_submit());
  EXPECT_TRUE(adapter->outlives_connection());
  EXPECT_FALSE(adapter->cancel_request());
  test::answer(*adapter, submitted, 202);
  auto const cancel = adapter->cancel_request();
  ASSERT_TRUE(cancel);
  EXPECT_EQ(cancel->path, "/sdcpp/v1/jobs/job_1-a/cancel");
  EXPECT_EQ(cancel->method, courier::Method::post);
}

TEST(Sdcpp, believes_the_state_that_it_is_told) {
  EXPECT_EQ(refused_job(
                R"({"status":"failed","error":{"code":"generation_failed","message":"no VRAM"}})"),
            (Refusal{ErrorClass::worker_crash, "the server says that the job failed: no VRAM"}));
  EXPECT_EQ(refused_job(R"({"status":"failed","error":"boom"})").message,
            "the server says that the job failed: boom");
  EXPECT_EQ(refused_job(R"({"status":"failed","error":null})").message,
            "the server says that the job failed");
  EXPECT_EQ(refused_job(R"({"status":"cancelled"})"),
            (Refusal{ErrorClass::worker_crash, "the job was cancelled at the server"}));
  EXPECT_EQ(refused_job(R"({"status":"levitating"})"),
            (Refusal{ErrorClass::bad_response,
                     "the server says that the job is \"levitating\", which is no known state"}));
  for (const char *body : {"{}", "[]", R"({"status":7})", "null"})
    EXPECT_EQ(refused_job(body),
              (Refusal{ErrorClass::bad_response, "the server does not say what became of the job"}))
        << body;
}

TEST(Sdcpp, refuses_results_that_are_none) {
  std::string const picture = test::make_png(8, 8);
  EXPECT_EQ(refused_job(completed({})).message, "the answer has 0 of the 1 outputs asked for");
  EXPECT_EQ(refused_job(completed({picture, picture})).message,
            "the answer has more than the 1 pictures asked for");
  EXPECT_EQ(refused_job(R"({"status":"completed","result":null})").error_class,
            ErrorClass::bad_response);
  EXPECT_EQ(
      refused_job(R"({"status":"completed","result":{"images":{"b64_json":"AAAA"}}})").message,
      "the answer has 0 of the 1 outputs asked for");
  EXPECT_EQ(refused_job(R"({"status":"completed","result":{"images":[{"b64_json":7}]}})").message,
            "the answer has 0 of the 1 outputs asked for");
  EXPECT_EQ(refused_job(completed({picture.substr(0, picture.size() - 4)})).message,
            "result.images[0].b64_json is a truncated PNG of " +
                std::to_string(picture.size() - 4) + " bytes");
  std::string const whole = completed({picture});
  EXPECT_EQ(refused_job(whole.substr(0, whole.size() - 1)).error_class, ErrorClass::bad_response);
  EXPECT_EQ(refused_job("").error_class, ErrorClass::bad_response);
  wire::Submit small = make_submit();
  small.max_output_bytes = picture.size() - 1;
  EXPECT_EQ(test::refused_answer(*resumed(small), whole).error_class, ErrorClass::too_large);
}

TEST(Sdcpp, refuses_an_acceptance_without_a_job) {
  for (const char *body : {"{}", R"({"id":7})", R"({"id":""})", R"({"id":"a/b"})", "[]"})
    EXPECT_EQ(test::refused_answer(*make_adapter(make_submit()), body, 202),
              (Refusal{ErrorClass::bad_response,
                       "the server took the request and does not say which job it is"}))
        << body;
}

TEST(Sdcpp, explains_what_the_server_refuses) {
  auto const adapter = make_adapter(make_submit());
  EXPECT_EQ(test::explained(*adapter, 400, R"({"error":"invalid width"})"),
            (Refusal{ErrorClass::invalid_input, "the server answers 400: invalid width"}));
  EXPECT_EQ(test::explained(*adapter, 429, R"({"error":"queue full"})"),
            (Refusal{ErrorClass::throttled, "the server answers 429: queue full"}));
  EXPECT_EQ(test::explained(*adapter, 500, R"({"message":"ggml: failed to allocate buffer"})"),
            (Refusal{ErrorClass::worker_crash,
                     "the server answers 500: ggml: failed to allocate buffer"}));
  EXPECT_EQ(test::explained(*adapter, 500, "oops"),
            (Refusal{ErrorClass::overload, "the server answers 500"}));
  EXPECT_EQ(test::explained(*adapter, 404, "").error_class, ErrorClass::invalid_input);
}

TEST(Sdcpp, knows_lost_jobs_from_expired_ones) {
  EXPECT_EQ(test::explained(*resumed(), 404, R"({"error":"job not found"})"),
            (Refusal{ErrorClass::worker_crash,
                     "asked for the job job_1-a, the server answers 404: job not found; it was "
                     "restarted, and the job is lost"}));
  EXPECT_EQ(test::explained(*resumed(), 410, R"({"error":"job expired"})").error_class,
            ErrorClass::expired);
  wire::Submit lookup = make_submit();
  lookup.purpose = wire::Purpose::lookup;
  EXPECT_EQ(test::looked_up([&] { resumed(lookup)->explain({404, "", false}, ""); }), "unknown");
  EXPECT_EQ(test::looked_up([&] { resumed(lookup)->explain({410, "", false}, ""); }), "failed");
  EXPECT_EQ(test::explained(*resumed(lookup), 500, "").error_class, ErrorClass::overload);
}

}  // namespace
