// hosted_options.hpp -- what the adapters of hosted queues have to know, and the
// request's input in its words.
//
//   input        the form of the input, see http_json_template.hpp; by default the parameters
//   rename       {"steps": "num_inference_steps"}: names of parameters that differ; without input
//   max_outputs  how many files a request may produce, where its parameters do not say more;
//                by default 8
//   links        "keep": links in the output stay what they are; by default files are fetched
//
// Besides, each adapter has its own. They come from the rows of the provider and of the model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "courier/adapters/adapter_options.hpp"
#include "wire/messages.hpp"

namespace courier {

using Renames = std::map<std::string, std::string>;

struct HostedOptions {
  // renames: those that hold unless the options say another one. Throws
  // AttemptError(invalid_input).
  HostedOptions(const AdapterOptions &given, Renames renames);

  std::optional<nlohmann::json> input;
  Renames rename;
  std::size_t max_outputs;
  bool fetches_links;
};

// The parameters without those that are null, or what the option input makes of them. Throws
// AttemptError(invalid_input).
nlohmann::json make_input(const HostedOptions &options, const wire::Submit &submit);

// How many files a request with that input may produce.
std::size_t count_outputs(const HostedOptions &options, const nlohmann::json &input);

// The length of an attempt in whole seconds, rounded up.
std::int64_t seconds_of(const wire::Submit &submit);

// As a body; throws AttemptError(invalid_input) for what is not UTF-8.
std::string to_body(const nlohmann::json &document);

}  // namespace courier
