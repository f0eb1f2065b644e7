// The one line in front of a device: a bounded queue and the thread that works it off, first come,
// first served. A request whose client has gone is taken out of the line, or told to stop at its
// next step.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "wire/file_descriptor.hpp"

namespace runner {

class QueueFull : public std::runtime_error {
 public:
  QueueFull() : std::runtime_error("the queue is full") {}
};

class QueueStopped : public std::runtime_error {
 public:
  QueueStopped() : std::runtime_error("the server is stopping") {}
};

class Ticket {
 public:
  Ticket();

  // Becomes readable when the work is over, done or not.
  int finished_descriptor() const { return finished_.get(); }
  bool is_cancelled() const { return cancelled_; }
  // False when the work never ran.
  bool was_started() const { return started_; }
  void wait() const;

 private:
  friend class WorkQueue;
  void finish() const;

  wire::FileDescriptor finished_;
  std::function<void(const Ticket &)> work_;
  std::atomic<bool> cancelled_ = false, started_ = false;
};

class WorkQueue {
 public:
  WorkQueue(size_t max_waiting, std::function<void()> enter_thread);
  // Cancels what is left and waits for the running piece of work to notice.
  ~WorkQueue();
  WorkQueue(const WorkQueue &) = delete;
  WorkQueue &operator=(const WorkQueue &) = delete;

  // `work` runs on the queue's thread and must not throw. Throws QueueFull or QueueStopped.
  std::shared_ptr<Ticket> submit(std::function<void(const Ticket &)> work);
  void cancel(const std::shared_ptr<Ticket> &ticket);
  void stop();

  size_t waiting() const;
  size_t running() const;
  size_t max_waiting() const { return max_waiting_; }

 private:
  void run();

  const size_t max_waiting_;
  const std::function<void()> enter_thread_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Ticket>> line_;
  std::shared_ptr<Ticket> current_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace runner
