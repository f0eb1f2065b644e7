// The worker's loop, with a server that is not there and pictures that take as long as a test
// wants.
#include "runner/pull/worker.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <thread>

#include "fake_door.hpp"

namespace runner::pull::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

const DoorError away(Trouble::unreachable, "away");
const DoorError defect(Trouble::broken, "a defect", 500);
const DoorError no(Trouble::refused, "no", 401);

template <typename Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

// A worker on a thread of its own. A job whose id begins with "slow" ends when it is cancelled, or
// when the test says so.
class PullWorker : public testing::Test {
 protected:
  void start(int64_t max_jobs = 2) {
    Pace pace;
    pace.ask_again = milliseconds(2);
    pace.beat_at_most = milliseconds(5);
    pace.first_pause = milliseconds(2);
    pace.longest_pause = milliseconds(8);
    pace.farewell = farewell;
    worker_.emplace(
        Worker::Options{"worker", {"name", "provider", {"model"}, max_jobs}, pace},
        [this] { return std::make_unique<FakeDoor>(server); },
        [this](const Claim &claim, const IsCancelled &is_cancelled, const OnProgress &on_progress) {
          return make(claim, is_cancelled, on_progress);
        },
        [] {}, stop_.get());
    ended_ = std::async(std::launch::async, [this] { return worker_->run(); });
  }
  void tell_to_stop() const { eventfd_write(stop_.get(), 1); }
  // What run() returns or throws.
  bool end() {
    tell_to_stop();
    return ended_.get();
  }
  bool has_reports(size_t count) const {
    return eventually([&] { return server.reports().size() == count; });
  }
  bool has_ended() const {
    return ended_.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  }

  std::optional<Result> make(const Claim &claim, const IsCancelled &is_cancelled,
                             const OnProgress &on_progress) {
    ++begun;
    on_progress(0.25);
    const auto &prompt = claim.parameters.at("prompt").get_ref<const std::string &>();
    if (prompt == "impossible") throw MakeError("invalid_input", "no such thing");
    if (prompt == "crashes") throw std::runtime_error("out of memory");
    while (prompt.starts_with("slow") && !may_end) {
      if (is_cancelled()) return std::nullopt;
      std::this_thread::yield();
    }
    return Result{json::array({{{"data", prompt}}}), {{"model", claim.model}}};
  }

  FakeServer server;
  std::atomic<int> begun = 0;
  std::atomic<bool> may_end = false;
  milliseconds farewell = std::chrono::seconds(20);

 private:
  wire::FileDescriptor stop_{eventfd(0, EFD_CLOEXEC)};
  std::optional<Worker> worker_;
  std::future<bool> ended_;
};

TEST_F(PullWorker, ReportsWhatItMakesWithTheTokenOfEachJob) {
  for (const char *id : {"a", "b", "c"})
    server.queue(id);
  start();
  ASSERT_TRUE(has_reports(3));
  for (const auto &report : server.reports()) {
    EXPECT_EQ(report.at("status"), "completed");
    EXPECT_EQ("token of " + report.at("outputs").at(0).at("data").get<std::string>(),
              report.at("token"));
    EXPECT_EQ(report.at("metadata").at("model"), "model");
  }
  EXPECT_TRUE(end());
}

TEST_F(PullWorker, KeepsNothingOfWhatIsOver) {
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  start();
  server.queue("first");
  ASSERT_TRUE(has_reports(1));
  const auto before = open_files();
  for (int i = 0; i < 50; ++i)
    server.queue("job " + std::to_string(i));
  ASSERT_TRUE(has_reports(51));
  // One that was just reported may not be let go of yet.
  EXPECT_TRUE(eventually([&] { return open_files() <= before; }));
  EXPECT_TRUE(end());
}

TEST_F(PullWorker, SaysWhatFailedAndGoesOn) {
  for (const char *id : {"impossible", "crashes", "a"})
    server.queue(id);
  start();
  ASSERT_TRUE(has_reports(3));
  EXPECT_EQ(server.reports()[0].at("error_class"), "invalid_input");
  EXPECT_EQ(server.reports()[0].at("error_message"), "no such thing");
  EXPECT_EQ(server.reports()[1].at("error_class"), "worker_crash");
  EXPECT_EQ(server.reports()[2].at("status"), "completed");
  EXPECT_TRUE(end());
}

TEST_F(PullWorker, TakesNoMoreThanItHasRoomForAndSaysThatItIsAlive) {
  for (const char *id : {"slow 1", "slow 2", "slow 3"})
    server.queue(id);
  start(2);
  ASSERT_TRUE(eventually([this] { return server.beats().size() >= 6; }));
  for (const auto &beat : server.beats())
    EXPECT_NE(beat.at("attempt_id"), "slow 3");
  EXPECT_EQ(begun, 1);
  const auto beats = server.beats();
  EXPECT_TRUE(std::any_of(beats.begin(), beats.end(), [](const json &beat) {
    return beat == json{{"attempt_id", "slow 1"}, {"progress", 0.25}};
  }));
  may_end = true;
  EXPECT_TRUE(has_reports(3));
  EXPECT_TRUE(end());
}

TEST_F(PullWorker, StopsWhatIsCancelledAndSaysNothingAboutIt) {
  for (const char *id : {"slow 1", "slow 2", "a"})
    server.queue(id);
  start(2);
  ASSERT_TRUE(eventually([this] { return server.beats().size() >= 2; }));
  server.cancel("slow 2");  // it waits
  ASSERT_TRUE(eventually([this] { return server.beats().back().at("attempt_id") == "slow 1"; }));
  server.cancel("slow 1");  // it is being computed
  ASSERT_TRUE(has_reports(1));
  EXPECT_EQ(server.reports()[0].at("token"), "token of a");
  EXPECT_EQ(begun, 2);
  EXPECT_TRUE(end());
  EXPECT_EQ(server.reports().size(), 1U);
}

TEST_F(PullWorker, ToldToStopItFinishesWhatItComputesAndGivesTheRestBack) {
  for (const char *id : {"slow 1", "b", "c"})
    server.queue(id);
  start(3);
  ASSERT_TRUE(eventually([this] { return begun == 1 && server.beats().size() >= 3; }));
  tell_to_stop();
  ASSERT_TRUE(has_reports(2));
  EXPECT_EQ(server.reports()[0].at("error_class"), "throttled");
  EXPECT_EQ(server.reports()[1].at("error_class"), "throttled");
  const auto claims = server.count(Function::claim_jobs);
  server.queue("d");
  may_end = true;
  ASSERT_TRUE(has_ended());
  EXPECT_EQ(server.reports().back().at("status"), "completed");
  EXPECT_EQ(server.reports().back().at("token"), "token of slow 1");
  EXPECT_EQ(server.count(Function::claim_jobs), claims);
}

TEST_F(PullWorker, ToldToStopTwiceItGivesBackWhatItComputes) {
  server.queue("slow 1");
  start();
  ASSERT_TRUE(eventually([this] { return begun == 1; }));
  tell_to_stop();
  const auto beats = server.beats().size();
  ASSERT_TRUE(eventually([&] { return server.beats().size() >= beats + 4; }));
  EXPECT_TRUE(server.reports().empty());
  tell_to_stop();
  ASSERT_TRUE(has_ended());
  ASSERT_EQ(server.reports().size(), 1U);
  EXPECT_EQ(server.reports()[0].at("error_class"), "throttled");
}

TEST_F(PullWorker, KeepsAResultUntilTheServerIsBack) {
  server.queue("slow 1");
  start(1);
  ASSERT_TRUE(eventually([this] { return begun == 1; }));
  for (const auto function :
       {Function::job_callback, Function::heartbeat_jobs, Function::claim_jobs})
    server.fail(function, away);
  may_end = true;
  ASSERT_TRUE(eventually([this] { return server.count(Function::job_callback) >= 12; }));
  EXPECT_TRUE(server.reports().empty());
  for (const auto function :
       {Function::job_callback, Function::heartbeat_jobs, Function::claim_jobs})
    server.fail(function, std::nullopt);
  server.queue("b");
  ASSERT_TRUE(has_reports(2));
  EXPECT_EQ(server.reports()[0].at("token"), "token of slow 1");
  EXPECT_TRUE(end());
}

TEST_F(PullWorker, AResultThatIsNotAcceptedIsAFailureOfTheJob) {
  server.queue("a");
  server.fail_times(Function::job_callback, DoorError(Trouble::refused, "too large", 413), 1);
  start();
  ASSERT_TRUE(has_reports(1));
  EXPECT_EQ(server.reports()[0].at("status"), "failed");
  EXPECT_EQ(server.reports()[0].at("error_class"), "too_large");
  EXPECT_TRUE(end());
}

TEST_F(PullWorker, ADefectOfTheServerIsTriedSeveralTimesAndNotForEver) {
  server.queue("a");
  server.fail_times(Function::job_callback, defect, 5);
  start();
  ASSERT_TRUE(has_reports(1));
  EXPECT_EQ(server.reports()[0].at("error_class"), "internal");
  server.queue("b");
  server.fail_times(Function::job_callback, defect, 4);
  ASSERT_TRUE(has_reports(2));
  EXPECT_EQ(server.reports()[1].at("status"), "completed");
  server.queue("c");  // neither the result nor its failure
  server.fail_times(Function::job_callback, no, 2);
  server.queue("d");
  ASSERT_TRUE(has_reports(3));
  EXPECT_EQ(server.reports()[2].at("token"), "token of d");
  EXPECT_TRUE(end());
}

TEST_F(PullWorker, AfterAnAnswerWasLostItRegistersAnew) {
  server.fail_times(Function::claim_jobs, away, 3);
  server.queue("a");
  start();
  ASSERT_TRUE(has_reports(1));
  EXPECT_GE(server.count(Function::register_worker), 1);
  const auto registered = server.count(Function::register_worker);
  const auto claims = server.count(Function::claim_jobs);
  ASSERT_TRUE(eventually([&] { return server.count(Function::claim_jobs) >= claims + 3; }));
  EXPECT_EQ(server.count(Function::register_worker), registered);  // once is enough
  EXPECT_TRUE(end());
}

TEST_F(PullWorker, ARefusalEndsItAfterWhatItComputes) {
  server.queue("slow 1");
  start();
  ASSERT_TRUE(eventually([this] { return begun == 1; }));
  server.fail(Function::claim_jobs, no);
  server.fail(Function::heartbeat_jobs, no);
  may_end = true;
  ASSERT_TRUE(has_ended());
  EXPECT_THROW(end(), DoorError);
  ASSERT_EQ(server.reports().size(), 1U);
  EXPECT_EQ(server.reports()[0].at("status"), "completed");
}

TEST_F(PullWorker, SaysWhenSomethingCouldNotBeDelivered) {
  farewell = milliseconds(30);
  server.queue("a");
  server.fail(Function::job_callback, away);
  start();
  ASSERT_TRUE(eventually([this] { return server.count(Function::job_callback) >= 1; }));
  EXPECT_FALSE(end());
}

TEST(Register, WaitsForAServerThatIsAwayAndNotForOneThatRefuses) {
  FakeServer server;
  FakeDoor door(server);
  Pace pace;
  pace.first_pause = milliseconds(1);
  pace.longest_pause = milliseconds(2);
  server.fail_times(Function::register_worker, away, 3);
  server.fail_times(Function::register_worker, defect, 2);
  EXPECT_EQ(register_patiently(door, {"name", "provider", {"model"}, 1}, pace), "worker");
  EXPECT_EQ(server.count(Function::register_worker), 6);
  server.fail(Function::register_worker, no);
  EXPECT_THROW(register_patiently(door, {"name", "provider", {"model"}, 1}, pace), DoorError);
}

}  // namespace
}  // namespace runner::pull::test
