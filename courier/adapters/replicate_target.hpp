// replicate_target.hpp -- what a model's name at Replicate asks for.
//
//   owner/name                       an official model
//   owner/name:version, or 64 digits a version of any model
//   deployments/owner/name           a deployment
//   trainings/owner/name:version     a training with that version of a trainer
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace courier {

struct ReplicateTarget {
  std::string path;     // where requests are made
  std::string folder;   // where they are found again: "/predictions" or "/trainings"
  std::string version;  // a member of the request; empty: none
};

// Throws AttemptError(invalid_input).
ReplicateTarget parse_replicate_target(const std::string &model);

// Throws AttemptError(invalid_input) for a data: URL that Replicate does not take.
void check_replicate_input(const nlohmann::json &input);

}  // namespace courier
