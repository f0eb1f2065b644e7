// answers_test.cpp -- the courier against servers that answer, well or badly.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <nlohmann/json.hpp>
#include <string>

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
using test::response;
using wire::ErrorClass;

std::string good_answer() { return test::make_answer({test::make_png(6, 4)}); }

wire::Failed failure_of(FakeServer::Script script, const wire::Submit &wish = make_submit("")) {
  FakeServer const server(std::move(script));
  CourierProcess courier;
  wire::Submit submit = wish;
  submit.url = server.url();
  return courier.await_failure(courier.submit(submit));
}

void expect_success(const FakeServer &server) {
  CourierProcess courier;
  wire::Succeeded const success = courier.await_success(courier.submit(make_submit(server.url())));
  ASSERT_EQ(success.outputs.size(), 1U);
  EXPECT_EQ(test::read_all(success.outputs[0].file), test::make_png(6, 4));
}

TEST(Answer, is_delivered_as_an_unlinked_file_with_its_facts) {
  FakeServer const server(answer_with(json_response(good_answer())));
  CourierProcess courier;
  auto const attempt = courier.submit(make_submit(server.url()));
  wire::Succeeded const success = courier.await_success(attempt);
  ASSERT_EQ(success.outputs.size(), 1U);
  const wire::Output &output = success.outputs[0];
  std::string const png = test::make_png(6, 4);
  EXPECT_EQ(output.width, 6U);
  EXPECT_EQ(output.height, 4U);
  EXPECT_EQ(output.byte_count, png.size());
  EXPECT_EQ(test::read_all(output.file), png);
  struct stat status {};
  ASSERT_EQ(fstat(output.file.get(), &status), 0);
  EXPECT_TRUE(S_ISREG(status.st_mode));
  EXPECT_EQ(status.st_nlink, 0U);
  EXPECT_EQ(nlohmann::json::parse(success.metadata).at("created"), 1700000000);
  EXPECT_GT(success.timings.sent_us, 0);
  EXPECT_GT(success.timings.started_us, 1600000000000000);
  EXPECT_LE(success.timings.started_us, success.timings.sent_us);
  EXPECT_LE(success.timings.sent_us, success.timings.first_byte_us);
  EXPECT_LE(success.timings.first_byte_us, success.timings.finished_us);
}

TEST(Answer, comes_over_a_unix_socket_too) {
  expect_success(
      FakeServer(answer_with(json_response(good_answer())), FakeServer::Over::unix_socket));
}

TEST(Answer, may_be_chunked) {
  std::string const answer = good_answer();
  std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n";
  char size[32];
  for (std::size_t at = 0; at < answer.size(); at += 7) {
    std::string const piece = answer.substr(at, 7);
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    chunked += size + piece + "\r\n";
  }
  expect_success(FakeServer(answer_with(chunked + "0\r\n\r\n")));
}

TEST(Answer, may_end_with_the_connection) {
  expect_success(FakeServer(answer_with("HTTP/1.0 200 OK\r\n\r\n" + good_answer())));
}

TEST(Answer, may_follow_interim_responses) {
  expect_success(FakeServer(
      answer_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
                  json_response(good_answer()))));
}

TEST(Answer, may_come_byte_by_byte) {
  expect_success(FakeServer([](Connection &connection) {
    connection.read_request();
    for (char const byte : json_response(good_answer()))
      if (!connection.send({&byte, 1})) return;
  }));
}

TEST(Answer, may_come_before_the_whole_request_was_read) {
  FakeServer const server([](Connection &connection) {
    connection.send(response(413, "", "too big"));
    connection.wait_for_close();
  });
  CourierProcess courier;
  wire::Submit submit = make_submit(server.url());
  submit.parameters = R"({"prompt":")" + std::string(12 << 20, 'p') + R"("})";
  wire::Failed const failure = courier.await_failure(courier.submit(submit));
  EXPECT_EQ(failure.error_class, ErrorClass::invalid_input);
  EXPECT_EQ(failure.http_status, 413);
}

TEST(RequestOnTheWire, is_plain_and_complete) {
  test::Request seen;
  FakeServer server([&seen](Connection &connection) {
    seen = connection.read_request();
    connection.send(json_response(good_answer()));
  });
  CourierProcess courier(
      "export http_proxy=http://127.0.0.1:1 HTTP_PROXY=http://127.0.0.1:1 "
      "all_proxy=http://127.0.0.1:1");
  wire::Submit submit = make_submit(server.url());
  submit.secret = "sk-0123456789";
  courier.await_success(courier.submit(submit));
  EXPECT_TRUE(seen.head.starts_with("POST /v1/images/generations HTTP/1.1\r\n")) << seen.head;
  EXPECT_NE(seen.head.find("\r\nAuthorization: Bearer sk-0123456789"), std::string::npos)
      << seen.head;
  EXPECT_NE(seen.head.find("\r\nContent-Type: application/json"), std::string::npos) << seen.head;
  EXPECT_EQ(seen.head.find("Expect"), std::string::npos) << seen.head;
  EXPECT_EQ(seen.head.find("Accept-Encoding"), std::string::npos) << seen.head;
  EXPECT_EQ(nlohmann::json::parse(seen.body).at("prompt"), "a red circle");
}

TEST(RequestOnTheWire, carries_no_credential_when_there_is_none) {
  test::Request seen;
  FakeServer server([&seen](Connection &connection) {
    seen = connection.read_request();
    connection.send(json_response(good_answer()));
  });
  CourierProcess courier;
  courier.await_success(courier.submit(make_submit(server.url())));
  EXPECT_EQ(seen.head.find("Authorization"), std::string::npos) << seen.head;
}

TEST(BadAnswer, is_not_json) {
  wire::Failed const failure = failure_of(answer_with(json_response("<html>busy</html>")));
  EXPECT_EQ(failure.error_class, ErrorClass::bad_response);
  EXPECT_EQ(failure.http_status, 200);
  EXPECT_TRUE(failure.request_sent);
  EXPECT_EQ(failure.message, "the answer is not usable JSON: expected a value at byte 0");
  EXPECT_EQ(failure.detail, "<html>busy</html>");
  EXPECT_GT(failure.timings.finished_us, failure.timings.first_byte_us);
}

TEST(BadAnswer, has_the_wrong_content_type) {
  wire::Failed const failure =
      failure_of(answer_with(response(200, "Content-Type: text/html\r\n", "<h1>It works!</h1>")));
  EXPECT_EQ(failure.error_class, ErrorClass::bad_response);
  EXPECT_EQ(failure.message, "the server answers with text/html instead of JSON");
  EXPECT_EQ(failure.detail, "<h1>It works!</h1>");
}

TEST(BadAnswer, is_compressed_although_nobody_asked) {
  wire::Failed const failure = failure_of(answer_with(response(
      200, "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", "\x1F\x8B\x08")));
  EXPECT_EQ(failure.error_class, ErrorClass::bad_response);
  EXPECT_EQ(failure.message, "the server uses content encoding gzip, which nobody asked for");
}

TEST(BadAnswer, is_empty) {
  wire::Failed const failure = failure_of(answer_with(json_response("")));
  EXPECT_EQ(failure.error_class, ErrorClass::bad_response);
}

TEST(BadAnswer, is_an_error_with_status_200) {
  wire::Failed const failure = failure_of(answer_with(
      json_response(R"({"error":{"message":"CUDA out of memory","type":"server_error"}})")));
  EXPECT_EQ(failure.error_class, ErrorClass::overload);
  EXPECT_EQ(failure.message, "the server reports an error with status 200: CUDA out of memory");
}

TEST(BadAnswer, has_a_truncated_picture) {
  std::string const png = test::make_png(6, 4);
  wire::Failed const failure =
      failure_of(answer_with(json_response(test::make_answer({png.substr(0, png.size() - 12)}))));
  EXPECT_EQ(failure.error_class, ErrorClass::bad_response);
  EXPECT_EQ(failure.message,
            "data[0] is a truncated PNG of " + std::to_string(png.size() - 12) + " bytes");
}

TEST(BadAnswer, stops_early_without_anyone_noticing_but_the_parser) {
  std::string const answer = good_answer();
  wire::Failed const failure =
      failure_of(answer_with("HTTP/1.0 200 OK\r\n\r\n" + answer.substr(0, answer.size() - 2)));
  EXPECT_EQ(failure.error_class, ErrorClass::bad_response);
  EXPECT_TRUE(
      failure.message.starts_with("the answer is not usable JSON: the document ends too early"));
}

TEST(BadAnswer, is_not_http) {
  for (const char *bytes :
       {"SSH-2.0-OpenSSH_9.2\r\n", "\x16\x03\x01\x02\x03 garbage \xFF\xFE\r\n\r\n"}) {
    wire::Failed const failure = failure_of(answer_with(bytes));
    EXPECT_EQ(failure.error_class, ErrorClass::bad_response) << failure.message;
    EXPECT_EQ(failure.message, "the server does not answer in HTTP");
    EXPECT_EQ(failure.http_status, 0);
  }
}

TEST(BadAnswer, redirects_and_is_not_followed) {
  FakeServer const elsewhere(answer_with(json_response(good_answer())));
  for (int const status : {301, 302, 303, 307, 308}) {
    wire::Failed const failure =
        failure_of(answer_with(response(status, "Location: " + elsewhere.url() + "\r\n", "moved")));
    EXPECT_EQ(failure.error_class, ErrorClass::bad_response);
    EXPECT_EQ(failure.http_status, status);
    EXPECT_EQ(failure.message, "the server answers " + std::to_string(status) + " and points to " +
                                   elsewhere.url() + "; redirects are not followed");
  }
  EXPECT_EQ(elsewhere.connection_count(), 0);
}

TEST(ErrorStatus, is_classified) {
  struct Expected {
    int status;
    ErrorClass error_class;
  };
  for (auto const &[status, error_class] :
       {Expected{400, ErrorClass::invalid_input}, Expected{401, ErrorClass::auth},
        Expected{402, ErrorClass::payment}, Expected{403, ErrorClass::auth},
        Expected{404, ErrorClass::invalid_input}, Expected{429, ErrorClass::throttled},
        Expected{500, ErrorClass::overload}, Expected{502, ErrorClass::overload},
        Expected{503, ErrorClass::overload}, Expected{504, ErrorClass::ambiguous},
        Expected{524, ErrorClass::ambiguous}, Expected{599, ErrorClass::overload}}) {
    wire::Failed const failure =
        failure_of(answer_with(response(status, "", R"({"error":{"message":"no luck"}})")));
    EXPECT_EQ(failure.error_class, error_class) << status;
    EXPECT_EQ(failure.http_status, status);
    EXPECT_EQ(failure.retry_after_ms, 0U);
    EXPECT_TRUE(failure.request_sent);
    EXPECT_EQ(failure.message, "the server answers " + std::to_string(status) + ": no luck");
  }
}

TEST(ErrorStatus, counts_even_if_its_body_is_cut_off) {
  wire::Failed const failure =
      failure_of(answer_with("HTTP/1.1 401 No\r\nContent-Length: 100\r\n\r\nwho are"));
  EXPECT_EQ(failure.error_class, ErrorClass::auth);
  EXPECT_EQ(failure.detail, "who are");
}

TEST(RetryAfter, is_read_in_seconds_and_as_a_date) {
  char date[64];
  std::time_t const in_two_minutes = std::time(nullptr) + 120;
  std::tm calendar{};
  std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT",
                gmtime_r(&in_two_minutes, &calendar));
  for (int const status : {429, 503}) {
    wire::Failed const seconds =
        failure_of(answer_with(response(status, "Retry-After: 7\r\n", "")));
    EXPECT_EQ(seconds.error_class, ErrorClass::throttled);
    EXPECT_EQ(seconds.retry_after_ms, 7000U);
    wire::Failed const dated =
        failure_of(answer_with(response(status, "Retry-After: " + std::string(date) + "\r\n", "")));
    EXPECT_EQ(dated.error_class, ErrorClass::throttled);
    EXPECT_GT(dated.retry_after_ms, 100000U);
    EXPECT_LE(dated.retry_after_ms, 120000U);
  }
}

TEST(RetryAfter, is_bounded_and_never_negative) {
  EXPECT_EQ(
      failure_of(answer_with(response(429, "Retry-After: 99999999999\r\n", ""))).retry_after_ms,
      86400000U);
  EXPECT_EQ(failure_of(answer_with(response(429, "Retry-After: -5\r\n", ""))).retry_after_ms, 0U);
  EXPECT_EQ(
      failure_of(answer_with(response(429, "Retry-After: Thu, 01 Jan 1970 00:00:10 GMT\r\n", "")))
          .retry_after_ms,
      0U);
  EXPECT_EQ(failure_of(answer_with(response(429, "Retry-After: soon\r\n", ""))).retry_after_ms, 0U);
}

TEST(FailureText, never_repeats_the_token) {
  wire::Submit submit = make_submit("");
  submit.secret = "sk-very-secret";
  wire::Failed const failure = failure_of(
      answer_with(response(
          401, "", R"({"error":{"message":"Incorrect API key provided: sk-very-secret."}})")),
      submit);
  EXPECT_EQ(failure.message, "the server answers 401: Incorrect API key provided: [token].");
  EXPECT_EQ(failure.detail.find("secret"), std::string::npos) << failure.detail;
}

TEST(FailureText, never_repeats_the_token_in_another_form) {
  wire::Submit submit = make_submit("");
  submit.secret = "studio:s/e+c=rt";
  std::string const body =
      R"({"error":{"message":"no c3R1ZGlvOnMvZStjPXJ0 and no studio%3As%2Fe%2Bc%3Drt"},"sent":"studio:s\/e+c=rt"})";
  wire::Failed const failure = failure_of(answer_with(response(401, "", body)), submit);
  EXPECT_EQ(failure.message, "the server answers 401: no [token] and no [token]");
  EXPECT_EQ(failure.detail,
            R"({"error":{"message":"no [token] and no [token]"},"sent":"[token]"})");
}

TEST(FailureText, never_repeats_a_token_that_is_part_of_what_replaces_it) {
  wire::Submit submit = make_submit("");
  submit.secret = "token";
  wire::Failed const failure = failure_of(
      answer_with(response(401, "", R"({"error":{"message":"no token: token"}})")), submit);
  EXPECT_EQ(failure.message, "the server answers 401: no [token]: [token]");
}

TEST(Answer, never_repeats_the_token_in_what_is_kept_of_it) {
  nlohmann::json answer = nlohmann::json::parse(good_answer());
  answer["model"] = R"(for "sk"-very\secret)";
  answer["data"][0]["revised_prompt"] = R"(a circle, with "sk"-very\secret)";
  answer["usage"] = {{R"("sk"-very\secret)", 1}};
  FakeServer const server(answer_with(json_response(answer.dump())));
  CourierProcess courier;
  wire::Submit submit = make_submit(server.url());
  submit.secret = R"("sk"-very\secret)";
  wire::Succeeded const success = courier.await_success(courier.submit(submit));
  EXPECT_EQ(success.metadata.find("secret"), std::string::npos) << success.metadata;
  auto const metadata = nlohmann::json::parse(success.metadata);
  EXPECT_EQ(metadata.at("model"), "for [token]");
  EXPECT_EQ(metadata.at("outputs").at(0).at("revised_prompt"), "a circle, with [token]");
}

TEST(FailureText, is_fit_for_the_database_whatever_the_server_says) {
  wire::Failed const failure = failure_of(
      answer_with(response(500, "", std::string("a\0b\xFF\xFE \n", 7) + std::string(100000, 'x'))));
  EXPECT_EQ(failure.detail.size(), 4000U);
  EXPECT_TRUE(failure.detail.starts_with("a b\xEF\xBF\xBD\xEF\xBF\xBD \nx"))
      << failure.detail.substr(0, 20);
}

}  // namespace
