// attempt_error.hpp -- why an attempt failed, in the terms the dispatcher records.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "wire/error_class.hpp"

namespace courier {

class AttemptError : public std::exception {
 public:
  AttemptError(wire::ErrorClass error_class, std::string message)
      : error_class_(error_class), message_(std::move(message)) {}

  wire::ErrorClass error_class() const noexcept { return error_class_; }
  const std::string &message() const noexcept { return message_; }
  const char *what() const noexcept override { return message_.c_str(); }

 private:
  wire::ErrorClass error_class_;
  std::string message_;
};

}  // namespace courier
