// process_test.cpp -- the life of the courier: greeting, work in parallel, cancellation, death.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "courier_process.hpp"
#include "fake_server.hpp"
#include "sample_media.hpp"

namespace {

using test::answer_with;
using test::Connection;
using test::CourierProcess;
using test::FakeServer;
using test::json_response;
using test::make_submit;
using wire::ErrorClass;

std::string good_answer() { return test::make_answer({test::make_png(6, 4)}); }

FakeServer::Script silence() {
  return [](Connection &connection) {
    connection.read_request();
    connection.wait_for_close();
  };
}

TEST(Courier, greets_first_with_protocol_and_version) {
  CourierProcess courier;
  courier.await_hello();
  EXPECT_EQ(courier.hello().protocol_version, 4U);
  EXPECT_EQ(courier.hello().version, ATELIER_VERSION);
}

TEST(Courier, exits_cleanly_when_the_dispatcher_goes) {
  FakeServer const server(silence());
  CourierProcess courier;
  ASSERT_TRUE(courier.await_sent(courier.submit(make_submit(server.url()))));
  courier.hang_up();
  EXPECT_EQ(courier.await_exit(), 0);
}

TEST(Courier, exits_cleanly_when_told_to) {
  FakeServer const server(silence());
  CourierProcess courier;
  ASSERT_TRUE(courier.await_sent(courier.submit(make_submit(server.url()))));
  courier.send(wire::encode(wire::Shutdown{}));
  EXPECT_EQ(courier.await_exit(), 0);
}

TEST(Courier, exits_cleanly_on_a_signal) {
  for (int const signal_number : {SIGTERM, SIGINT}) {
    FakeServer const server(silence());
    CourierProcess courier;
    ASSERT_TRUE(courier.await_sent(courier.submit(make_submit(server.url()))));
    courier.kill(signal_number);
    EXPECT_EQ(courier.await_exit(), 0);
  }
}

TEST(Courier, gives_up_on_a_dispatcher_that_speaks_nonsense) {
  {
    CourierProcess courier;
    courier.await_hello();
    courier.send_bytes("this is not a frame");
    EXPECT_EQ(courier.await_exit(), 1);
  }
  {
    CourierProcess courier;
    courier.await_hello();
    courier.send(wire::encode(wire::Hello{}));
    EXPECT_EQ(courier.await_exit(), 1);
  }
  {
    FakeServer const server(silence());
    CourierProcess courier;
    wire::Submit submit = make_submit(server.url());
    courier.send(wire::encode(submit));
    courier.send(wire::encode(submit));
    EXPECT_EQ(courier.await_exit(), 1);
  }
}

int run(const std::string &arguments) {
  int const status =
      std::system((std::string(ATELIER_COURIER) + " " + arguments + " >/dev/null 2>&1").c_str());
  return WEXITSTATUS(status);
}

TEST(Courier, explains_how_it_is_started) {
  EXPECT_EQ(run("--help"), 0);
  EXPECT_EQ(run("--version"), 0);
  EXPECT_EQ(run(""), 2);
  EXPECT_EQ(run("--spool /tmp"), 2);  // standard input is not a socket
}

TEST(Courier, leaves_no_core_file_with_secrets) {
  CourierProcess courier("ulimit -c unlimited 2>/dev/null");
  courier.await_hello();
  std::ifstream limits("/proc/" + std::to_string(courier.pid()) + "/limits");
  bool found = false;
  for (std::string line; std::getline(limits, line);) {
    if (!line.starts_with("Max core file size")) continue;
    found = true;
    EXPECT_EQ(line.find_first_not_of(' ', 18), line.find('0')) << line;
  }
  EXPECT_TRUE(found);
}

TEST(Courier, fails_what_it_cannot_start_and_goes_on) {
  FakeServer const server(answer_with(json_response(good_answer())));
  CourierProcess courier;
  wire::Submit unknown = make_submit(server.url());
  unknown.adapter = "carrier_pigeon";
  wire::Failed const failure = courier.await_failure(courier.submit(unknown));
  EXPECT_EQ(failure.error_class, ErrorClass::internal);
  EXPECT_FALSE(failure.request_sent);
  EXPECT_EQ(failure.message, "there is no adapter \"carrier_pigeon\"");
  wire::Submit nonsense = make_submit(server.url());
  nonsense.parameters = "{";
  EXPECT_EQ(courier.await_failure(courier.submit(nonsense)).error_class, ErrorClass::invalid_input);
  EXPECT_EQ(courier.await_failure(courier.submit(make_submit("ftp://h/"))).error_class,
            ErrorClass::invalid_input);
  courier.await_success(courier.submit(make_submit(server.url())));
}

TEST(Cancel, closes_the_connection_and_says_so) {
  std::atomic<int> closed = 0;
  FakeServer const server([&closed](Connection &connection) {
    connection.read_request();
    connection.wait_for_close();
    ++closed;
  });
  CourierProcess courier;
  auto const attempt = courier.submit(make_submit(server.url()));
  ASSERT_TRUE(courier.await_sent(attempt));
  courier.cancel(attempt);
  wire::Cancelled const cancelled = courier.await_cancelled(attempt);
  EXPECT_GT(cancelled.timings.sent_us, 0);
  EXPECT_GE(cancelled.timings.finished_us, cancelled.timings.sent_us);
  EXPECT_TRUE(courier.pump_until([&] { return closed == 1; }));
}

TEST(Cancel, of_something_unknown_or_finished_changes_nothing) {
  FakeServer const server(answer_with(json_response(good_answer())));
  CourierProcess courier;
  courier.cancel(wire::Uuid{});
  auto const attempt = courier.submit(make_submit(server.url()));
  courier.await_success(attempt);
  courier.cancel(attempt);
  courier.await_success(courier.submit(make_submit(server.url())));
}

TEST(Cancel, asked_for_again_tells_the_provider_once) {
  std::atomic<int> told = 0;
  std::atomic<bool> may_hear = false;
  FakeServer const server([&](Connection &connection) {
    for (;;) {
      std::string const head = connection.read_request().head;
      if (head.empty()) return;
      if (head.find("/cancel ") != std::string::npos) {
        ++told;
        may_hear.wait(false);
      }
      connection.send(json_response(R"({"id":"p1","status":"processing","output":null})"));
    }
  });
  CourierProcess courier;
  wire::Submit submit = make_submit(server.url());
  submit.adapter = "replicate";
  submit.model = "owner/name";
  submit.parameters = R"({"prompt":"p"})";
  submit.private_network = true;
  auto const attempt = courier.submit(submit);
  ASSERT_TRUE(courier.await_sent(attempt));
  courier.cancel(attempt);
  ASSERT_TRUE(courier.pump_until([&] { return told == 1; }));
  courier.cancel(attempt);
  courier.cancel(attempt);
  // The courier has read both when it answers something that came after them.
  auto const other = courier.submit(make_submit("ftp://h/"));
  courier.await_failure(other);
  may_hear = true;
  may_hear.notify_all();
  courier.await_cancelled(attempt);
  EXPECT_EQ(told, 1);
  EXPECT_EQ(courier.external_ids().at(attempt), "p1");
}

TEST(Cancel, works_before_anything_was_sent) {
  FakeServer const server(silence());
  CourierProcess courier;
  std::vector<wire::Uuid> attempts;
  attempts.reserve(200);
  for (int i = 0; i < 20; ++i) {
    attempts.push_back(courier.submit(make_submit(server.url())));
    courier.cancel(attempts.back());
  }
  for (const wire::Uuid &attempt : attempts)
    courier.await_cancelled(attempt);
}

TEST(Parallel, two_hundred_requests_succeed_and_leave_no_descriptor_open) {
  FakeServer const tcp(answer_with(json_response(good_answer())));
  FakeServer const unix_socket(answer_with(json_response(good_answer())),
                               FakeServer::Over::unix_socket);
  CourierProcess courier;
  courier.await_hello();
  std::ptrdiff_t const before = courier.descriptors();
  std::vector<wire::Uuid> attempts;
  attempts.reserve(200);
  for (int i = 0; i < 200; ++i)
    attempts.push_back(courier.submit(make_submit(i % 2 == 0 ? tcp.url() : unix_socket.url())));
  for (const wire::Uuid &attempt : attempts)
    EXPECT_EQ(courier.await_success(attempt).outputs.size(), 1U);
  EXPECT_TRUE(courier.pump_until([&] { return courier.descriptors() == before; }))
      << courier.descriptors();
}

TEST(Parallel, failures_of_every_kind_leave_no_descriptor_open) {
  FakeServer const good(answer_with(json_response(good_answer())));
  FakeServer const garbage(answer_with("garbage"));
  FakeServer const cut(answer_with(json_response(good_answer()).substr(0, 200)));
  FakeServer const silent(silence());
  CourierProcess courier;
  courier.await_hello();
  std::ptrdiff_t const before = courier.descriptors();
  std::vector<wire::Uuid> attempts;
  attempts.reserve(200);
  for (int i = 0; i < 25; ++i) {
    for (const FakeServer *server : {&good, &garbage, &cut})
      attempts.push_back(courier.submit(make_submit(server->url())));
    attempts.push_back(courier.submit(make_submit("unix:/tmp/atelier-nobody.sock")));
    attempts.push_back(courier.submit(make_submit(silent.url())));
    courier.cancel(attempts.back());
    wire::Submit impatient = make_submit(silent.url());
    impatient.first_byte_timeout_ms = 50;
    attempts.push_back(courier.submit(impatient));
  }
  EXPECT_TRUE(courier.pump_until([&] { return courier.ended_count() == attempts.size(); }));
  for (const wire::Uuid &attempt : attempts)
    courier.await_outcome(attempt);  // lets go of the files
  EXPECT_TRUE(courier.pump_until([&] { return courier.descriptors() == before; }))
      << courier.descriptors();
}

TEST(Parallel, work_over_the_descriptor_limit_waits_for_its_turn) {
  std::atomic<bool> may_answer = false;
  FakeServer const server([&may_answer](Connection &connection) {
    connection.read_request();
    may_answer.wait(false);
    connection.send(json_response(good_answer()));
  });
  CourierProcess courier("ulimit -n 120");
  constexpr std::size_t count = 40;
  std::vector<wire::Uuid> attempts;
  for (std::size_t i = 0; i < count; ++i)
    attempts.push_back(courier.submit(make_submit(server.url())));
  // The last of a queue: it ends at once only when it never left.
  courier.cancel(attempts.back());
  auto const outcome = courier.await_outcome(attempts.back());
  EXPECT_TRUE(std::holds_alternative<wire::Cancelled>(outcome));
  EXPECT_EQ(std::get<wire::Cancelled>(outcome).timings.sent_us, 0);
  EXPECT_LT(server.connection_count(), count);
  may_answer = true;
  may_answer.notify_all();
  attempts.pop_back();
  for (const wire::Uuid &attempt : attempts)
    courier.await_success(attempt);
}

TEST(Parallel, results_wait_for_a_dispatcher_that_is_slow_to_read) {
  FakeServer const server(answer_with(json_response(good_answer())));
  CourierProcess courier;
  std::vector<wire::Uuid> attempts;
  attempts.reserve(200);
  for (int i = 0; i < 150; ++i)
    attempts.push_back(courier.submit(make_submit(server.url())));
  auto const deadline = std::chrono::steady_clock::now() + test::patience;
  while (server.connection_count() < 150) {  // nobody reads the channel meanwhile
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::yield();
  }
  for (const wire::Uuid &attempt : attempts)
    EXPECT_EQ(courier.await_success(attempt).outputs.size(), 1U);
}

TEST(Parallel, a_slow_server_does_not_hold_up_a_fast_one) {
  FakeServer const slow(silence());
  FakeServer const fast(answer_with(json_response(good_answer())));
  CourierProcess courier;
  std::vector<wire::Uuid> waiting;
  waiting.reserve(50);
  for (int i = 0; i < 50; ++i)
    waiting.push_back(courier.submit(make_submit(slow.url())));
  courier.await_success(courier.submit(make_submit(fast.url())));
  for (const wire::Uuid &attempt : waiting)
    EXPECT_FALSE(courier.has_ended(attempt));
}

}  // namespace
