#include "runner/service/work_queue.hpp"

#include <gtest/gtest.h>

#include <semaphore>
#include <vector>

namespace runner::test {
namespace {

// Work that starts when it runs and ends when it is told to.
struct Gate {
  std::binary_semaphore started{0}, may_end{0};
  std::function<void(const Ticket &)> work() {
    return [this](const Ticket &) {
      started.release();
      may_end.acquire();
    };
  }
};

TEST(WorkQueue, WorksOffInOrder) {
  std::vector<int> order;
  bool entered = false;
  WorkQueue queue(8, [&] { entered = true; });
  Gate gate;
  queue.submit(gate.work());
  gate.started.acquire();
  std::shared_ptr<Ticket> last;
  for (int i = 0; i < 5; ++i) {
    last = queue.submit([&order, i](const Ticket &) { order.push_back(i); });
  }
  EXPECT_EQ(queue.waiting(), 5U);
  EXPECT_EQ(queue.running(), 1U);
  gate.may_end.release();
  last->wait();
  EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4}));
  EXPECT_TRUE(entered);
  EXPECT_EQ(queue.waiting() + queue.running(), 0U);
}

TEST(WorkQueue, RefusesMoreThanItHolds) {
  WorkQueue queue(2, [] {});
  Gate gate;
  queue.submit(gate.work());
  gate.started.acquire();
  queue.submit([](const Ticket &) {});
  queue.submit([](const Ticket &) {});
  EXPECT_THROW(queue.submit([](const Ticket &) {}), QueueFull);
  gate.may_end.release();
}

TEST(WorkQueue, CancelledWorkThatWaitsNeverRuns) {
  WorkQueue queue(2, [] {});
  Gate gate;
  queue.submit(gate.work());
  gate.started.acquire();
  bool ran = false;
  const auto ticket = queue.submit([&ran](const Ticket &) { ran = true; });
  queue.cancel(ticket);
  ticket->wait();
  EXPECT_EQ(queue.waiting(), 0U);
  const auto next = queue.submit([](const Ticket &) {});
  gate.may_end.release();
  next->wait();
  EXPECT_FALSE(ran);
  EXPECT_FALSE(ticket->was_started());
}

TEST(WorkQueue, LetsGoOfWorkThatIsOver) {
  const auto held = std::make_shared<int>();
  const auto work = [held](const Ticket &) {};
  WorkQueue queue(2, [] {});
  const auto done = queue.submit(work);
  done->wait();
  EXPECT_EQ(held.use_count(), 2);
  Gate gate;
  queue.submit(gate.work());
  gate.started.acquire();
  const auto cancelled = queue.submit(work), stopped = queue.submit(work);
  EXPECT_EQ(held.use_count(), 4);
  queue.cancel(cancelled);
  EXPECT_EQ(held.use_count(), 3);
  queue.stop();
  EXPECT_EQ(held.use_count(), 2);
  gate.may_end.release();
}

TEST(WorkQueue, RunningWorkSeesItsCancellation) {
  WorkQueue queue(1, [] {});
  std::binary_semaphore started{0};
  const auto ticket = queue.submit([&](const Ticket &running) {
    started.release();
    while (!running.is_cancelled()) {
      std::this_thread::yield();
    }
  });
  started.acquire();
  queue.cancel(ticket);
  ticket->wait();
  EXPECT_TRUE(ticket->was_started());
}

TEST(WorkQueue, StoppingCancelsEverythingAndRefusesMore) {
  WorkQueue queue(4, [] {});
  std::binary_semaphore started{0};
  const auto running = queue.submit([&](const Ticket &ticket) {
    started.release();
    while (!ticket.is_cancelled()) {
      std::this_thread::yield();
    }
  });
  started.acquire();
  const auto waiting = queue.submit([](const Ticket &) { FAIL(); });
  queue.stop();
  running->wait();
  waiting->wait();
  EXPECT_FALSE(waiting->was_started());
  EXPECT_THROW(queue.submit([](const Ticket &) {}), QueueStopped);
}

}  // namespace
}  // namespace runner::test
