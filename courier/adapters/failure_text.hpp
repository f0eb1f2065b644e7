// failure_text.hpp -- what providers say about a failure in words alone.
#pragma once

#include <chrono>
#include <string_view>

#include "wire/error_class.hpp"

namespace courier {

// Of the text with which a request was given up: content_policy and payment by their words, else
// worker_crash.
wire::ErrorClass class_of_failure(std::string_view text);

// "Your rate limit resets in ~30s." gives 30 s; 0 for a text without such a time.
std::chrono::milliseconds patience_in(std::string_view text);

// The last percentage of a progress bar as tqdm draws it (" 45%|####5     | 9/20"), from 0 to 1;
// below: there is none.
double progress_in(std::string_view log);

}  // namespace courier
