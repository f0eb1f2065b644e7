// http_status.hpp -- what an HTTP status means for the next try.
#pragma once

#include "wire/error_class.hpp"

namespace courier {

// For every status that is not 2xx.
wire::ErrorClass class_of_status(long status, bool has_retry_after) noexcept;

inline bool is_success(long status) noexcept { return status >= 200 && status < 300; }

}  // namespace courier
