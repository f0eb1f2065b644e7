#include "courier/rate_headers.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <utility>

namespace courier {

namespace {

constexpr double longest_ms = 86400e3;
// Above it a number of seconds is a time, above the next one it is in milliseconds.
constexpr double earliest_time_s = 1e9;
constexpr double earliest_time_ms = 1e12;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n\"";
  std::size_t const begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// Digits with or without a fraction, from the beginning; what is left stays in text.
std::optional<double> take_number(std::string_view &text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  double number = 0;
  auto const [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

double milliseconds_of(std::string_view unit) {
  constexpr std::array<std::pair<std::string_view, double>, 7> units = {{{"d", 86400e3},
                                                                         {"h", 3600e3},
                                                                         {"m", 60e3},
                                                                         {"s", 1e3},
                                                                         {"ms", 1},
                                                                         {"us", 1e-3},
                                                                         {"\u00B5s", 1e-3}}};
  auto const *const found = std::find_if(units.begin(), units.end(),
                                         [unit](const auto &known) { return known.first == unit; });
  return found == units.end() ? -1 : found->second;
}

// 1h30m, 1m30.5s, 120ms
std::optional<double> parse_duration(std::string_view text) {
  double total = 0;
  while (!text.empty()) {
    auto const number = take_number(text);
    if (!number) return std::nullopt;
    std::string_view const unit = text.substr(0, text.find_first_of("0123456789"));
    double const factor = milliseconds_of(unit);
    if (factor < 0) return std::nullopt;
    total += *number * factor;
    text.remove_prefix(unit.size());
  }
  return total;
}

std::optional<double> parse_date(std::string_view text, double now_ms) {
  std::string const date(text);
  std::tm parts{};
  const char *const end = strptime(date.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::time_t const time = end != nullptr && (*end == 'Z' || *end == '.')
                               ? timegm(&parts)
                               : curl_getdate(date.c_str(), nullptr);
  if (time <= 0) return std::nullopt;
  return static_cast<double>(time) * 1e3 - now_ms;
}

std::optional<std::uint32_t> parse_count(std::string_view text) {
  text = trimmed(text);
  std::uint32_t count = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return count;
}

std::string_view next_part(std::string_view &text, std::string_view separators) {
  std::size_t const end = text.find_first_of(separators);
  std::string_view const part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return trimmed(part);
}

wire::RateLimit combine(const std::optional<std::string> &remaining,
                        const std::optional<std::string> &reset, std::int64_t now_us) {
  if (!remaining || !reset) return {};
  auto const count = parse_count(*remaining);
  auto const reset_ms = parse_reset(*reset, now_us);
  if (!count || !reset_ms) return {};
  return {*count, *reset_ms};
}

// One policy, or all of an older draft.
wire::RateLimit parse_members(std::string_view text, std::string_view separators,
                              std::int64_t now_us) {
  std::optional<std::string> remaining;
  std::optional<std::string> reset;
  while (!text.empty()) {
    std::string_view member = next_part(text, separators);
    std::string_view const name = next_part(member, "=");
    if (name == "r" || name == "remaining") remaining = member;
    if (name == "t" || name == "reset") reset = member;
  }
  return combine(remaining, reset, now_us);
}

// Of several policies, the one that leaves least.
wire::RateLimit parse_policies(std::string_view text, std::int64_t now_us) {
  if (text.find(';') == std::string_view::npos) return parse_members(text, ",", now_us);
  wire::RateLimit tightest;
  while (!text.empty()) {
    wire::RateLimit const policy = parse_members(next_part(text, ","), ";", now_us);
    bool const tighter = tightest.reset_ms == 0 || policy.remaining < tightest.remaining;
    if (policy.reset_ms != 0 && tighter) tightest = policy;
  }
  return tightest;
}

}  // namespace

std::optional<std::uint32_t> parse_reset(std::string_view text, std::int64_t now_us) {
  text = trimmed(text);
  double const now_ms = static_cast<double>(now_us) / 1e3;
  std::string_view rest = text;
  std::optional<double> milliseconds = take_number(rest);
  if (milliseconds && rest.empty()) {
    if (*milliseconds >= earliest_time_ms)
      milliseconds = *milliseconds - now_ms;
    else if (*milliseconds >= earliest_time_s)
      milliseconds = *milliseconds * 1e3 - now_ms;
    else
      milliseconds = *milliseconds * 1e3;
  } else {
    milliseconds = parse_duration(text);
    if (!milliseconds) milliseconds = parse_date(text, now_ms);
  }
  if (!milliseconds || !(*milliseconds > 0 && *milliseconds <= longest_ms)) return std::nullopt;
  return static_cast<std::uint32_t>(std::ceil(*milliseconds));
}

std::optional<std::uint32_t> parse_milliseconds(std::string_view text) {
  text = trimmed(text);
  auto const number = take_number(text);
  if (!number || !text.empty() || !(*number > 0)) return std::nullopt;
  return static_cast<std::uint32_t>(std::ceil(std::min(*number, longest_ms)));
}

wire::RateLimit parse_rate_headers(const HeaderOf &header, std::int64_t now_us) {
  constexpr std::array<std::pair<const char *, const char *>, 3> pairs = {
      {{"x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"},
       {"x-ratelimit-remaining", "x-ratelimit-reset"},
       {"ratelimit-remaining", "ratelimit-reset"}}};
  for (const auto &[remaining, reset] : pairs) {
    auto const left = header(remaining);
    if (!left) continue;
    wire::RateLimit const limit = combine(left, header(reset), now_us);
    if (limit.reset_ms != 0) return limit;
  }
  auto const policies = header("ratelimit");
  return policies ? parse_policies(*policies, now_us) : wire::RateLimit{};
}

}  // namespace courier
