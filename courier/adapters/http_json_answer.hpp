// http_json_answer.hpp -- one JSON answer of a server whose words are in its provider's row.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "courier/adapters/http_json_options.hpp"
#include "courier/adapters/http_json_outputs.hpp"
#include "courier/json/skeleton.hpp"
#include "courier/json/tokenizer.hpp"

namespace courier {

class HttpJsonAnswer {
 public:
  HttpJsonAnswer(const HttpJsonOptions &options, const std::string &spool_folder,
                 std::uint64_t max_output_bytes);

  // All of these throw AttemptError.
  void consume(std::string_view body);
  const nlohmann::json &finish();
  std::vector<OutputTexts::Found> take_outputs() { return outputs_.take(); }
  // JSON that jsonb accepts.
  std::string result();

 private:
  const HttpJsonOptions &options_;
  std::uint64_t const max_bytes_;
  OutputTexts outputs_;
  json::Skeleton skeleton_;
  json::Tokenizer tokenizer_;
  std::string body_;
};

struct HttpJsonError {
  std::string message;
  std::optional<wire::ErrorClass> error_class;
};

const nlohmann::json *find_value(const nlohmann::json &document,
                                 const nlohmann::json::json_pointer &place);
// A text as it is, everything else as JSON.
std::string text_of_value(const nlohmann::json &value);

std::optional<double> number_at(const nlohmann::json &document,
                                const std::optional<nlohmann::json::json_pointer> &place);

// Null, false and nothing are no errors: many answers always have the member.
std::optional<HttpJsonError> find_http_json_error(const HttpJsonOptions &options,
                                                  const nlohmann::json &document);

}  // namespace courier
