// sdcpp_fuzzer.cpp -- what stable-diffusion.cpp's server may answer. First byte: what was asked.
#include "adapter_talk.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size < 1) return 0;
  wire::Submit submit;
  submit.adapter = "sdcpp";
  submit.max_output_bytes = fuzz::max_output_bytes;
  submit.parameters =
      R"({"prompt":"p","seed":7,"n":)" + std::string(data[0] % 2 == 0 ? "2}" : "1}");
  if (data[0] % 4 == 3) submit.options = R"({"mode":"vid_gen"})";
  if (data[0] % 8 > 3) submit.external_id = "job_1";
  if (data[0] % 16 > 7) submit.purpose = wire::Purpose::lookup;
  if (submit.purpose == wire::Purpose::lookup) submit.external_id = "job_1";
  fuzz::talk(submit, fuzz::as_text(data + 1, size - 1));
  return 0;
}
