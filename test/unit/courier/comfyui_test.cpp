// comfyui_test.cpp -- workflows, queues, histories and files of ComfyUI, without any network.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "adapter_talk.hpp"
#include "courier/adapters/database_json.hpp"
#include "sample_media.hpp"

namespace {

using courier::Adapter;
using courier::Result;
using nlohmann::json;
using std::chrono::milliseconds;
using test::Refusal;
using wire::ErrorClass;

constexpr const char *id = "0192f0c1-0000-7000-8000-00000000abcd";
constexpr const char *graph = R"({"workflow":{
  "3":{"class_type":"KSampler","inputs":{"seed":"{parameters.seed}","cfg":7,"model":["4",0]}},
  "4":{"class_type":"CheckpointLoaderSimple","inputs":{"ckpt_name":"{model}"}},
  "6":{"class_type":"CLIPTextEncode","inputs":{"text":"{parameters.prompt}"}},
  "9":{"class_type":"SaveImage","inputs":{"filename_prefix":"atelier/{id}"}},
  "10":{"class_type":"PreviewImage","inputs":{}}}})";
constexpr const char *pending =
    R"({"queue_running":[[1,"other",{"a":{}},{},[]]],"queue_pending":[[2,"0192f0c1-0000-7000-8000-00000000abcd",{"big":["graph"]},{},["9"]]]})";
constexpr const char *running =
    R"({"queue_running":[[2,"0192f0c1-0000-7000-8000-00000000abcd",{},{},["9"]]],"queue_pending":[]})";
constexpr const char *empty_queue = R"({"queue_running":[],"queue_pending":[]})";

wire::Uuid uuid(std::uint8_t last) {
  wire::Uuid uuid{};
  uuid.bytes = {0x01, 0x92, 0xf0, 0xc1, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0xab, last};
  return uuid;
}

wire::Submit make_submit(const std::string &options = graph,
                         const std::string &parameters = R"({"prompt":"a \"cat\"","seed":5})") {
  wire::Submit submit;
  submit.attempt = uuid(0xcd);
  submit.adapter = "comfyui";
  submit.options = options;
  submit.model = "sdxl.safetensors";
  submit.parameters = parameters;
  submit.max_output_bytes = 1 << 20;
  return submit;
}

std::unique_ptr<Adapter> make_adapter(const wire::Submit &submit = make_submit()) {
  return courier::make_adapter(submit, testing::TempDir());
}

std::unique_ptr<Adapter> resumed(wire::Submit submit = make_submit()) {
  submit.external_id = id;
  return make_adapter(submit);
}

std::string history(const std::string &outputs,
                    const std::string &status = R"({"status_str":"success","completed":true,
  "messages":[["execution_start",{"timestamp":1000}],["execution_success",{"timestamp":3500}]]})") {
  return std::string(R"({")") + id + R"(":{"prompt":[2,"x",{"3":{}},{},[]],"outputs":)" + outputs +
         R"(,"status":)" + status + R"(,"meta":{"9":{}}}})";
}

Refusal refused_history(const std::string &body, const std::string &options = graph) {
  return test::refused_answer(*resumed(make_submit(options)), body);
}

TEST(Comfyui, puts_the_parameters_into_the_workflow) {
  auto const request = make_adapter()->request();
  EXPECT_EQ(request.path, "/prompt");
  json const body = json::parse(request.body);
  EXPECT_EQ(body.at("prompt_id"), id);
  EXPECT_EQ(body.at("prompt"), json::parse(R"({
    "3":{"class_type":"KSampler","inputs":{"seed":5,"cfg":7,"model":["4",0]}},
    "4":{"class_type":"CheckpointLoaderSimple","inputs":{"ckpt_name":"sdxl.safetensors"}},
    "6":{"class_type":"CLIPTextEncode","inputs":{"text":"a \"cat\""}},
    "9":{"class_type":"SaveImage","inputs":{"filename_prefix":"atelier/0192f0c1-0000-7000-8000-00000000abcd"}},
    "10":{"class_type":"PreviewImage","inputs":{}}})"));
}

TEST(Comfyui, refuses_what_is_no_workflow) {
  auto const why = [](const std::string &options, const std::string &parameters = "{}") {
    return test::refusal_of([&] { make_adapter(make_submit(options, parameters)); });
  };
  std::string const where = "adapter_options of the provider or the model: ";
  EXPECT_EQ(why("{}"), (Refusal{ErrorClass::invalid_input, where + "workflow is missing"}));
  EXPECT_EQ(why(R"({"workflow":[]})").message, where + "workflow is not an object");
  EXPECT_EQ(why(R"({"workflow":{}})").message, where + "workflow has no nodes");
  EXPECT_EQ(why(R"({"workflow":{"nodes":[],"links":[]}})").message,
            where + "workflow is in the format of the editor; export it in the API format");
  EXPECT_EQ(why(R"({"workflow":{"3":{"class_type":"K"}}})").message,
            where + "workflow has a node 3 without class_type and inputs");
  EXPECT_EQ(why(graph, R"({"prompt":"p"})").message,
            "node 3 of the workflow needs the parameter seed");
  std::string const minimal = R"({"workflow":{"3":{"class_type":"K","inputs":{}}},)";
  EXPECT_EQ(why(minimal + R"("output_nodes":["8"]})").message,
            where + "output_nodes has 8, which the workflow does not have");
  EXPECT_EQ(why(minimal + R"("output_nodes":[]})").message, where + "output_nodes is not a list");
  EXPECT_EQ(why(minimal + R"("output_nodes":[3]})").message,
            where + "output_nodes has an id that is not a text");
  EXPECT_EQ(why(minimal + R"("temporary":1})").message,
            where + "temporary is neither true nor false");
  EXPECT_EQ(why(minimal + R"("max_outputs":65})").message,
            where + "max_outputs is not an integer from 1 to 64");
  EXPECT_EQ(why(minimal + R"("nodes":1})").message,
            where + "the adapter comfyui has no option \"nodes\"");
}

TEST(Comfyui, queues_asks_and_fetches_every_file) {
  auto const adapter = make_adapter();
  adapter->request();
  EXPECT_EQ(adapter->external_id(), "");
  auto step = test::answer(
      *adapter, std::string(R"({"prompt_id":")") + id + R"(","number":2,"node_errors":{}})");
  EXPECT_EQ(test::pause_of(step), milliseconds(500));
  EXPECT_EQ(adapter->external_id(), id);
  auto request = adapter->request();
  EXPECT_EQ(request.path, std::string("/history/") + id);
  EXPECT_EQ(request.method, courier::Method::get);
  EXPECT_EQ(test::pause_of(test::answer(*adapter, "{}")), milliseconds(0));
  EXPECT_EQ(adapter->request().path, "/queue");
  EXPECT_GT(test::pause_of(test::answer(*adapter, pending)), milliseconds(0));

  std::string const outputs = R"({
    "10":{"images":[{"filename":"p.png","subfolder":"","type":"temp"}]},
    "9":{"images":[{"filename":"a b_0001_.png","subfolder":"x/y&z","type":"output"},
                   {"filename":"c.png","subfolder":"","type":"output"}]}})";
  EXPECT_EQ(test::pause_of(test::answer(*adapter, history(outputs), 200, 5)), milliseconds(0));
  request = adapter->request();
  EXPECT_EQ(request.path, "/view");
  EXPECT_EQ(request.query, "filename=a%20b_0001_.png&subfolder=x%2Fy%26z&type=output");
  EXPECT_EQ(request.method, courier::Method::get);
  std::string const first = test::make_png(8, 8);
  std::string const second = test::make_png(9, 9);
  EXPECT_EQ(test::pause_of(test::answer(*adapter, first)), milliseconds(0));
  EXPECT_EQ(adapter->request().query, "filename=c.png&subfolder=&type=output");
  step = test::answer(*adapter, second);
  const auto &result = std::get<Result>(step);
  ASSERT_EQ(result.outputs.size(), 2U);
  EXPECT_EQ(test::contents(result.outputs[0]), first);
  EXPECT_EQ(test::contents(result.outputs[1]), second);
  EXPECT_EQ(result.outputs[1].index, 1U);
  EXPECT_EQ(result.outputs[1].seed, 5);
  EXPECT_EQ(json::parse(result.metadata), json::parse(R"({"prompt_id":
      "0192f0c1-0000-7000-8000-00000000abcd","seconds":2.5,"outputs":[
      {"index":0,"node":"9","filename":"a b_0001_.png","seed":5},
      {"index":1,"node":"9","filename":"c.png","seed":5}]})"));
}

TEST(Comfyui, takes_the_id_that_an_old_server_chose) {
  auto const adapter = make_adapter();
  test::answer(*adapter, R"({"prompt_id":"minted-by-it","number":2,"node_errors":{}})");
  EXPECT_EQ(adapter->external_id(), "minted-by-it");
  EXPECT_EQ(adapter->request().path, "/history/minted-by-it");
  for (const char *body : {"{}", "[]", R"({"prompt_id":7})", R"({"prompt_id":"a/b"})", "null"})
    EXPECT_EQ(test::refused_answer(*make_adapter(), body),
              (Refusal{ErrorClass::bad_response,
                       "the server took the workflow and does not say under which prompt_id"}))
        << body;
}

TEST(Comfyui, asks_for_the_queue_only_now_and_then) {
  auto const adapter = resumed();
  int histories = 0;
  milliseconds waited{0};
  for (int queues = 0; queues < 4;) {
    bool const is_queue = adapter->request().path == "/queue";
    auto const step = test::answer(*adapter, is_queue ? running : "{}");
    EXPECT_LE(test::pause_of(step), milliseconds(2000));
    waited += test::pause_of(step);
    queues += is_queue ? 1 : 0;
    histories += is_queue ? 0 : 1;
  }
  EXPECT_GE(waited, milliseconds(30000));
  EXPECT_GT(histories, 15);
}

TEST(Comfyui, finds_lost_prompts) {
  auto const lose = [](Adapter &adapter) {
    test::answer(adapter, "{}");
    EXPECT_EQ(adapter.request().path, "/queue");
    EXPECT_EQ(test::pause_of(test::answer(adapter, empty_queue)), milliseconds(0));
    EXPECT_EQ(adapter.request().path, std::string("/history/") + id);
  };
  auto adapter = resumed();
  lose(*adapter);
  Refusal const lost = test::refused_answer(*adapter, "{}");
  EXPECT_EQ(lost.error_class, ErrorClass::worker_crash);
  EXPECT_EQ(lost.message, std::string("the prompt ") + id +
                              " is neither in the queue nor in the history: the server was "
                              "restarted, or somebody took it out");
  adapter = resumed();  // it ended between the two questions
  lose(*adapter);
  EXPECT_EQ(
      test::pause_of(test::answer(*adapter, history(R"({"9":{"images":[{"filename":"a.png"}]}})"))),
      milliseconds(0));
  EXPECT_EQ(adapter->request().query, "filename=a.png&subfolder=&type=output");
}

TEST(Comfyui, asks_what_became_of_a_prompt_by_the_id_that_it_chose) {
  wire::Submit lookup = make_submit();
  lookup.attempt = uuid(0xee);
  lookup.subject = uuid(0xcd);
  lookup.purpose = wire::Purpose::lookup;
  auto const adapter = make_adapter(lookup);
  EXPECT_EQ(adapter->request().path, std::string("/history/") + id);
  test::answer(*adapter, "{}");
  test::answer(*adapter, empty_queue);
  EXPECT_EQ(test::looked_up([&] { test::answer(*adapter, "{}"); }), "unknown");
  auto const busy = make_adapter(lookup);
  test::answer(*busy, "{}");
  EXPECT_GT(test::pause_of(test::answer(*busy, running)), milliseconds(0));
}

TEST(Comfyui, cancels_what_waits_and_interrupts_only_what_was_seen_running) {
  auto const adapter = make_adapter();
  EXPECT_TRUE(adapter->outlives_connection());
  EXPECT_FALSE(adapter->cancel_request());
  test::answer(*adapter, std::string(R"({"prompt_id":")") + id + "\"}");
  auto cancel = adapter->cancel_request();
  ASSERT_TRUE(cancel);
  EXPECT_EQ(cancel->path, "/queue");
  EXPECT_EQ(json::parse(cancel->body), json({{"delete", {id}}}));
  test::answer(*adapter, "{}");
  test::answer(*adapter, pending);
  EXPECT_EQ(adapter->cancel_request()->path, "/queue");
  auto const ours = resumed();
  test::answer(*ours, "{}");
  test::answer(*ours, running);
  cancel = ours->cancel_request();
  EXPECT_EQ(cancel->path, "/interrupt");
  EXPECT_EQ(json::parse(cancel->body), json({{"prompt_id", id}}));
}

TEST(Comfyui, takes_files_of_every_kind_from_the_nodes_that_are_wanted) {
  std::string const outputs = R"({
    "10":{"gifs":[{"filename":"v.mp4","subfolder":"","type":"output"}],"text":["said"]},
    "9":{"images":[{"filename":"t.png","type":"temp"}],"animated":[false],
         "audio":[{"filename":"s.flac","type":"output"}],"odd":{"filename":"no"}},"8":null})";
  auto const files_of = [&](const std::string &more) {
    auto const adapter = resumed(make_submit(std::string(graph).insert(1, more)));
    std::string names;
    test::answer(*adapter, history(outputs));
    std::string const film = test::read_corpus("media/film.mp4");
    while (adapter->request().path == "/view") {
      names += adapter->request().query + " ";
      if (!test::pause_of(test::answer(*adapter, film)).count()) continue;
      break;
    }
    return names;
  };
  EXPECT_EQ(files_of(""), "filename=v.mp4&subfolder=&type=output ");
  EXPECT_EQ(files_of(R"("temporary":true,)"),
            "filename=t.png&subfolder=&type=temp filename=v.mp4&subfolder=&type=output ");
  EXPECT_EQ(files_of(R"("temporary":true,"output_nodes":["10","9"],)"),
            "filename=v.mp4&subfolder=&type=output filename=t.png&subfolder=&type=temp ");
}

TEST(Comfyui, texts_are_the_result_where_there_are_no_files) {
  auto step = test::answer(*resumed(), history(R"({"9":{"text":["one\u0000"]}})"));
  EXPECT_EQ(std::get<Result>(step).result, "\"one\uFFFD\"");
  step = test::answer(*resumed(), history(R"({"9":{"text":["one","two"]}})"));
  EXPECT_EQ(std::get<Result>(step).result, R"(["one","two"])");
  EXPECT_TRUE(std::get<Result>(step).outputs.empty());
  EXPECT_EQ(courier::database_json({{"a\\u0000", std::string("\0\\", 2)}}),
            "{\"a\\\\u0000\":\"\uFFFD\\\\\"}");
}

TEST(Comfyui, believes_the_history) {
  auto const ended = [](const std::string &status) {
    return refused_history(history("{}", status));
  };
  EXPECT_EQ(ended(R"({"status_str":"error","completed":false,"messages":[["execution_start",{}],
      ["execution_error",{"node_id":"3","node_type":"KSampler","exception_type":"torch.OutOfMemoryError",
       "exception_message":"no VRAM","traceback":["x"],"current_inputs":{"a":[1]}}]]})"),
            (Refusal{ErrorClass::worker_crash, "the execution failed in KSampler: no VRAM"}));
  EXPECT_EQ(
      ended(R"({"status_str":"error","messages":[["execution_error",{"exception_type":"X"}]]})")
          .message,
      "the execution failed: X");
  EXPECT_EQ(ended(R"({"status_str":"error"})").message, "the execution failed");
  EXPECT_EQ(
      ended(R"({"status_str":"error","messages":[["execution_interrupted",{"node_id":"3"}]]})"),
      (Refusal{ErrorClass::worker_crash, "the execution was interrupted at the server"}));
  EXPECT_EQ(
      ended(R"({"status_str":"levitating"})"),
      (Refusal{ErrorClass::bad_response,
               "the server says that the execution is \"levitating\", which is no known state"}));
  EXPECT_EQ(ended("{}").error_class, ErrorClass::bad_response);
  EXPECT_NE(
      ended(R"({"status_str":"success","completed":true,"messages":[]})").message.find("cache"),
      std::string::npos);
  EXPECT_NE(ended("null").message.find("left no outputs"), std::string::npos);
  EXPECT_EQ(refused_history(history("[]")).error_class, ErrorClass::bad_response);
  EXPECT_EQ(refused_history("[]").message, "the history is not an object");
  EXPECT_EQ(refused_history("{").error_class, ErrorClass::bad_response);
}

TEST(Comfyui, refuses_more_files_than_expected) {
  EXPECT_EQ(refused_history(history(R"({"9":{"images":[{"filename":"a"},{"filename":"b"}]}})"),
                            std::string(graph).insert(1, R"("max_outputs":1,)")),
            (Refusal{ErrorClass::too_large,
                     "the workflow made 2 files, more than max_outputs, which is 1"}));
}

TEST(Comfyui, refuses_a_queue_that_is_none) {
  for (const char *body : {"[]", "{}", R"({"queue_running":[]})"}) {
    auto const adapter = resumed();
    test::answer(*adapter, "{}");
    EXPECT_EQ(test::refused_answer(*adapter, body).message,
              "the queue has no queue_running and queue_pending");
  }
}

TEST(Comfyui, reads_queues_of_megabytes) {
  std::string const large(std::size_t{5} << 20, 'x');
  auto const adapter = resumed();
  test::answer(*adapter, "{}");
  EXPECT_GT(
      test::pause_of(test::answer(*adapter, std::string(R"({"queue_pending":[[7,"a",{"1":")") +
                                                large + R"("},{},[]]],"queue_running":[[3,")" + id +
                                                R"(",{"2":")" + large + R"("},{},[]]]})")),
      milliseconds(0));
  EXPECT_EQ(adapter->cancel_request()->path, "/interrupt");
}

TEST(Comfyui, explains_what_the_server_refuses) {
  EXPECT_EQ(
      test::explained(*make_adapter(), 400, R"({"error":{"type":"prompt_outputs_failed_validation",
      "message":"Prompt outputs failed validation","details":"","extra_info":{}},"node_errors":{"4":{
      "errors":[{"type":"value_not_in_list","message":"Value not in list","details":"ckpt_name: 'x'"}],
      "dependent_outputs":["9"],"class_type":"CheckpointLoaderSimple"}}})"),
      (Refusal{ErrorClass::invalid_input,
               "the server answers 400: Prompt outputs failed validation; node 4 "
               "(CheckpointLoaderSimple): Value not in list, ckpt_name: 'x'"}));
  EXPECT_EQ(test::explained(*make_adapter(), 400, R"({"error":{"type":"invalid_prompt",
      "message":"Cannot execute because node X does not exist.","details":"Node ID '#5'"},"node_errors":{}})")
                .message,
            "the server answers 400: Cannot execute because node X does not exist.: Node ID '#5'");
  EXPECT_EQ(
      test::explained(*make_adapter(), 400, R"({"error":"no prompt","node_errors":[]})").message,
      "the server answers 400: no prompt");
  EXPECT_EQ(test::explained(*make_adapter(), 500, "").error_class, ErrorClass::overload);
  EXPECT_EQ(test::explained(*resumed(), 502, "<html>"),
            (Refusal{ErrorClass::overload,
                     std::string("asked for the history of ") + id + ", the server answers 502"}));
  auto const adapter = resumed();
  test::answer(*adapter, history(R"({"9":{"images":[{"filename":"gone.png"}]}})"));
  EXPECT_EQ(test::explained(*adapter, 404, ""),
            (Refusal{ErrorClass::expired, "asked for gone.png, the server answers 404"}));
  EXPECT_EQ(test::refused_answer(*adapter, "not a picture").error_class, ErrorClass::bad_response);
}

TEST(Comfyui, refuses_an_id_that_cannot_be_one) {
  wire::Submit submit = make_submit();
  submit.external_id = "../x";
  EXPECT_EQ(test::refusal_of([&] { make_adapter(submit); }).message,
            "the id of the prompt cannot be one");
}

}  // namespace
