// embedding_vectors.hpp -- the vectors of an answer, as numbers or as base64, in the order of what
// was asked.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace courier {

class EmbeddingVectors {
 public:
  // A value in a row, and with what is around it in a frame.
  static constexpr std::size_t most_bytes = std::size_t{8} << 20;

  // max_bytes: of all vectors as text.
  EmbeddingVectors(std::size_t count, std::size_t max_bytes)
      : texts_(count), max_bytes_(max_bytes) {}

  // One of "data": {"index", "embedding"}, at that place. Throws AttemptError(bad_response,
  // too_large).
  void add(const nlohmann::json &entry, std::size_t place);
  // {"embeddings": [[...], ...], "dimensions"}. Throws AttemptError(bad_response) when some are
  // missing.
  std::string result() const;

 private:
  std::string write_numbers(const nlohmann::json &numbers);
  std::string write_floats(const std::string &base64);
  void check_length(std::size_t length);

  std::vector<std::string> texts_;  // JSON; empty: not there yet
  std::size_t const max_bytes_;
  std::size_t bytes_ = 0;
  std::size_t dimensions_ = 0;
};

}  // namespace courier
