// parameter_words.hpp -- a model's own words for the parameters of jobs, from its adapter_options;
// they hold for every adapter.
//
//   rename  {"max_tokens": "max_completion_tokens"}: names that differ. The adapters of hosted
//           queues have a rename of their own, which is left to them
//   values  {"scheduler": {"euler_a": "K_EULER_ANCESTRAL"}}: values that differ. An object takes
//   the
//           parameter's place with its members: {"aspect_ratio": {"16:9": {"width": 1344, "height":
//           768}}}
//
// What is not named stays what it is. First the values, then the names.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace courier {

class ParameterWords {
 public:
  // options: an empty text or an object. Throws OptionsError.
  explicit ParameterWords(const std::string &options, bool with_renames = true);

  bool empty() const noexcept { return names_.empty() && values_.empty(); }

  // Of a JSON object; anything else is returned as it is.
  std::string translate(const std::string &parameters) const;

  // The options without those that are here.
  std::string others() const;

 private:
  nlohmann::json others_;
  std::map<std::string, std::string> names_;
  std::map<std::string, nlohmann::json> values_;
};

}  // namespace courier
