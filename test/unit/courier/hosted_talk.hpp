// hosted_talk.hpp -- an adapter of a hosted queue, talked to with strings.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "courier/adapters/adapter.hpp"

namespace test {

struct Refusal {
  wire::ErrorClass error_class;
  std::string message;
  friend bool operator==(const Refusal &, const Refusal &) = default;
  friend std::ostream &operator<<(std::ostream &out, const Refusal &refusal) {
    return out << wire::error_class_name(refusal.error_class) << ": " << refusal.message;
  }
};

class HostedTalk {
 public:
  explicit HostedTalk(const wire::Submit &submit)
      : adapter_(courier::make_adapter(submit, testing::TempDir())) {}

  courier::Adapter &adapter() { return *adapter_; }
  courier::HttpRequest request() { return adapter_->request(); }

  // A 2xx answer, in two pieces.
  courier::Step answer(std::string_view body, const std::string &type = "application/json") {
    adapter_->begin_response({200, type, false});
    adapter_->consume(body.substr(0, body.size() / 2));
    adapter_->consume(body.substr(body.size() / 2));
    return adapter_->finish();
  }

  // What it is told to wait; 0: more is asked at once.
  std::chrono::milliseconds pause_after(std::string_view body) {
    courier::Step step = answer(body);
    auto const *const again = std::get_if<courier::Again>(&step);
    EXPECT_NE(again, nullptr) << body;
    return again != nullptr ? again->after : std::chrono::milliseconds(-1);
  }

  courier::Result result_of(std::string_view body) {
    courier::Step step = answer(body);
    if (auto *const result = std::get_if<courier::Result>(&step)) return std::move(*result);
    ADD_FAILURE() << "no result after " << body;
    return {};
  }

  Refusal refusal_of(std::string_view body, const std::string &type = "application/json") {
    try {
      answer(body, type);
    } catch (const courier::AttemptError &error) {
      return {error.error_class(), error.message()};
    }
    return {wire::ErrorClass::internal, "accepted"};
  }

  courier::AttemptError explained(long status, std::string_view body, bool retry_after = false) {
    try {
      return adapter_->explain({status, "application/json", retry_after}, body);
    } catch (const courier::LookupAnswer &error) {
      return {error.error_class(), error.message()};
    }
  }

 private:
  std::unique_ptr<courier::Adapter> adapter_;
};

inline std::string contents(const wire::Output &output) {
  std::string bytes(output.byte_count, '\0');
  ssize_t const got = read(output.file.get(), bytes.data(), bytes.size());
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

inline bool has_header(const courier::HttpRequest &request, const std::string &line) {
  for (const std::string &header : request.headers)
    if (header == line) return true;
  return false;
}

}  // namespace test
