#include "bgworkers/courier_link.hpp"

#include <algorithm>
#include <array>
#include <csignal>

#include "src/pg/compat.hpp"
#include "src/pg/settings.hpp"

extern "C" {
#include "miscadmin.h"
#include "storage/fd.h"
}

namespace bgworkers {
namespace {

// Temporary files of the server live here; a base backup leaves them out.
constexpr const char *spool_directory = "base/pgsql_tmp";

// The kernel takes no more descriptors for the moment; nothing signals when it does again.
constexpr auto congestion_pause = std::chrono::milliseconds(10);

}  // namespace

CourierLink::~CourierLink() {
  if (waits_ != nullptr) FreeWaitEventSet(waits_);
}

bool CourierLink::keep_running() {
  if (process_ != nullptr) return true;
  if (!back_off_.due()) return false;
  // One second after the first end, longer after the next: a courier that lives resets it.
  back_off_.failed();
  std::string const program = program_path(settings::courier_path, "atelier-courier");
  try {
    pg::call([] { (void)MakePGDirectory(spool_directory); });  // it may exist
    process_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{program, "--spool", spool_directory}, ChildProcess::Input::socket);
  } catch (const pg::Failure &failure) {
    shared::set_child(place_, 0, "failing", failure.what());
    pg::log(WARNING, std::string("could not start the courier: ") + failure.what());
    return false;
  }
  channel_ = std::make_unique<wire::Channel>(process_->socket());
  pg::call([&] {
    waits_ = compat::create_wait_event_set(3);
    AddWaitEventToSet(waits_, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, nullptr);
    AddWaitEventToSet(waits_, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, nullptr, nullptr);
    socket_event_ =
        AddWaitEventToSet(waits_, WL_SOCKET_READABLE, process_->socket(), nullptr, nullptr);
  });
  shared::set_child(place_, process_->pid(), "starting");
  return true;
}

std::optional<std::string> CourierLink::wait(std::chrono::milliseconds timeout) {
  if (process_ == nullptr) {
    woken_ |= bgworkers::wait(timeout);
    return std::nullopt;
  }
  if (channel_->congested()) timeout = std::min(timeout, congestion_pause);
  uint32 const interest =
      WL_SOCKET_READABLE | (channel_->wants_write() ? uint32{WL_SOCKET_WRITEABLE} : 0U);
  pg::call([&] {
    ModifyWaitEvent(waits_, socket_event_, interest, nullptr);
    std::array<WaitEvent, 3> events;
    int const count = WaitEventSetWait(waits_, static_cast<long>(timeout.count()), events.data(),
                                       events.size(), compat::wait_event_main());
    for (int i = 0; i < count; ++i) {
      if ((events[i].events & WL_LATCH_SET) == 0) continue;
      ResetLatch(MyLatch);
      woken_ = true;
    }
    heed_interrupts();
  });
  if (exchange_frames()) return std::nullopt;
  return drop("the courier ended");
}

bool CourierLink::exchange_frames() {
  try {
    (void)channel_->flush();
    bool const open = channel_->receive();
    while (auto frame = channel_->next())
      accept(wire::decode(std::move(*frame)));
    return open;
  } catch (const wire::ProtocolError &error) {
    pg::log(WARNING, std::string("the courier broke the protocol: ") + error.what());
    return false;
  }
}

void CourierLink::accept(wire::Message &&message) {
  auto const *hello = std::get_if<wire::Hello>(&message);
  if (hello == nullptr) {
    messages_.push_back(std::move(message));
    return;
  }
  if (hello->protocol_version != wire::protocol_version)
    throw wire::ProtocolError("version " + std::to_string(hello->protocol_version) +
                              " of the protocol");
  shared::set_child(place_, process_->pid(), "running", "version " + hello->version);
  back_off_.succeeded();
}

std::string CourierLink::drop(const std::string &why) {
  kill(process_->pid(), SIGTERM);
  std::string how = why + ": it " + process_->end_after_close();
  pg::log(WARNING, how);
  FreeWaitEventSet(std::exchange(waits_, nullptr));
  channel_.reset();
  process_.reset();
  shared::set_child(place_, 0, "stopped", how);
  return how;
}

}  // namespace bgworkers
