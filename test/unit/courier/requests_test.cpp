// requests_test.cpp -- what is sent and where: the body, the URL, the credential, the address.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "courier/adapters/openai_request.hpp"
#include "courier/address_guard.hpp"
#include "courier/attempt_error.hpp"
#include "courier/auth_header.hpp"
#include "courier/endpoint_url.hpp"
#include "courier/http_status.hpp"

namespace {

using courier::AttemptError;
using nlohmann::json;
using wire::ErrorClass;

template <typename Action>
std::string refusal(Action &&action, ErrorClass expected) {
  try {
    action();
    return "accepted";
  } catch (const AttemptError &error) {
    EXPECT_EQ(error.error_class(), expected);
    return error.message();
  }
}

std::string request_refusal(const std::string &parameters) {
  return refusal([&] { courier::make_openai_request("m", parameters); }, ErrorClass::invalid_input);
}

TEST(OpenaiRequest, speaks_the_words_of_the_server) {
  auto const request = courier::make_openai_request(
      "tiny-sdxl",
      R"({"prompt":"a red circle","negative_prompt":"blur","width":64,"height":32,"steps":25,)"
      R"("guidance":4.5,"seed":9007199254740993,"n":3})");
  EXPECT_EQ(request.picture_count, 3U);
  EXPECT_EQ(
      json::parse(request.body),
      json::parse(
          R"({"model":"tiny-sdxl","prompt":"a red circle","negative_prompt":"blur","size":"64x32",)"
          R"("steps":25,"guidance":4.5,"seed":9007199254740993,"n":3,"response_format":"b64_json"})"));
}

TEST(OpenaiRequest, leaves_out_what_is_null_or_not_given) {
  auto const request = courier::make_openai_request("", R"({"prompt":"p","seed":null})");
  EXPECT_EQ(json::parse(request.body),
            json::parse(R"({"prompt":"p","n":1,"response_format":"b64_json"})"));
}

TEST(OpenaiRequest, does_not_ask_for_a_format_where_that_is_an_error) {
  auto const request = courier::make_openai_request("gpt-image-1", R"({"prompt":"p"})");
  EXPECT_FALSE(json::parse(request.body).contains("response_format"));
}

TEST(OpenaiRequest, refuses_what_it_cannot_say) {
  EXPECT_EQ(request_refusal("nonsense"), "the parameters are not a JSON object");
  EXPECT_EQ(request_refusal("[]"), "the parameters are not a JSON object");
  EXPECT_EQ(request_refusal("{\"prompt\":\"\xFF\"}"), "the parameters are not a JSON object");
  EXPECT_EQ(request_refusal("{}"), "parameter prompt is not a text");
  EXPECT_EQ(request_refusal(R"({"prompt":5})"), "parameter prompt is not a text");
  EXPECT_EQ(request_refusal(R"({"prompt":"p","n":0})"),
            "parameter n is not an integer from 1 to 64");
  EXPECT_EQ(request_refusal(R"({"prompt":"p","n":65})"),
            "parameter n is not an integer from 1 to 64");
  EXPECT_EQ(request_refusal(R"({"prompt":"p","n":1.5})"),
            "parameter n is not an integer from 1 to 64");
  EXPECT_EQ(request_refusal(R"({"prompt":"p","width":64})"),
            "width and height must be given together");
  EXPECT_EQ(request_refusal(R"({"prompt":"p","width":-64,"height":64})"),
            "parameter width is not an integer from 1 to 1048576");
  EXPECT_EQ(request_refusal(R"({"prompt":"p","stream":true})"),
            "the adapter openai_images has no parameter \"stream\"");
  EXPECT_EQ(request_refusal(R"({"prompt":"p","quality":[[]]})"),
            "parameter quality is neither a text nor a number");
}

courier::EndpointUrl endpoint_url(const std::string &endpoint, const std::string &path,
                                  const std::string &query = "") {
  courier::HttpRequest request;
  request.path = path;
  request.query = query;
  return courier::parse_endpoint_url(endpoint, request);
}

TEST(EndpointUrl, appends_the_path_to_the_base) {
  EXPECT_EQ(endpoint_url("http://h:81/v1", "/x/y").url, "http://h:81/v1/x/y");
  EXPECT_EQ(endpoint_url("https://h/v1/", "/x").url, "https://h/v1/x");
  EXPECT_EQ(endpoint_url("http://h", "/x").url, "http://h/x");
  EXPECT_EQ(endpoint_url("https://h/d?api-version=1", "/x").url, "https://h/d/x?api-version=1");
  EXPECT_EQ(endpoint_url("https://h/d?api-version=1", "/x", "alt=sse").url,
            "https://h/d/x?api-version=1&alt=sse");
}

TEST(EndpointUrl, takes_no_odd_url_from_a_server) {
  EXPECT_EQ(courier::parse_named_url("https://CDN.h/a.png?s=1").host, "cdn.h");
  for (const char *const url : {"file:///etc/passwd", "ftp://h/", "http://u:p@h/", "/a.png", ""}) {
    auto const why = refusal([&] { courier::parse_named_url(url); }, ErrorClass::bad_response);
    EXPECT_TRUE(why.starts_with("a URL that the server named ")) << url << ": " << why;
  }
  EXPECT_EQ(courier::resolve_location("https://h/a/b?c", "../d.png"), "https://h/d.png");
  EXPECT_EQ(courier::resolve_location("https://h/a/b", "//cdn/d"), "https://cdn/d");
}

TEST(EndpointUrl, gives_the_credential_to_nobody_else) {
  auto const may = [](const std::string &url, const std::vector<std::string> &trusted = {}) {
    return courier::may_have_credential("https://api.h.com/v1", trusted,
                                        courier::parse_named_url(url));
  };
  EXPECT_TRUE(may("https://api.h.com/files/1"));
  EXPECT_TRUE(may("https://eu.api.h.com/files/1"));
  EXPECT_FALSE(may("http://api.h.com/files/1"));
  EXPECT_FALSE(may("https://h.com/files/1"));
  EXPECT_FALSE(may("https://evilapi.h.com.example/1"));
  EXPECT_FALSE(may("https://xapi.h.com/1"));
  EXPECT_TRUE(may("https://x.h.delivery/1", {"h.delivery"}));
  EXPECT_FALSE(may("https://xh.delivery/1", {"h.delivery"}));
  auto const own = courier::parse_named_url("http://10.0.0.1:8188/view");
  EXPECT_TRUE(courier::may_have_credential("http://10.0.0.1:8188", {}, own));
  EXPECT_FALSE(courier::may_have_credential("http://10.0.0.1:8000", {}, own));
}

TEST(EndpointUrl, shows_only_host_and_port) {
  EXPECT_EQ(endpoint_url("https://h/v1?key=secret", "/x").display, "h:443");
  EXPECT_EQ(endpoint_url("http://[::1]:8080/", "/x").display, "[::1]:8080");
}

TEST(EndpointUrl, knows_unix_sockets_with_and_without_a_base) {
  auto const with_base = endpoint_url("unix:/run/r.sock:/v1", "/x");
  EXPECT_EQ(with_base.unix_socket, "/run/r.sock");
  EXPECT_EQ(with_base.url, "http://localhost/v1/x");
  EXPECT_EQ(with_base.display, "unix:/run/r.sock");
  auto const without_base = endpoint_url("unix:/run/r.sock", "/x");
  EXPECT_EQ(without_base.unix_socket, "/run/r.sock");
  EXPECT_EQ(without_base.url, "http://localhost/x");
  EXPECT_EQ(endpoint_url("unix:pg_atelier/r.sock:/v1", "/x").unix_socket, "pg_atelier/r.sock");
}

TEST(EndpointUrl, refuses_what_is_not_an_endpoint) {
  for (const std::string &url :
       {std::string("ftp://h/"), std::string("file:///etc/passwd"), std::string("gopher://h"),
        std::string("h/v1"), std::string("http://user:pass@h/"), std::string("http://h/#f"),
        std::string("http://"), std::string("http://h:99999/"), std::string("unix:"),
        "unix:/" + std::string(200, 'x'), std::string("runner:0"), std::string("http://h/\r\nX: y"),
        std::string("http://h\0.evil/", 14), std::string("")}) {
    auto const why = refusal([&] { endpoint_url(url, "/x"); }, ErrorClass::invalid_input);
    EXPECT_TRUE(why.starts_with("the endpoint's URL ")) << url << ": " << why;
    EXPECT_EQ(why.find("pass@"), std::string::npos);
  }
}

TEST(AuthHeader, presents_the_token_as_the_provider_wants_it) {
  EXPECT_EQ(courier::make_auth_header("", "k"), "Authorization: Bearer k");
  EXPECT_EQ(courier::make_auth_header("Authorization", "k"), "Authorization: Bearer k");
  EXPECT_EQ(courier::make_auth_header("authorization", "k"), "authorization: Bearer k");
  EXPECT_EQ(courier::make_auth_header("Authorization: Key", "k"), "Authorization: Key k");
  EXPECT_EQ(courier::make_auth_header("x-api-key", "k"), "x-api-key: k");
  EXPECT_EQ(courier::make_auth_header("Authorization: Basic", "Aladdin:open-sesame"),
            "Authorization: Basic QWxhZGRpbjpvcGVuLXNlc2FtZQ==");
  EXPECT_EQ(courier::make_auth_header("Authorization: Basic", "QWxh"), "Authorization: Basic QWxh");
}

TEST(AuthHeader, cannot_be_used_to_write_other_headers) {
  struct Attempt {
    const char *header;
    const char *secret;
  };
  for (const Attempt &attempt :
       {Attempt{"X", "a\r\nHost: b"}, Attempt{"X\r\nY", "a"}, Attempt{"X: \ra", "b"},
        Attempt{"X Y", "a"}, Attempt{"X", "a b"}, Attempt{"X", "\xFF"}}) {
    auto const why = refusal([&] { courier::make_auth_header(attempt.header, attempt.secret); },
                             ErrorClass::auth);
    EXPECT_TRUE(why.starts_with("the ")) << why;
  }
}

TEST(HttpStatus, decides_about_the_next_try) {
  using courier::class_of_status;
  EXPECT_EQ(class_of_status(401, false), ErrorClass::auth);
  EXPECT_EQ(class_of_status(403, false), ErrorClass::auth);
  EXPECT_EQ(class_of_status(402, false), ErrorClass::payment);
  EXPECT_EQ(class_of_status(408, false), ErrorClass::overload);
  EXPECT_EQ(class_of_status(429, false), ErrorClass::throttled);
  EXPECT_EQ(class_of_status(503, true), ErrorClass::throttled);
  for (long const status : {500, 502, 503, 504, 520})
    EXPECT_EQ(class_of_status(status, false), ErrorClass::overload) << status;
  for (long const status : {400, 404, 405, 409, 413, 415, 422})
    EXPECT_EQ(class_of_status(status, false), ErrorClass::invalid_input) << status;
  EXPECT_EQ(class_of_status(302, false), ErrorClass::bad_response);
}

bool is_public(const std::string &text) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1)
    return courier::is_public_address(reinterpret_cast<const sockaddr *>(&v4), sizeof v4);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) != 1) throw std::invalid_argument(text);
  return courier::is_public_address(reinterpret_cast<const sockaddr *>(&v6), sizeof v6);
}

TEST(AddressGuard, lets_the_public_internet_through) {
  for (const char *address :
       {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
        "172.15.255.255", "172.32.0.0", "192.167.255.255", "223.255.255.255", "2606:4700::1111",
        "2a00:1450:4001:80b::200e", "64:ff9b::808:808", "2002:808:808::1"})
    EXPECT_TRUE(is_public(address)) << address;
}

TEST(AddressGuard, stops_inner_addresses_in_every_form) {
  for (const char *address : {"0.0.0.0",
                              "0.1.2.3",
                              "10.0.0.1",
                              "10.255.255.255",
                              "100.64.0.1",
                              "100.127.255.255",
                              "127.0.0.1",
                              "127.255.0.1",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.0.0.1",
                              "192.0.2.1",
                              "192.168.0.1",
                              "192.168.255.255",
                              "198.18.0.1",
                              "198.19.255.255",
                              "198.51.100.1",
                              "203.0.113.1",
                              "224.0.0.1",
                              "239.1.1.1",
                              "240.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "::ffff:8.8.8.8",
                              "::ffff:127.0.0.1",
                              "::127.0.0.1",
                              "64:ff9b::7f00:1",
                              "64:ff9b::a9fe:a9fe",
                              "64:ff9b:1::808:808",
                              "100::1",
                              "2001::1",
                              "2001:db8::1",
                              "2002:7f00:1::1",
                              "2002:c0a8:1::",
                              "3fff::1",
                              "fc00::1",
                              "fd00:ec2::254",
                              "fe80::1",
                              "fec0::1",
                              "ff02::1"})
    EXPECT_FALSE(is_public(address)) << address;
}

TEST(AddressGuard, stops_unix_sockets_and_unknown_families) {
  sockaddr_un socket{};
  socket.sun_family = AF_UNIX;
  EXPECT_FALSE(
      courier::is_public_address(reinterpret_cast<const sockaddr *>(&socket), sizeof socket));
}

}  // namespace
