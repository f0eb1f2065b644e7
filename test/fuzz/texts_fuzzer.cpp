// texts_fuzzer.cpp -- whole answers through the adapters of language models.
//
// First byte: which adapter, and as what its answer comes; second: where to cut.
#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "courier/adapters/adapter.hpp"
#include "fuzzing.hpp"
#include "wire/text.hpp"

namespace {

constexpr std::uint64_t max_output_bytes = 4096;

struct Case {
  const char *adapter;
  const char *parameters;
  const char *content_type;
  const char *model = "m";
};

constexpr std::array cases = {
    Case{"openai_chat", R"({"prompt":"p"})", "text/event-stream"},
    Case{"openai_chat", R"({"prompt":"p","stream":false})", "application/json"},
    Case{"ollama", R"({"prompt":"p"})", "application/x-ndjson"},
    Case{"openai_embeddings", R"({"input":["a","b"]})", "application/json"},
    Case{"gemini", R"({"prompt":"p"})", "text/event-stream"},
    Case{"gemini", R"({"prompt":"p"})", "application/json", "image"},
    Case{"gemini", R"({"prompt":"p","n":2})", "application/json", "imagen"},
};

struct Answer {
  std::string result;
  std::string text;  // handed out bit by bit
  std::string failure;
  std::size_t outputs = 0;
};

Answer take(const Case &chosen, std::string_view first, std::string_view second) {
  wire::Submit submit;
  submit.adapter = chosen.adapter;
  submit.model = chosen.model;
  submit.parameters = chosen.parameters;
  submit.max_output_bytes = max_output_bytes;
  auto const adapter = courier::make_adapter(submit, "/tmp");
  Answer answer;
  try {
    adapter->begin_response({200, chosen.content_type, false});
    for (std::string_view const piece : {first, second}) {
      adapter->consume(piece);
      answer.text += adapter->take_text();
    }
    auto const result = std::get<courier::Result>(adapter->finish());
    answer.text += adapter->take_text();
    answer.result = result.result;
    answer.outputs = result.outputs.size();
    fuzz::require(nlohmann::json::parse(result.metadata).is_object(), "metadata are an object");
    fuzz::require(answer.outputs <= adapter->max_outputs(), "no more outputs than announced");
  } catch (const courier::AttemptError &error) {
    answer.failure = error.message();
    fuzz::require(!answer.failure.empty(), "a failure has a reason");
    fuzz::require(error.error_class() != wire::ErrorClass::internal,
                  "no answer makes our own side fail");
  }
  return answer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size < 2) return 0;
  const Case &chosen = cases[data[0] % cases.size()];
  std::string_view const body = fuzz::as_text(data + 2, size - 2);
  std::size_t const cut = std::min<std::size_t>(data[1], body.size());
  Answer const whole = take(chosen, body, {});
  Answer const pieces = take(chosen, body.substr(0, cut), body.substr(cut));
  fuzz::require(whole.result == pieces.result && whole.failure.empty() == pieces.failure.empty(),
                "an answer does not depend on where it is cut");
  fuzz::require(wire::is_database_text(whole.text), "texts are fit for the database");
  if (!whole.failure.empty() || whole.result.empty()) return 0;
  auto const result = nlohmann::json::parse(whole.result);
  fuzz::require(whole.result.find("\\u0000") == std::string::npos, "no text has a U+0000");
  if (result.contains("text"))
    fuzz::require(result.at("text") == whole.text, "what comes bit by bit is the whole");
  return 0;
}
