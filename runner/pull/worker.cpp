#include "runner/pull/worker.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include "runner/pull/log.hpp"

namespace runner::pull {
namespace {

// That nobody can reach the worker would be a reason, some time later, to fail what waits for it.
std::string given_back(const std::string &token) {
  return failure_report(token, "throttled", "the worker is stopping");
}

std::chrono::milliseconds beat_interval(const Pace &pace, std::chrono::milliseconds lease) {
  return std::min(pace.beat_at_most, lease / 3);
}

}  // namespace

std::string register_patiently(Door &door, const Registration &registration, const Pace &pace) {
  BackOff back_off(pace);
  for (;;) {
    try {
      return register_worker(door, registration);
    } catch (const DoorError &error) {
      if (error.trouble == Trouble::refused) throw;
      if (!back_off.is_failing())
        log(std::string(error.what()) + "; trying again until it answers");
      std::this_thread::sleep_for(back_off.next(error.retry_after));
    }
  }
}

Worker::Worker(Options options, const OpenDoor &open_door, Maker make,
               std::function<void()> enter_thread, int stop_descriptor)
    : options_(std::move(options)),
      make_(std::move(make)),
      stop_descriptor_(stop_descriptor),
      door_(open_door()),
      changed_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      reporter_(open_door(), options_.pace, [this](const std::string &id) { settle(id); }),
      queue_(static_cast<size_t>(options_.registration.max_jobs), std::move(enter_thread)),
      back_off_(options_.pace),
      worker_id_(options_.worker_id) {
  if (!changed_) throw std::system_error(errno, std::generic_category(), "eventfd");
}

bool Worker::run() {
  for (look_after_jobs(); !is_over(); look_after_jobs())
    wait();
  if (refusal_) throw DoorError(*refusal_);
  return hand_.size() == 0;
}

bool Worker::is_over() const {
  return farewell_until_ && (hand_.size() == 0 || Clock::now() >= *farewell_until_);
}

void Worker::look_after_jobs() {
  // However long a picture takes: what has been begun is finished.
  if (farewell_until_ && queue_.running() > 0)
    farewell_until_ = Clock::now() + options_.pace.farewell;
  if (Clock::now() < not_before_) return;
  try {
    if (hand_.size() > 0 && Clock::now() >= next_beat_) beat();
    if (has_room() && Clock::now() >= next_claim_) claim();
  } catch (const DoorError &error) {
    on_trouble(error);
  }
}

bool Worker::has_room() const {
  return !farewell_until_ && hand_.size() < static_cast<size_t>(options_.registration.max_jobs);
}

void Worker::beat() {
  std::vector<Beat> beats;
  auto interval = options_.pace.beat_at_most;
  for (const auto &job : hand_.jobs()) {
    if (job->fate == HeldJob::Fate::drop) continue;
    beats.push_back({job->claim.attempt_id, job->progress});
    interval = std::min(interval, beat_interval(options_.pace, job->claim.lease));
  }
  if (!beats.empty()) {
    for (const auto &verdict : heartbeat_jobs(*door_, worker_id_, beats)) {
      if (verdict.stop) drop(verdict.attempt_id);
    }
    on_answer();
  }
  next_beat_ = Clock::now() + interval;
}

void Worker::claim() {
  if (claim_is_unclear_ && hand_.size() == 0) {
    // Registering settles what this worker was given and does not know of.
    worker_id_ = register_worker(*door_, options_.registration);
    claim_is_unclear_ = false;
  }
  const auto room = static_cast<size_t>(options_.registration.max_jobs) - hand_.size();
  claim_is_unclear_ = true;
  auto claims = claim_jobs(*door_, worker_id_, room);
  claim_is_unclear_ = false;
  on_answer();
  next_claim_ = Clock::now() + with_jitter(options_.pace.ask_again);
  for (auto &claim : claims)
    take(std::move(claim));
}

void Worker::take(Claim &&claim) {
  const auto due = Clock::now() + beat_interval(options_.pace, claim.lease);
  next_beat_ = hand_.size() == 0 ? due : std::min(next_beat_, due);
  const auto job = std::make_shared<HeldJob>(std::move(claim));
  hand_.add(job);
  job->ticket = queue_.submit([this, job](const Ticket &ticket) { compute(*job, ticket); });
}

// On the queue's thread.
void Worker::compute(HeldJob &job, const Ticket &ticket) {
  bool is_success = false;
  auto body = report_of(job, ticket, is_success);
  if (body.empty()) {
    settle(job.claim.attempt_id);
    return;
  }
  job.reporting = true;
  reporter_.send({job.claim.attempt_id, job.claim.token, std::move(body), is_success});
}

// Empty: nothing is to be said.
std::string Worker::report_of(HeldJob &job, const Ticket &ticket, bool &is_success) {
  const auto &token = job.claim.token;
  std::string failure;
  try {
    auto result = make_(
        job.claim, [&ticket] { return ticket.is_cancelled(); },
        [&job](double progress) { job.progress = progress; });
    is_success = result && job.fate != HeldJob::Fate::drop;
    if (is_success)
      return success_report(token, std::move(result->outputs), std::move(result->metadata));
  } catch (const MakeError &error) {
    log(error.what());
    failure = failure_report(token, error.error_class, error.what());
  } catch (const std::exception &error) {
    log(error.what());
    failure = failure_report(token, "worker_crash", error.what());
  }
  if (job.fate == HeldJob::Fate::drop) return {};
  if (job.fate == HeldJob::Fate::give_back) return given_back(token);
  return failure;
}

// On any thread: nothing more is to be done about an attempt.
void Worker::settle(const std::string &attempt_id) {
  hand_.remove(attempt_id);
  eventfd_write(changed_.get(), 1);
}

// The job was cancelled, or another has it. What is on its way already does no harm.
void Worker::drop(const std::string &attempt_id) {
  const auto job = hand_.find(attempt_id);
  if (!job || job->reporting) return;
  log("attempt " + attempt_id + " is stopped: it is not wanted any more");
  job->fate = HeldJob::Fate::drop;
  queue_.cancel(job->ticket);
  if (!job->ticket->was_started()) settle(attempt_id);
}

void Worker::give_back(bool also_what_runs) {
  for (const auto &job : hand_.jobs()) {
    const bool runs = job->ticket->was_started();
    if (job->reporting || (runs && !also_what_runs)) continue;
    if (job->fate == HeldJob::Fate::finish) job->fate = HeldJob::Fate::give_back;
    queue_.cancel(job->ticket);
    if (job->ticket->was_started()) continue;  // the thread that runs it reports
    job->reporting = true;
    reporter_.send({job->claim.attempt_id, job->claim.token, given_back(job->claim.token), false});
  }
}

void Worker::begin_stop(const std::string &why) {
  log(why);
  give_back(farewell_until_.has_value());
  farewell_until_ = Clock::now() + options_.pace.farewell;
}

void Worker::on_trouble(const DoorError &error) {
  if (!back_off_.is_failing()) log(error.what());
  not_before_ = Clock::now() + back_off_.next(error.retry_after);
  if (error.trouble == Trouble::refused && !farewell_until_) {
    refusal_ = error;
    begin_stop("refused: finishing what is being computed");
  }
}

void Worker::on_answer() {
  if (back_off_.is_failing()) log("the server answers again");
  back_off_.succeeded();
}

Worker::Clock::time_point Worker::next_action() const {
  auto next = farewell_until_.value_or(Clock::time_point::max());
  if (hand_.size() > 0) next = std::min(next, std::max(next_beat_, not_before_));
  if (has_room()) next = std::min(next, std::max(next_claim_, not_before_));
  return next;
}

// Until something is due, something was settled, or it is told to stop.
void Worker::wait() {
  const auto left = next_action() - Clock::now();
  const auto time =
      std::clamp<int64_t>(std::chrono::ceil<std::chrono::milliseconds>(left).count(), 0, 60'000);
  pollfd entries[] = {{stop_descriptor_, POLLIN, 0}, {changed_.get(), POLLIN, 0}};
  if (poll(entries, 2, static_cast<int>(time)) <= 0) return;
  eventfd_t count = 0;
  if (entries[0].revents != 0 && eventfd_read(stop_descriptor_, &count) == 0) {
    begin_stop(farewell_until_
                   ? "told to stop again: giving back everything"
                   : "told to stop: finishing what is being computed, giving back the rest");
  }
  if (entries[1].revents != 0 && eventfd_read(changed_.get(), &count) == 0)
    next_claim_ = Clock::now();
}

}  // namespace runner::pull
