#include "courier/adapters/failure_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>

namespace courier {

namespace {

using wire::ErrorClass;

constexpr std::array<std::string_view, 6> words_about_content = {
    "nsfw",       "content policy", "content_policy", "flagged as sensitive",
    "moderation", "safety filter"};
constexpr std::array<std::string_view, 5> words_about_money = {
    "insufficient credit", "insufficient balance", "insufficient funds", "exhausted balance",
    "payment required"};

std::string in_small_letters(std::string_view text) {
  std::string small(text);
  std::transform(small.begin(), small.end(), small.begin(), [](char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
  });
  return small;
}

template <typename Words>
bool has_one(const std::string &text, const Words &words) {
  return std::any_of(words.begin(), words.end(), [&text](std::string_view word) {
    return text.find(word) != std::string::npos;
  });
}

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

}  // namespace

ErrorClass class_of_failure(std::string_view text) {
  std::string const small = in_small_letters(text);
  if (has_one(small, words_about_content)) return ErrorClass::content_policy;
  if (has_one(small, words_about_money)) return ErrorClass::payment;
  return ErrorClass::worker_crash;
}

std::chrono::milliseconds patience_in(std::string_view text) {
  constexpr std::string_view before = "resets in ";
  constexpr std::uint32_t longest_s = 86400;
  std::size_t const at = text.find(before);
  if (at == std::string_view::npos) return std::chrono::milliseconds(0);
  text.remove_prefix(at + before.size());
  text.remove_prefix(std::min(text.find_first_not_of("~ "), text.size()));
  std::uint32_t seconds = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  bool const is_seconds = error == std::errc() && end != text.data() + text.size() && *end == 's';
  return std::chrono::seconds(is_seconds ? std::min(seconds, longest_s) : 0);
}

double progress_in(std::string_view log) {
  constexpr int whole = 100;
  std::size_t bar = log.rfind("%|");
  while (bar != std::string_view::npos && bar > 0) {
    std::size_t begin = bar;
    while (begin > 0 && bar - begin < 3 && is_digit(log[begin - 1]))
      --begin;
    int percent = whole + 1;
    std::from_chars(log.data() + begin, log.data() + bar, percent);
    if (begin < bar && percent <= whole) return static_cast<double>(percent) / whole;
    bar = log.rfind("%|", bar - 1);
  }
  return -1;
}

}  // namespace courier
