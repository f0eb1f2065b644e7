// openai_videos_fuzzer.cpp -- what a server of videos may answer. First byte: with a picture to
// fetch first, or without.
#include "adapter_talk.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size < 1) return 0;
  wire::Submit submit;
  submit.adapter = "openai_videos";
  submit.max_output_bytes = fuzz::max_output_bytes;
  submit.parameters = data[0] % 2 == 0 ? R"({"prompt":"p","image":"https://u.example/p.png"})"
                                       : R"({"prompt":"p","seconds":4})";
  fuzz::talk(submit, fuzz::as_text(data + 1, size - 1));
  return 0;
}
