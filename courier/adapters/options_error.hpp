// options_error.hpp -- what is wrong with adapter_options, for whoever writes the row and for the
// job that meets it.
#pragma once

#include <string>
#include <utility>

#include "courier/attempt_error.hpp"

namespace courier {

class OptionsError : public AttemptError {
 public:
  // why: begins with the name of the member.
  explicit OptionsError(std::string why)
      : AttemptError(wire::ErrorClass::invalid_input, "adapter_options of the provider: " + why),
        why_(std::move(why)) {}

  const std::string &why() const noexcept { return why_; }

 private:
  std::string why_;
};

}  // namespace courier
