// comfyui_outputs.hpp -- what ComfyUI's history says of a prompt: how it ended, and which files and
// texts it left.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "courier/adapters/adapter.hpp"
#include "courier/adapters/comfyui_workflow.hpp"

namespace courier {

struct ComfyuiFile {
  std::string node;
  std::string filename;
  HttpRequest request;  // GET /view
};

struct ComfyuiOutputs {
  std::vector<ComfyuiFile> files;
  std::vector<std::string> texts;
};

// entry: what the history has under the prompt's id. Throws AttemptError when it failed, or left
// nothing that is wanted.
ComfyuiOutputs read_comfyui_entry(const nlohmann::json &entry, const ComfyuiWorkflow &workflow);

// How long it ran, by the server's clock; below 0: the server does not say.
double comfyui_seconds(const nlohmann::json &entry);

// The error of a graph that was refused: {"error": {...}, "node_errors": {...}}.
AttemptError comfyui_refusal(const ResponseHead &head, std::string_view body);

}  // namespace courier
