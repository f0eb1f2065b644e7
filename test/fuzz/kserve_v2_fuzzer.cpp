// kserve_v2_fuzzer.cpp -- what an inference server may answer. First byte: how much is JSON where
// there are tensors behind it, 0 for none; second: where to cut.
#include <string>

#include "courier/adapters/adapter.hpp"
#include "fuzzing.hpp"

namespace {

constexpr std::uint64_t max_output_bytes = 4096;
constexpr std::size_t max_outputs = 2;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size < 2) return 0;
  wire::Submit submit;
  submit.adapter = "kserve_v2";
  submit.model = "m";
  submit.max_output_bytes = max_output_bytes;
  submit.parameters = R"({"prompt":"p"})";
  submit.options =
      R"({"inputs":[{"name":"P","datatype":"BYTES","value":"{parameters.prompt}"}],"max_outputs":2,
          "outputs":[{"name":"I"},{"name":"T","kind":"text"},{"name":"D","kind":"data"}]})";
  if (data[1] >= 128)
    submit.options.replace(submit.options.find(R"({"name":"I"},)"), 13, "");  // no pictures
  std::string_view const body = fuzz::as_text(data + 2, size - 2);
  std::size_t const cut = std::min<std::size_t>(data[1] % 128, body.size());
  try {
    auto const adapter = courier::make_adapter(submit, "/tmp");
    fuzz::require(!adapter->explain({500, "", false, -1}, body).message().empty(),
                  "a failure has a reason");
    adapter->begin_response({200, "", false, data[0] == 0 ? -1 : data[0]});
    adapter->consume(body.substr(0, cut));
    adapter->consume(body.substr(cut));
    auto const result = std::get<courier::Result>(adapter->finish());
    fuzz::require(result.outputs.size() <= max_outputs, "no more outputs than announced");
    fuzz::require(result.outputs.empty() == (data[1] >= 128), "pictures where they are wanted");
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
