// job_parameters.hpp -- the normalised parameters of a job, taken out one by one on their way into
// a request. Each refuses what it is not by AttemptError(invalid_input).
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace courier {

class JobParameters {
 public:
  // Of a JSON object; members that are null count as not given.
  explicit JobParameters(const std::string &text);

  bool has(const std::string &name) const { return given_.contains(name); }
  // Null when it is not given.
  nlohmann::json take(const std::string &name);
  // A text; empty when it is not given.
  std::string take_text(const std::string &name);
  // A whole number from 1 to the highest; 1 when it is not given.
  std::size_t take_count(const std::string &name, std::size_t highest);
  // Moves it, if it is given, to a place in the request.
  void move(const std::string &name, nlohmann::json &request, const char *pointer);
  // "size": "640x480" becomes width and height.
  void split_size();

  // What nobody has taken.
  const nlohmann::json &rest() const noexcept { return given_; }

 private:
  nlohmann::json given_;
};

// The body of a request; refuses what is no UTF-8.
std::string json_text(const nlohmann::json &document);

// Of the parameter seed: what to note with the output of that number; -1: unknown.
std::int64_t seed_of_output(const nlohmann::json &seed, std::size_t number);

}  // namespace courier
