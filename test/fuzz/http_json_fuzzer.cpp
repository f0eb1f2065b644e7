// http_json_fuzzer.cpp -- a provider's options and the answers of its server, one after the other.
//
// Parts are divided by the byte 0x1e: the options, then an answer for each request.
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "courier/adapters/adapter.hpp"
#include "fuzzing.hpp"

namespace {

constexpr std::uint64_t max_output_bytes = 16384;
constexpr char divider = '\x1e';

std::string_view next_part(std::string_view &rest) {
  std::size_t const end = std::min(rest.find(divider), rest.size());
  std::string_view const part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

void check(const courier::Result &result, std::size_t max_outputs) {
  fuzz::require(result.outputs.size() <= max_outputs, "no more outputs than announced");
  std::uint64_t bytes = 0;
  for (const wire::Output &output : result.outputs)
    bytes += output.byte_count;
  fuzz::require(bytes <= max_output_bytes, "a success is within the cap");
  fuzz::require(nlohmann::json::accept(result.metadata), "the metadata is JSON");
  fuzz::require(result.result.empty() || nlohmann::json::accept(result.result) ||
                    result.result.find_first_of("eE") != std::string::npos,
                "the result is JSON, but for numbers that are too large for it");
}

void converse(courier::Adapter &adapter, std::string_view answers) {
  while (true) {
    courier::HttpRequest const request = adapter.request();
    fuzz::require(!request.url.empty() || request.path.empty() || request.path[0] == '/',
                  "a path begins with a slash");
    fuzz::require(request.path.find_first_of("\r\n \t") == std::string::npos, "a path is one word");
    static_cast<void>(adapter.cancel_request());
    if (answers.empty()) return;
    std::string_view const answer = next_part(answers);
    adapter.begin_response({200, "application/json", false});
    adapter.consume(answer.substr(0, answer.size() / 2));
    adapter.consume(answer.substr(answer.size() / 2));
    courier::Step step = adapter.finish();
    fuzz::require(!(adapter.progress() > 1), "nothing is more than done");
    if (auto *const result = std::get_if<courier::Result>(&step))
      return check(*result, adapter.max_outputs());
    fuzz::require(std::get<courier::Again>(step).after.count() >= 0, "time does not run backwards");
    static_cast<void>(adapter.explain({500, "", false}, answer));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  std::string_view rest = fuzz::as_text(data, size);
  wire::Submit submit;
  submit.adapter = "http_json";
  submit.options = next_part(rest);
  submit.model = "owner/model";
  submit.parameters = R"({"prompt":"p","image":"https://u.example/p.png"})";
  submit.max_output_bytes = max_output_bytes;
  submit.webhook_url = "https://we.example/hook";
  try {
    converse(*courier::make_adapter(submit, "/tmp"), rest);
  } catch (const courier::AttemptError &error) {
    fuzz::require(!error.message().empty(), "a failure has a reason");
    fuzz::require(error.error_class() != wire::ErrorClass::internal,
                  "no answer makes our own side fail");
  }
  return 0;
}
