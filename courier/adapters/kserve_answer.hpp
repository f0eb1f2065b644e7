// kserve_answer.hpp -- the tensors that an inference server answers with: within JSON, or behind
// it as they are in memory. Pictures go to files while they arrive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "courier/adapters/adapter.hpp"
#include "courier/adapters/kserve_request.hpp"
#include "courier/adapters/kserve_tensor.hpp"
#include "courier/adapters/streamed_answer.hpp"
#include "courier/ingest/output_writer.hpp"

namespace courier {

class KserveAnswer {
 public:
  KserveAnswer(const KserveRequest &request, const std::string &spool_folder,
               std::uint64_t max_bytes);

  // All throw AttemptError.
  void begin(const ResponseHead &head);
  void consume(std::string_view body);
  Result finish();

 private:
  // One that follows the JSON.
  struct Tensor {  // NOLINT(bugprone-exception-escape): moving JSON does not throw
    std::string name;
    const KserveOutput *wanted = nullptr;
    KserveType type = KserveType::bytes;
    nlohmann::json shape;
    std::uint64_t left = 0;
  };

  std::optional<std::size_t> picture_at(const json::Path &path);
  std::size_t next_picture(const std::string &name);
  void check_error(const nlohmann::json &document) const;
  void read_head();
  void read_output(const nlohmann::json &output);
  void take_inline(const KserveOutput &wanted, const nlohmann::json &output);

  std::size_t take_tensor(std::string_view body);
  std::size_t take_elements(Tensor &tensor, std::string_view body);
  void begin_element(const Tensor &tensor);
  void end_element(const Tensor &tensor);
  void end_tensor();
  void account(std::size_t bytes);
  void keep_texts(const std::string &name, std::vector<std::string> texts);

  Result result_of(const nlohmann::json &document);

  const KserveRequest &request_;
  std::string const spool_folder_;
  std::uint64_t const max_bytes_;
  StreamedAnswer streamed_;
  std::optional<ingest::ByteBudget> budget_;

  bool is_binary_ = false;
  std::size_t json_bytes_ = 0;
  std::string head_text_;
  nlohmann::json head_;
  std::vector<Tensor> tensors_;
  std::size_t current_ = 0;
  std::string length_;  // of the next element, as far as it is here
  std::optional<std::uint64_t> element_left_;
  std::optional<ingest::OutputWriter> writer_;
  std::string bytes_;  // of the current text, or of the numbers
  std::vector<std::string> texts_;

  std::size_t picture_count_ = 0;
  std::vector<wire::Output> pictures_;
  std::map<std::string, nlohmann::json> values_;  // texts and numbers by the names of their outputs
  std::size_t value_bytes_ = 0;
  std::set<std::string> seen_;
};

}  // namespace courier
