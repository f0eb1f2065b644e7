// What is told about a computation besides its pictures.
#pragma once

#include <exception>
#include <nlohmann/json.hpp>
#include <string>

#include "runner/models/pipeline.hpp"

namespace runner {

nlohmann::json usage_notes(const GenerationSummary &summary);
nlohmann::json timing_notes(const Timings &timings);
std::string size_text(const PictureRequest &picture);  // "64x64"

double rounded(double milliseconds);

// Without the stack trace with which libtorch's messages run on; that is for the log only.
std::string brief_message(const std::exception &error);

}  // namespace runner
