// SIGTERM and SIGINT, as a descriptor that becomes readable.
#pragma once

#include "wire/file_descriptor.hpp"

namespace runner {

// Until a StopSignal exists there is nothing to wind down, and a signal simply ends the process,
// also in the middle of loading a large model.
void handle_stop_signals();

// One at a time.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal &) = delete;
  StopSignal &operator=(const StopSignal &) = delete;

  int descriptor() const { return event_.get(); }  // an eventfd that counts signals
  void wait() const;

 private:
  wire::FileDescriptor event_;
};

}  // namespace runner
