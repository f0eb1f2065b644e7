// faults_test.cpp -- the courier against networks and servers that fail, and what may be concluded
// each time.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "courier_process.hpp"
#include "fake_server.hpp"
#include "sample_media.hpp"
#include "self_signed.hpp"

namespace {

using test::answer_with;
using test::Connection;
using test::CourierProcess;
using test::FakeServer;
using test::json_response;
using test::make_submit;
using wire::ErrorClass;

std::string good_answer() { return test::make_answer({test::make_png(6, 4)}); }

std::string large_parameters() { return R"({"prompt":")" + std::string(12 << 20, 'p') + R"("})"; }

wire::Failed failure_at(const std::string &url, const wire::Submit &wish = make_submit("")) {
  CourierProcess courier;
  wire::Submit submit = wish;
  submit.url = url;
  return courier.await_failure(courier.submit(submit));
}

wire::Failed failure_of(FakeServer::Script script, const wire::Submit &wish = make_submit("")) {
  FakeServer const server(std::move(script));
  return failure_at(server.url(), wish);
}

// Listens, but never accepts; on loopback a full queue swallows further connection requests.
class DeafListener {
 public:
  explicit DeafListener(int family) : listener_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (family == AF_INET) {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      fill(reinterpret_cast<sockaddr *>(&address), sizeof address);
      url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/v1";
    } else {
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      path_.get().copy(address.sun_path, sizeof address.sun_path - 1);
      fill(reinterpret_cast<sockaddr *>(&address), sizeof address);
      url = "unix:" + path_.get() + ":/v1";
    }
  }
  DeafListener(const DeafListener &) = delete;
  DeafListener &operator=(const DeafListener &) = delete;
  ~DeafListener() = default;

  std::string url;

 private:
  void fill(sockaddr *address, socklen_t length) {
    if (bind(listener_.get(), address, length) != 0 || listen(listener_.get(), 0) != 0)
      throw std::runtime_error("listen");
    getsockname(listener_.get(), address, &length);
    for (int i = 0; i < 3; ++i) {
      queued_.emplace_back(
          socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      (void)!connect(queued_.back().get(), address, length);
    }
  }

  wire::FileDescriptor listener_;
  std::vector<wire::FileDescriptor> queued_;
  test::SocketPath const path_;
};

void expect_never_sent(const wire::Failed &failure, ErrorClass error_class) {
  EXPECT_EQ(failure.error_class, error_class) << failure.message;
  EXPECT_FALSE(failure.request_sent);
  EXPECT_EQ(failure.timings.sent_us, 0);
  EXPECT_EQ(failure.http_status, 0);
}

TEST(NoConnection, because_nobody_listens) {
  std::uint16_t port = 0;
  {
    FakeServer const server(answer_with(""));
    port = server.port();
  }
  wire::Failed const failure = failure_at("http://127.0.0.1:" + std::to_string(port) + "/v1");
  expect_never_sent(failure, ErrorClass::unavailable);
  EXPECT_EQ(failure.message,
            "could not connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
}

TEST(NoConnection, because_the_unix_socket_does_not_exist) {
  wire::Failed const failure = failure_at("unix:/tmp/atelier-nobody.sock:/v1");
  expect_never_sent(failure, ErrorClass::unavailable);
  EXPECT_EQ(failure.message,
            "could not connect to unix:/tmp/atelier-nobody.sock: No such file or directory");
}

TEST(NoConnection, because_the_host_is_unknown) {
  wire::Submit submit = make_submit("");
  submit.connect_timeout_ms = 3000;
  expect_never_sent(failure_at("http://nobody.invalid/v1", submit), ErrorClass::unavailable);
}

TEST(NoConnection, within_the_time_allowed) {
  DeafListener const listener(AF_INET);
  wire::Submit submit = make_submit("");
  submit.connect_timeout_ms = 300;
  wire::Failed const failure = failure_at(listener.url, submit);
  expect_never_sent(failure, ErrorClass::unavailable);
  EXPECT_TRUE(failure.message.ends_with(" within 300 ms")) << failure.message;
}

TEST(NoConnection, because_the_queue_of_a_unix_socket_is_full) {
  DeafListener const listener(AF_UNIX);
  wire::Failed const failure = failure_at(listener.url);
  expect_never_sent(failure, ErrorClass::unavailable);
  EXPECT_TRUE(failure.message.ends_with(": its queue of connections is full")) << failure.message;
}

TEST(NoConnection, because_it_is_not_tls) {
  FakeServer const server([](Connection &connection) {
    connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    connection.wait_for_close();
  });
  wire::Failed const failure =
      failure_at("https://127.0.0.1:" + std::to_string(server.port()) + "/v1");
  expect_never_sent(failure, ErrorClass::unavailable);
  EXPECT_TRUE(failure.message.starts_with("TLS with 127.0.0.1:")) << failure.message;
}

TEST(NoConnection, because_nobody_vouches_for_the_certificate) {
  auto const context = test::make_self_signed_context();
  std::atomic<bool> was_told_something = false;
  wire::Failed failure;
  {
    FakeServer const server([&](Connection &connection) {
      std::unique_ptr<SSL, test::FreeTls> const tls(SSL_new(context.get()));
      SSL_set_fd(tls.get(), connection.descriptor());
      char byte = 0;
      was_told_something = SSL_accept(tls.get()) == 1 && SSL_read(tls.get(), &byte, 1) == 1;
    });
    failure = failure_at("https://localhost:" + std::to_string(server.port()) + "/v1");
  }
  expect_never_sent(failure, ErrorClass::unavailable);
  EXPECT_TRUE(failure.message.ends_with("SSL certificate problem: self-signed certificate"))
      << failure.message;
  EXPECT_FALSE(was_told_something) << "the client said something to a stranger";
}

TEST(PrivateNetwork, is_closed_to_endpoints_that_may_not_use_it) {
  FakeServer const server(answer_with(json_response(good_answer())));
  std::string const port = ":" + std::to_string(server.port()) + "/v1";
  wire::Submit submit = make_submit("");
  submit.private_network = false;
  for (const std::string host : {"127.0.0.1", "localhost", "2130706433", "0x7f.1",
                                 "[::ffff:127.0.0.1]", "0.0.0.0", "[::1]"}) {
    std::string url = "http://";
    url.append(host).append(port);
    wire::Failed const failure = failure_at(url, submit);
    expect_never_sent(failure, ErrorClass::invalid_input);
    EXPECT_TRUE(failure.message.ends_with("this endpoint may not use the private network"))
        << failure.message;
  }
  EXPECT_EQ(server.connection_count(), 0);
}

TEST(PrivateNetwork, includes_unix_sockets) {
  FakeServer const server(answer_with(json_response(good_answer())), FakeServer::Over::unix_socket);
  wire::Submit submit = make_submit("");
  submit.private_network = false;
  expect_never_sent(failure_at(server.url(), submit), ErrorClass::invalid_input);
  EXPECT_EQ(server.connection_count(), 0);
}

// A job at an endpoint that may use the private network, from a picture that its user has named.
wire::Submit submit_edit(const FakeServer &server, const std::string &picture) {
  wire::Submit submit = make_submit(server.url());
  submit.parameters = R"({"prompt":"p","image":")" + picture + R"("})";
  submit.private_network = true;
  return submit;
}

void expect_refused(const wire::Failed &failure) {
  EXPECT_EQ(failure.error_class, ErrorClass::invalid_input);
  EXPECT_NE(failure.message.find("is not on the public internet"), std::string::npos)
      << failure.message;
}

TEST(NamedByTheUser, may_not_be_on_the_private_network) {
  FakeServer const server(answer_with(json_response(good_answer())));
  std::string const port = ":" + std::to_string(server.port()) + "/x.png";
  CourierProcess courier;
  for (const std::string host : {"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1"}) {
    std::string picture = "http://";
    picture.append(host).append(port);
    expect_refused(courier.await_failure(courier.submit(submit_edit(server, picture))));
  }
  EXPECT_EQ(server.connection_count(), 0);
}

// What is open already was opened for somebody who may.
TEST(NamedByTheUser, is_not_fetched_over_a_connection_that_is_there) {
  std::atomic<int> fetched = 0;
  FakeServer const server([&](Connection &connection) {
    for (;;) {
      std::string const head = connection.read_request().head;
      if (head.empty()) return;
      if (head.starts_with("GET ")) ++fetched;
      connection.send(json_response(good_answer()));
    }
  });
  std::string const inner = "http://127.0.0.1:" + std::to_string(server.port()) + "/x.png";
  CourierProcess courier;
  wire::Submit first = make_submit(server.url());
  first.repeatable = true;
  courier.await_success(courier.submit(first));
  wire::Submit edit = submit_edit(server, inner);
  edit.repeatable = true;
  expect_refused(courier.await_failure(courier.submit(edit)));
  EXPECT_EQ(fetched, 0);
  courier.await_success(courier.submit(first));
}

TEST(LostBeforeSent, is_safe_to_repeat) {
  wire::Submit submit = make_submit("");
  submit.parameters = large_parameters();
  wire::Failed const failure = failure_of(
      [](Connection &connection) {
        connection.wait_for_data();
        connection.reset();
      },
      submit);
  expect_never_sent(failure, ErrorClass::transient_net);
  EXPECT_NE(failure.message.find("was lost before the request was sent"), std::string::npos)
      << failure.message;
}

TEST(LostBeforeSent, because_the_server_does_not_read) {
  wire::Submit submit = make_submit("");
  submit.parameters = large_parameters();
  submit.total_timeout_ms = 1000;
  wire::Failed const failure =
      failure_of([](Connection &connection) { connection.wait_for_hang_up(); }, submit);
  expect_never_sent(failure, ErrorClass::transient_net);
  EXPECT_TRUE(failure.message.ends_with("could not be sent within 1000 ms")) << failure.message;
}

TEST(LostAfterSent, is_ambiguous_when_the_server_closes) {
  wire::Failed const failure =
      failure_of([](Connection &connection) { connection.read_request(); });
  EXPECT_EQ(failure.error_class, ErrorClass::ambiguous);
  EXPECT_TRUE(failure.request_sent);
  EXPECT_GT(failure.timings.sent_us, 0);
  EXPECT_EQ(failure.message, "the server closed the connection without an answer");
}

TEST(LostAfterSent, is_ambiguous_when_the_server_resets) {
  wire::Failed const failure = failure_of([](Connection &connection) {
    connection.read_request();
    connection.reset();
  });
  EXPECT_EQ(failure.error_class, ErrorClass::ambiguous);
  EXPECT_TRUE(failure.request_sent);
  EXPECT_NE(failure.message.find("Connection reset by peer"), std::string::npos) << failure.message;
}

TEST(LostAfterSent, is_never_repeated_behind_our_back) {
  FakeServer const server([](Connection &connection) {
    connection.read_request();
    connection.send(json_response(good_answer()));
    connection.read_request();  // a client that reuses the connection would be cut off here
  });
  CourierProcess courier;
  for (int i = 0; i < 3; ++i)
    courier.await_success(courier.submit(make_submit(server.url())));
  EXPECT_EQ(server.connection_count(), 3);
}

TEST(LostAnswer, is_ambiguous_and_says_how_far_it_came) {
  std::string const answer = json_response(good_answer());
  std::size_t const body = good_answer().size();
  wire::Failed const failure = failure_of(answer_with(answer.substr(0, answer.size() - 20)));
  EXPECT_EQ(failure.error_class, ErrorClass::ambiguous);
  EXPECT_EQ(failure.message, "the server closed the connection after " + std::to_string(body - 20) +
                                 " of " + std::to_string(body) + " bytes");
}

TEST(LostAnswer, is_ambiguous_when_chunks_are_missing) {
  wire::Failed const failure = failure_of(
      answer_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"dat\r\n"));
  EXPECT_EQ(failure.error_class, ErrorClass::ambiguous);
  EXPECT_EQ(failure.message, "the server closed the connection after 5 bytes");
}

TEST(LostAnswer, is_ambiguous_when_the_head_is_cut_off) {
  wire::Failed const failure = failure_of(answer_with("HTTP/1.1 200 OK\r\nContent-Type: app"));
  EXPECT_EQ(failure.error_class, ErrorClass::ambiguous);
  EXPECT_TRUE(failure.request_sent);
  EXPECT_EQ(failure.message, "the server closed the connection within the head of its answer");
}

TEST(SlowAnswer, must_begin_in_time) {
  wire::Submit submit = make_submit("");
  submit.first_byte_timeout_ms = 300;
  wire::Failed const failure = failure_of(
      [](Connection &connection) {
        connection.read_request();
        connection.wait_for_close();
      },
      submit);
  EXPECT_EQ(failure.error_class, ErrorClass::ambiguous);
  EXPECT_EQ(failure.message, "no answer within 300 ms after the request");
  EXPECT_EQ(failure.timings.first_byte_us, 0);
  std::int64_t const waited_us = failure.timings.finished_us - failure.timings.sent_us;
  EXPECT_GE(waited_us, 299000);
}

TEST(SlowAnswer, must_end_in_time) {
  wire::Submit submit = make_submit("");
  submit.first_byte_timeout_ms = 200;
  submit.total_timeout_ms = 1500;
  wire::Failed const failure = failure_of(
      [](Connection &connection) {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{");
        connection.wait_for_close();
      },
      submit);
  EXPECT_EQ(failure.error_class, ErrorClass::ambiguous);
  EXPECT_EQ(failure.message, "no complete answer within 1500 ms; 1 of 1000000 bytes arrived");
}

TEST(Sent, is_reported_while_the_server_still_works) {
  FakeServer const server([](Connection &connection) {
    connection.read_request();
    connection.wait_for_close();
  });
  CourierProcess courier;
  auto const attempt = courier.submit(make_submit(server.url()));
  EXPECT_TRUE(courier.await_sent(attempt));
  EXPECT_FALSE(courier.has_ended(attempt));
}

TEST(Sent, is_reported_for_a_request_of_many_megabytes_only_when_all_of_it_has_left) {
  std::atomic<bool> may_read = false;
  std::atomic<bool> may_answer = false;
  FakeServer const server([&may_read, &may_answer](Connection &connection) {
    may_read.wait(false);
    connection.read_request();
    may_answer.wait(false);
    connection.send(json_response(good_answer()));
  });
  CourierProcess courier;
  wire::Submit submit = make_submit(server.url());
  submit.parameters = large_parameters();
  auto const attempt = courier.submit(submit);
  ASSERT_TRUE(courier.pump_until([&] { return server.connection_count() == 1; }));
  auto const until = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  courier.pump_until([&] { return std::chrono::steady_clock::now() > until; });
  EXPECT_TRUE(courier.sent_at().empty());
  may_read = true;
  may_read.notify_all();
  EXPECT_TRUE(courier.await_sent(attempt));
  may_answer = true;
  may_answer.notify_all();
  courier.await_success(attempt);
  EXPECT_EQ(courier.sent_at().count(attempt), 1U);
}

}  // namespace
