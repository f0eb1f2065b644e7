// fal_error.hpp -- how fal says what went wrong: with a type of its own, or with the model's.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "wire/error_class.hpp"

namespace courier {

struct FalError {
  std::string type;  // empty: it has none
  std::string text;
};

// Of {"detail": "text" or [{"loc", "msg", "type"}], "error_type"} and of {"error", "error_type"}.
FalError read_fal_error(const nlohmann::json &body);

// Nothing for a type that nobody has told of.
std::optional<wire::ErrorClass> class_of_fal_type(const std::string &type);

}  // namespace courier
