// text_adapter.hpp -- what the tests of the adapters for texts share: an attempt from its
// parameters to its end, with the answer as a string.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "courier/adapters/adapter.hpp"

namespace text_adapter {

inline wire::Submit submit(const std::string &adapter, const std::string &parameters,
                           const std::string &options = "") {
  wire::Submit submit;
  submit.adapter = adapter;
  submit.options = options;
  submit.model = "m1";
  submit.parameters = parameters;
  submit.max_output_bytes = 100000;
  return submit;
}

struct Ended {              // NOLINT(bugprone-exception-escape): moving JSON does not throw
  std::string error_class;  // empty: a success
  std::string message;
  std::string text;  // what was handed out bit by bit
  nlohmann::json result;
  nlohmann::json metadata;
  std::vector<wire::Output> outputs;
};

inline Ended run(const wire::Submit &submit, const std::string &content_type,
                 const std::vector<std::string_view> &pieces) {
  Ended ended;
  std::unique_ptr<courier::Adapter> adapter;
  try {
    adapter = courier::make_adapter(submit, testing::TempDir());
    adapter->request();
    adapter->begin_response({200, content_type, false});
    for (std::string_view const piece : pieces) {
      adapter->consume(piece);
      ended.text += adapter->take_text();
    }
    auto result = std::get<courier::Result>(adapter->finish());
    ended.text += adapter->take_text();
    ended.result = result.result.empty() ? nlohmann::json() : nlohmann::json::parse(result.result);
    ended.metadata = nlohmann::json::parse(result.metadata);
    ended.outputs = std::move(result.outputs);
  } catch (const courier::AttemptError &error) {
    ended.error_class = wire::error_class_name(error.error_class());
    ended.message = error.message();
    if (adapter) ended.text += adapter->take_text();
  }
  return ended;
}

inline std::vector<std::string_view> byte_by_byte(std::string_view body) {
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < body.size(); ++i)
    bytes.push_back(body.substr(i, 1));
  return bytes;
}

// The body that the adapter sends; of a refusal, a text with its reason.
inline nlohmann::json body_of(const wire::Submit &submit) {
  try {
    auto const adapter = courier::make_adapter(submit, testing::TempDir());
    return nlohmann::json::parse(adapter->request().body);
  } catch (const courier::AttemptError &error) {
    return std::string(wire::error_class_name(error.error_class())) + ": " + error.message();
  }
}

struct Explained {
  std::string error_class;
  std::string message;
  friend bool operator==(const Explained &, const Explained &) = default;
};

inline Explained explained(const wire::Submit &submit, long status, std::string_view body,
                           bool has_retry_after = false) {
  auto const adapter = courier::make_adapter(submit, testing::TempDir());
  auto const error = adapter->explain({status, "application/json", has_retry_after}, body);
  return {wire::error_class_name(error.error_class()), error.message()};
}

inline void PrintTo(const Explained &explained, std::ostream *out) {
  *out << explained.error_class << ": " << explained.message;
}

}  // namespace text_adapter
