// A connection that comes back when the server does.
#pragma once

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "bench/database.hpp"

namespace bench {

class Session {
 public:
  // Again and again until it works, so only what may be repeated.
  std::string run(const std::string &sql) {
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    for (;;) {
      try {
        return run_once(sql);
      } catch (const std::runtime_error &) {
        if (std::chrono::steady_clock::now() > deadline) throw;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
    }
  }

  std::string run_once(const std::string &sql) {
    try {
      if (!database_) database_ = std::make_unique<Database>();
      return database_->run(sql);
    } catch (const std::runtime_error &) {
      database_.reset();
      throw;
    }
  }

 private:
  std::unique_ptr<Database> database_;
};

}  // namespace bench
