// answer_fuzzer.cpp -- a whole answer through the adapter: JSON, base64, media and files together.
//
// First byte: how many pictures were asked for; second: where to cut.
#include <string>

#include "courier/adapters/adapter.hpp"
#include "fuzzing.hpp"

namespace {

constexpr std::uint64_t max_output_bytes = 4096;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size < 2) return 0;
  wire::Submit submit;
  submit.adapter = "openai_images";
  std::size_t const asked = 1 + data[0] % 3;
  submit.parameters = R"({"prompt":"p","n":)" + std::to_string(asked) + "}";
  submit.max_output_bytes = max_output_bytes;
  std::string_view const body = fuzz::as_text(data + 2, size - 2);
  std::size_t const cut = std::min<std::size_t>(data[1], body.size());
  try {
    auto const adapter = courier::make_adapter(submit, "/tmp");
    adapter->begin_response({200, "application/json", false});
    adapter->consume(body.substr(0, cut));
    adapter->consume(body.substr(cut));
    courier::Step const step = adapter->finish();
    if (std::holds_alternative<courier::Again>(step)) return 0;  // pictures behind URLs
    auto const &result = std::get<courier::Result>(step);
    fuzz::require(result.outputs.size() == asked, "a success has every picture");
    std::uint64_t bytes = 0;
    for (const wire::Output &output : result.outputs)
      bytes += output.byte_count;
    fuzz::require(bytes <= max_output_bytes, "a success is within the cap");
  } catch (const courier::AttemptError &error) {
    fuzz::require(!error.message().empty(), "a failure has a reason");
    fuzz::require(error.error_class() != wire::ErrorClass::internal,
                  "no answer makes our own side fail");
  }
  return 0;
}
