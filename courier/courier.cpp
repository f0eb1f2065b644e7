#include "courier/courier.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cstdint>
#include <variant>

#include "courier/clock.hpp"

namespace courier {

namespace {

// How soon a congested channel is tried again: the kernel does not say when descriptors in flight
// have landed.
constexpr int congestion_wait_ms = 20;
constexpr std::int64_t longest_wait_ms = 3600000;
// That a request was sent is no news when its answer follows at once.
constexpr std::chrono::milliseconds sent_report_delay{20};

// Of all descriptors, those of connections that nobody uses at the moment.
std::size_t idle_budget(std::size_t descriptor_budget) {
  constexpr std::size_t most = 1024;
  return std::clamp<std::size_t>(descriptor_budget / 8, 1, most);
}

}  // namespace

Courier::Courier(int channel_fd, std::string spool_folder, std::size_t descriptor_budget)
    : channel_(channel_fd),
      spool_folder_(std::move(spool_folder)),
      descriptor_budget_(descriptor_budget - idle_budget(descriptor_budget)),
      loop_([this](CURL *easy, CURLcode code) { complete(easy, code); },
            static_cast<long>(idle_budget(descriptor_budget))) {}

void Courier::run() {
  channel_.send(wire::encode(wire::Hello{wire::protocol_version, ATELIER_VERSION}));
  for (;;) {
    report_sent();
    channel_.flush();
    loop_.watch(channel_.descriptor(), EPOLLIN | (channel_.wants_write() ? EPOLLOUT : 0U));
    std::uint32_t const ready = loop_.turn(wait_ms());
    if ((ready & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !handle_frames()) return;
    expire_first_bytes();
  }
}

int Courier::wait_ms() const {
  int wait = channel_.congested() ? congestion_wait_ms : -1;
  auto const until = [&wait](Clock::time_point due) {
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()).count();
    int const due_ms = static_cast<int>(std::clamp<std::int64_t>(left, 0, longest_wait_ms));
    wait = wait < 0 ? due_ms : std::min(wait, due_ms);
  };
  if (!first_bytes_due_.empty()) until(first_bytes_due_.begin()->first);
  if (!unreported_sent_.empty()) until(unreported_sent_.front().first);
  return wait;
}

void Courier::report_sent() {
  while (!unreported_sent_.empty() && unreported_sent_.front().first <= Clock::now()) {
    const wire::Sent &sent = unreported_sent_.front().second;
    if (flights_.contains(sent.attempt)) channel_.send(wire::encode(sent));
    unreported_sent_.pop_front();
  }
}

// False when there is nothing left to do.
bool Courier::handle_frames() {
  if (!channel_.receive()) return false;
  while (auto frame = channel_.next()) {
    wire::Message const message = wire::decode(std::move(*frame));
    if (std::holds_alternative<wire::Shutdown>(message)) return false;
    if (const auto *const job = std::get_if<wire::Submit>(&message))
      submit(*job);
    else if (const auto *const stop = std::get_if<wire::Cancel>(&message))
      cancel(stop->attempt);
    else
      throw wire::ProtocolError("the dispatcher sent a message that only a courier sends");
  }
  return true;
}

void Courier::submit(const wire::Submit &submit) {
  if (flights_.contains(submit.attempt))
    throw wire::ProtocolError("attempt " + submit.attempt.to_string() + " was submitted twice");
  try {
    auto transfer = std::make_unique<Transfer>(submit, spool_folder_,
                                               [this](const Transfer &sent) { note_sent(sent); });
    std::size_t const cost = transfer->descriptor_cost();
    if (descriptors_reserved_ + channel_.queued_descriptors() + cost > descriptor_budget_)
      throw AttemptError(wire::ErrorClass::unavailable,
                         "the courier already carries " + std::to_string(flights_.size()) +
                             " requests, as many as its descriptors allow");
    loop_.add(transfer->easy());
    descriptors_reserved_ += cost;
    flights_.emplace(submit.attempt, Flight{std::move(transfer)});
  } catch (const AttemptError &error) {
    refuse(submit, error);
  }
}

void Courier::refuse(const wire::Submit &submit, const AttemptError &error) {
  wire::Failed failed;
  failed.attempt = submit.attempt;
  failed.error_class = error.error_class();
  failed.message = error.message();
  failed.timings.started_us = failed.timings.finished_us = now_us();
  channel_.send(wire::encode(failed));
}

void Courier::note_sent(const Transfer &transfer) {
  unreported_sent_.emplace_back(Clock::now() + sent_report_delay,
                                wire::Sent{transfer.attempt(), transfer.timings().sent_us});
  if (transfer.first_byte_timeout().count() == 0 || !transfer.awaits_first_byte()) return;
  auto const found = flights_.find(transfer.attempt());
  if (found == flights_.end()) return;
  found->second.first_byte_due = Clock::now() + transfer.first_byte_timeout();
  first_bytes_due_.emplace(found->second.first_byte_due, transfer.attempt());
}

Courier::Flight Courier::take(const wire::Uuid &attempt) {
  auto node = flights_.extract(attempt);
  Flight flight = std::move(node.mapped());
  first_bytes_due_.erase({flight.first_byte_due, attempt});
  descriptors_reserved_ -= flight.transfer->descriptor_cost();
  return flight;
}

void Courier::complete(CURL *easy, CURLcode code) {
  Transfer &transfer = Transfer::from(easy);
  Transfer::Outcome outcome = transfer.finish(code);  // may still say that the request was sent
  Flight const flight = take(transfer.attempt());
  if (auto *const succeeded = std::get_if<wire::Succeeded>(&outcome))
    channel_.send(wire::encode(std::move(*succeeded)));
  else
    channel_.send(wire::encode(std::get<wire::Failed>(outcome)));
}

void Courier::cancel(const wire::Uuid &attempt) {
  auto const found = flights_.find(attempt);
  if (found == flights_.end()) return;  // it has ended; its outcome is on the way
  loop_.remove(found->second.transfer->easy());
  Flight const flight = take(attempt);
  channel_.send(wire::encode(flight.transfer->cancelled()));
}

void Courier::expire_first_bytes() {
  while (!first_bytes_due_.empty() && first_bytes_due_.begin()->first <= Clock::now()) {
    wire::Uuid const attempt = first_bytes_due_.begin()->second;
    first_bytes_due_.erase(first_bytes_due_.begin());
    Transfer &transfer = *flights_.at(attempt).transfer;
    if (!transfer.awaits_first_byte()) continue;
    loop_.remove(transfer.easy());
    Flight const flight = take(attempt);
    channel_.send(wire::encode(flight.transfer->first_byte_timed_out()));
  }
}

}  // namespace courier
