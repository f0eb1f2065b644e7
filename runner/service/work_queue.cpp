#include "runner/service/work_queue.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace runner {

Ticket::Ticket() : finished_(eventfd(0, EFD_CLOEXEC)) {
  if (!finished_) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Ticket::finish() const { eventfd_write(finished_.get(), 1); }

void Ticket::wait() const {
  pollfd entry{finished_.get(), POLLIN, 0};
  while (poll(&entry, 1, -1) < 1) {
  }
}

WorkQueue::WorkQueue(size_t max_waiting, std::function<void()> enter_thread)
    : max_waiting_(max_waiting),
      enter_thread_(std::move(enter_thread)),
      thread_([this] { run(); }) {}

WorkQueue::~WorkQueue() {
  stop();
  thread_.join();
}

std::shared_ptr<Ticket> WorkQueue::submit(std::function<void(const Ticket &)> work) {
  auto ticket = std::make_shared<Ticket>();
  ticket->work_ = std::move(work);
  const std::lock_guard lock(mutex_);
  if (stopped_) throw QueueStopped();
  if (line_.size() >= max_waiting_) throw QueueFull();
  line_.push_back(ticket);
  changed_.notify_one();
  return ticket;
}

void WorkQueue::cancel(const std::shared_ptr<Ticket> &ticket) {
  const std::lock_guard lock(mutex_);
  ticket->cancelled_ = true;
  const auto position = std::find(line_.begin(), line_.end(), ticket);
  if (position == line_.end()) return;
  line_.erase(position);
  ticket->work_ = nullptr;
  ticket->finish();
}

void WorkQueue::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  if (current_) current_->cancelled_ = true;
  for (const auto &ticket : line_) {
    ticket->cancelled_ = true;
    ticket->work_ = nullptr;
    ticket->finish();
  }
  line_.clear();
  changed_.notify_all();
}

size_t WorkQueue::waiting() const {
  const std::lock_guard lock(mutex_);
  return line_.size();
}

size_t WorkQueue::running() const {
  const std::lock_guard lock(mutex_);
  return current_ ? 1 : 0;
}

void WorkQueue::run() {
  enter_thread_();
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopped_ || !line_.empty(); });
    if (stopped_) return;
    current_ = std::move(line_.front());
    line_.pop_front();
    current_->started_ = true;
    const auto ticket = current_;
    lock.unlock();
    std::exchange(ticket->work_, nullptr)(*ticket);  // what it holds may hold the ticket
    lock.lock();
    // Counted as running until here, so that an idle queue means that every answer is on its way.
    current_.reset();
    ticket->finish();
  }
}

}  // namespace runner
