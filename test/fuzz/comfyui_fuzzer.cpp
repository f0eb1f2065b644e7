// comfyui_fuzzer.cpp -- what ComfyUI may answer. First byte: whether the prompt is known already.
#include "adapter_talk.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size < 1) return 0;
  wire::Submit submit;
  submit.adapter = "comfyui";
  submit.max_output_bytes = fuzz::max_output_bytes;
  submit.parameters = R"({"prompt":"p","seed":7})";
  submit.options =
      R"({"workflow":{"9":{"class_type":"SaveImage","inputs":{"text":"{parameters.prompt}"}}},"max_outputs":2})";
  if (data[0] % 2 == 1) submit.external_id = "p1";
  if (data[0] % 4 > 1) submit.purpose = wire::Purpose::lookup;
  fuzz::talk(submit, fuzz::as_text(data + 1, size - 1));
  return 0;
}
