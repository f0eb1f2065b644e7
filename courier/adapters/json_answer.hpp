// json_answer.hpp -- an answer that is a JSON document of moderate size, read as a whole.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "courier/adapters/adapter.hpp"

namespace courier {

class JsonAnswer {
 public:
  explicit JsonAnswer(std::size_t max_bytes = std::size_t{1} << 20) : max_bytes_(max_bytes) {}

  // Forgets an earlier answer. Throws AttemptError(bad_response) for what is not JSON.
  void begin(const ResponseHead &head);
  // Throws AttemptError(too_large).
  void consume(std::string_view body);
  // Throws AttemptError(bad_response) for what is not a JSON document, or nested too deeply.
  nlohmann::json finish() const;

 private:
  std::size_t const max_bytes_;
  std::string text_;
};

// What text says if it is JSON, else null: the beginning of an answer that explains a failure.
nlohmann::json json_or_null(std::string_view text);

}  // namespace courier
