// http_status.hpp -- what the head of an answer means.
#pragma once

#include <string>

#include "wire/error_class.hpp"

namespace courier {

// For every status that is not 2xx.
wire::ErrorClass class_of_status(long status, bool has_retry_after) noexcept;

inline bool is_success(long status) noexcept { return status >= 200 && status < 300; }

// Whether a Content-Type may announce JSON.
bool is_json_type(std::string type);
bool is_event_stream_type(std::string type);

}  // namespace courier
