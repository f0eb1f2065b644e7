// rate_headers.hpp -- what a server says about how many more requests it takes, and until when.
//
//   x-ratelimit-remaining-requests, x-ratelimit-reset-requests     OpenAI: "6m0s"
//   x-ratelimit-remaining, x-ratelimit-reset                       seconds, or a Unix time
//   ratelimit-remaining, ratelimit-reset                           seconds
//   ratelimit: limit=100, remaining=50, reset=5                    older drafts of the IETF
//   ratelimit: "default";r=50;t=30, "day";r=900;t=3600             newer ones
//
// Headers are hints of strangers: what makes no sense is as if it were not there.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "wire/messages.hpp"

namespace courier {

// The value of a header by its name in any case.
using HeaderOf = std::function<std::optional<std::string>(const char *name)>;

// reset_ms is 0 when the server says nothing of use.
wire::RateLimit parse_rate_headers(const HeaderOf &header, std::int64_t now_us);

// Milliseconds from now: seconds, a duration such as 1m30s, a Unix time or a date. Nothing for what
// is past, longer than a day, or none of these.
std::optional<std::uint32_t> parse_reset(std::string_view text, std::int64_t now_us);

// The header retry-after-ms.
std::optional<std::uint32_t> parse_milliseconds(std::string_view text);

}  // namespace courier
