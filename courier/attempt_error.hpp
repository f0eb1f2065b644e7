// attempt_error.hpp -- why an attempt failed, in the terms the dispatcher records.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "wire/error_class.hpp"

namespace courier {

class AttemptError : public std::exception {
 public:
  // retry_after: how long the answer asks to wait, where it does so in its body; 0: it does not.
  AttemptError(wire::ErrorClass error_class, std::string message,
               std::chrono::milliseconds retry_after = std::chrono::milliseconds(0))
      : error_class_(error_class), retry_after_(retry_after), message_(std::move(message)) {}

  // A successful answer that cannot be read at all. A question may be asked once more.
  static AttemptError unreadable(std::string message) {
    AttemptError error(wire::ErrorClass::bad_response, std::move(message));
    error.is_unreadable_ = true;
    return error;
  }

  bool is_unreadable() const noexcept { return is_unreadable_; }
  wire::ErrorClass error_class() const noexcept { return error_class_; }
  std::chrono::milliseconds retry_after() const noexcept { return retry_after_; }
  const std::string &message() const noexcept { return message_; }
  const char *what() const noexcept override { return message_.c_str(); }

 private:
  wire::ErrorClass error_class_;
  std::chrono::milliseconds retry_after_;
  std::string message_;
  bool is_unreadable_ = false;
};

}  // namespace courier
