// a1111_fuzzer.cpp -- what AUTOMATIC1111 may answer. First byte: how many pictures were asked for.
#include "adapter_talk.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size < 1) return 0;
  wire::Submit submit;
  submit.adapter = "a1111";
  submit.max_output_bytes = fuzz::max_output_bytes;
  submit.parameters =
      R"({"prompt":"p","seed":7,"n":)" + std::string(data[0] % 2 == 0 ? "2}" : "1}");
  fuzz::talk(submit, fuzz::as_text(data + 1, size - 1));
  return 0;
}
