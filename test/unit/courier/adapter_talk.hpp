// adapter_talk.hpp -- talking to an adapter as Attempt does, with strings instead of a network.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "courier/adapters/adapter.hpp"

namespace test {

struct Refusal {
  wire::ErrorClass error_class;
  std::string message;
  friend bool operator==(const Refusal &, const Refusal &) = default;
};

inline void PrintTo(const Refusal &refusal, std::ostream *out) {
  *out << wire::error_class_name(refusal.error_class) << ": " << refusal.message;
}

// A 2xx answer, in pieces of that size.
inline courier::Step answer(courier::Adapter &adapter, std::string_view body, long status = 200,
                            std::size_t piece = SIZE_MAX) {
  adapter.begin_response({status, "application/json", false});
  for (std::size_t at = 0; at < body.size(); at += std::min(piece, body.size()))
    adapter.consume(body.substr(at, piece));
  return adapter.finish();
}

inline std::chrono::milliseconds pause_of(const courier::Step &step) {
  const auto *const again = std::get_if<courier::Again>(&step);
  return again != nullptr ? again->after : std::chrono::milliseconds(-1);
}

// What action throws; "accepted" when nothing.
template <typename Action>
Refusal refusal_of(const Action &action) {
  try {
    action();
  } catch (const courier::AttemptError &error) {
    return {error.error_class(), error.message()};
  }
  return {wire::ErrorClass::internal, "accepted"};
}

inline Refusal refused_answer(courier::Adapter &adapter, std::string_view body, long status = 200) {
  return refusal_of([&] { answer(adapter, body, status); });
}

inline Refusal explained(const courier::Adapter &adapter, long status, std::string_view body,
                         bool has_retry_after = false) {
  auto const error = adapter.explain({status, "application/json", has_retry_after}, body);
  return {error.error_class(), error.message()};
}

// What the adapter of a lookup says, where that is not a result.
template <typename Action>
std::string looked_up(const Action &action) {
  constexpr const char *names[] = {"unanswered", "running", "unknown", "failed"};
  try {
    action();
  } catch (const courier::LookupAnswer &answer) {
    return names[static_cast<int>(answer.state)];
  } catch (const courier::AttemptError &) {
    return "an error";
  }
  return "nothing";
}

inline std::string contents(const wire::Output &output) {
  std::string bytes(output.byte_count, '\0');
  ssize_t const got = read(output.file.get(), bytes.data(), bytes.size());
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

}  // namespace test
