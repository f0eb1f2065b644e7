// probes_test.cpp -- asking a server how it is.
#include <gtest/gtest.h>

#include <mutex>
#include <string>

#include "courier_process.hpp"
#include "fake_server.hpp"

namespace {

using test::answer_with;
using test::Connection;
using test::CourierProcess;
using test::FakeServer;
using test::make_submit;
using test::response;
using wire::ErrorClass;

wire::Submit make_probe(const std::string &url, const std::string &path) {
  wire::Submit probe = make_submit(url);
  probe.purpose = wire::Purpose::probe;
  probe.adapter.clear();
  probe.parameters = path;
  return probe;
}

// What arrives at the server when it is asked for this path.
std::string head_of(const std::string &path, FakeServer::Over over = FakeServer::Over::tcp) {
  std::mutex mutex;
  std::string head;
  FakeServer const server(
      [&](Connection &connection) {
        auto const request = connection.read_request();
        {
          std::lock_guard const lock(mutex);
          head = request.head + request.body;
        }
        connection.send(response(200, "", "anything"));
      },
      over);
  CourierProcess courier;
  wire::Succeeded const success =
      courier.await_success(courier.submit(make_probe(server.url(), path)));
  EXPECT_TRUE(success.outputs.empty());
  std::lock_guard const lock(mutex);
  return head;
}

wire::Failed failure_of(FakeServer::Script script) {
  FakeServer const server(std::move(script));
  CourierProcess courier;
  return courier.await_failure(courier.submit(make_probe(server.url(), "models")));
}

TEST(Probe, asks_behind_the_url_of_the_endpoint) {
  std::string const head = head_of("models");
  EXPECT_TRUE(head.starts_with("GET /v1/models HTTP/1.1\r\n")) << head;
  EXPECT_EQ(head.find("Content-"), std::string::npos) << head;
}

TEST(Probe, asks_from_the_root_when_the_path_begins_with_a_slash) {
  EXPECT_TRUE(head_of("/health").starts_with("GET /health HTTP/1.1\r\n"));
  EXPECT_TRUE(
      head_of("/health", FakeServer::Over::unix_socket).starts_with("GET /health HTTP/1.1\r\n"));
}

TEST(Probe, takes_any_good_answer_whatever_is_in_it) {
  FakeServer const server(answer_with(response(204, "", "")));
  CourierProcess courier;
  courier.await_success(courier.submit(make_probe(server.url(), "models")));
}

TEST(Probe, tells_what_a_bad_answer_means) {
  wire::Failed const sick = failure_of(answer_with(response(503, "", "loading")));
  EXPECT_EQ(sick.error_class, ErrorClass::overload);
  EXPECT_EQ(sick.message, "asked for /models, the server answers 503");
  EXPECT_TRUE(sick.request_sent);
  wire::Failed const busy = failure_of(answer_with(response(429, "Retry-After: 7\r\n", "")));
  EXPECT_EQ(busy.error_class, ErrorClass::throttled);
  EXPECT_EQ(busy.retry_after_ms, 7000U);
  EXPECT_EQ(failure_of(answer_with(response(404, "", ""))).error_class, ErrorClass::invalid_input);
  EXPECT_EQ(failure_of(answer_with(response(302, "Location: /\r\n", ""))).error_class,
            ErrorClass::bad_response);
}

TEST(Probe, tells_a_server_that_is_not_there_from_one_that_hangs_up) {
  std::string url;
  {
    FakeServer const server(answer_with(""));
    url = server.url();
  }
  CourierProcess courier;
  wire::Failed const refused = courier.await_failure(courier.submit(make_probe(url, "models")));
  EXPECT_EQ(refused.error_class, ErrorClass::unavailable);
  EXPECT_FALSE(refused.request_sent);
  wire::Failed const hung_up =
      failure_of([](Connection &connection) { connection.read_request(); });
  EXPECT_EQ(hung_up.error_class, ErrorClass::ambiguous);
}

}  // namespace
