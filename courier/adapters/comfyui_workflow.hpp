// comfyui_workflow.hpp -- what a job asks of ComfyUI: the model's workflow with the job's
// parameters in it.
//
// Options, in adapter_options of the model:
//   workflow      the graph in the API format: {"3": {"class_type": "KSampler", "inputs": {...}}}.
//                 A text "{parameters.seed}" stands for a parameter; see http_json_template.hpp
//   output_nodes  ids of the nodes whose files are wanted, in that order; by default all that save
//   temporary     whether previews (files of the type temp) count, too
//   max_outputs   how many files it makes at most; by default 8, or n if that is more
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "wire/messages.hpp"

namespace courier {

struct ComfyuiWorkflow {  // NOLINT(bugprone-exception-escape): moving JSON does not throw
  std::string body;       // of POST /prompt
  std::vector<std::string> output_nodes;
  bool temporary = false;
  std::size_t max_outputs = 8;
  nlohmann::json seed;
};

// Throws AttemptError(invalid_input).
ComfyuiWorkflow make_comfyui_workflow(const wire::Submit &submit);

}  // namespace courier
