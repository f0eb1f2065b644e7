#include "runner/service/generation_notes.hpp"

#include <algorithm>
#include <cmath>

namespace runner {

double rounded(double milliseconds) { return std::round(milliseconds * 1000) / 1000; }

nlohmann::json usage_notes(const GenerationSummary &summary) {
  return {{"input_tokens", summary.prompt_tokens},
          {"output_tokens", 0},
          {"total_tokens", summary.prompt_tokens},
          {"prompt_truncated", summary.prompt_truncated}};
}

nlohmann::json timing_notes(const Timings &timings) {
  return {{"encode_ms", rounded(timings.encode_ms)},
          {"denoise_ms", rounded(timings.denoise_ms)},
          {"decode_ms", rounded(timings.decode_ms)}};
}

std::string size_text(const PictureRequest &picture) {
  return std::to_string(picture.width) + "x" + std::to_string(picture.height);
}

std::string brief_message(const std::exception &error) {
  const std::string message = error.what();
  return message.substr(0, std::min<size_t>(message.find('\n'), 300));
}

}  // namespace runner
