#include <gtest/gtest.h>

#include "runner/http/message.hpp"

namespace runner::test {
namespace {

int status_of(const std::string &head) {
  try {
    parse_request_head(head);
  } catch (const HttpError &error) {
    return error.status();
  }
  return 200;
}

TEST(HttpMessage, GivesMethodPathHeadersAndLength) {
  const auto request = parse_request_head(
      "POST /v1/images/generations?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n"
      "AUTHORIZATION:\tBearer  t \r\nExpect: 100-Continue\r\nX-A: 1\r\nX-A: 2\r\n\r\n");
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/v1/images/generations");
  EXPECT_EQ(request.content_length, 12U);
  EXPECT_EQ(request.header("authorization"), "Bearer  t");
  EXPECT_EQ(request.header("x-a"), "1, 2");
  EXPECT_FALSE(request.header("X-A"));
  EXPECT_TRUE(request.expects_continue);
  EXPECT_TRUE(request.keep_alive);
}

TEST(HttpMessage, TheConnectionStaysOpenAsTheVersionSays) {
  EXPECT_FALSE(parse_request_head("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(parse_request_head("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
  EXPECT_FALSE(parse_request_head("GET / HTTP/1.1\r\nConnection: close\r\n\r\n").keep_alive);
}

TEST(HttpMessage, RefusesWhatCouldBeReadInTwoWays) {
  const std::string line = "GET / HTTP/1.1\r\n";
  EXPECT_EQ(status_of(line + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + "Content-Length: 1, 1\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + "Content-Length: +1\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + "Content-Length: -1\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + "Content-Length: 0x10\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + "Content-Length: 99999999999999999999\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + "Content-Length:\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + "Transfer-Encoding: chunked\r\n\r\n"), 501);
  EXPECT_EQ(status_of(line + "Host : h\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + " folded\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + "A: b\r\n folded\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + "no colon\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + ": empty\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + "A: b\nC: d\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + std::string("A: b\0c\r\n\r\n", 10)), 400);
}

TEST(HttpMessage, RefusesMalformedRequestLines) {
  for (const auto *line :
       {"", "GET", "GET /", "GET  HTTP/1.1", "GET / / HTTP/1.1", "G(T / HTTP/1.1",
        "GET http://h/ HTTP/1.1", "GET * HTTP/1.1", " / HTTP/1.1"}) {
    EXPECT_EQ(status_of(std::string(line) + "\r\n\r\n"), 400) << line;
  }
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: cut"), 400);
}

TEST(HttpMessage, FormatsAResponse) {
  HttpResponse response;
  response.status = 429;
  response.body = "{}";
  response.headers.emplace_back("Retry-After", "3");
  EXPECT_EQ(format_response_head(response, false),
            "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\n"
            "Content-Length: 2\r\nConnection: close\r\nRetry-After: 3\r\n\r\n");
}

}  // namespace
}  // namespace runner::test
