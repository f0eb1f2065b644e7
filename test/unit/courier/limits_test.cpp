// limits_test.cpp -- servers that send without end: cut at the cap, with memory flat.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "courier_process.hpp"
#include "fake_server.hpp"
#include "sample_media.hpp"

namespace {

using test::Connection;
using test::CourierProcess;
using test::FakeServer;
using test::json_response;
using test::make_submit;
using wire::ErrorClass;

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr std::size_t cap = 8 * mib;

#if !defined(__has_feature)  // clang says it so, and gcc by a macro
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
constexpr bool memory_is_measurable = false;  // the sanitizer keeps freed memory
#else
constexpr bool memory_is_measurable = true;
#endif

void expect_little_growth(std::size_t grown_kib) {
  if (memory_is_measurable) {
    EXPECT_LT(grown_kib, 3 * 1024U);
  }
}

struct Observed {
  wire::Failed failure;
  std::uint64_t server_sent = 0;
  std::size_t grown_kib = 0;
};

// The server sends the beginning and then the same block for ever.
Observed run_endless(const std::string &beginning, const std::string &block) {
  Observed observed;
  {
    FakeServer server([&](Connection &connection) {
      connection.read_request();
      bool open = connection.send(beginning);
      while (open)
        open = connection.send(block);
      observed.server_sent = connection.sent_bytes();
    });
    CourierProcess courier;
    courier.await_hello();
    std::size_t const before = courier.resident_kib();
    wire::Submit submit = make_submit(server.url());
    submit.max_output_bytes = cap;
    observed.failure = courier.await_failure(courier.submit(submit));
    observed.grown_kib = courier.resident_kib() - before;
  }
  expect_little_growth(observed.grown_kib);
  return observed;
}

const std::string ok_head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";

// What may be under way in socket buffers when the courier hangs up.
constexpr std::uint64_t slack = 8 * mib;

TEST(EndlessAnswer, that_announces_5_gb_is_not_even_read) {
  Observed const observed = run_endless(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5368709120\r\n\r\n",
      std::string(mib, ' '));
  EXPECT_EQ(observed.failure.error_class, ErrorClass::too_large);
  EXPECT_EQ(observed.failure.message,
            "the answer has 5368709120 bytes, more than a result of 8388608 bytes can need");
  EXPECT_LT(observed.server_sent, slack);
}

TEST(EndlessAnswer, with_a_picture_is_cut_when_the_picture_is_too_large) {
  std::string const start = test::to_base64(test::make_png_of_size(3 * mib).substr(0, 3000));
  Observed const observed =
      run_endless(ok_head + R"({"data":[{"b64_json":")" + start, std::string(mib, 'A'));
  EXPECT_EQ(observed.failure.error_class, ErrorClass::too_large);
  EXPECT_EQ(observed.failure.message, "the result is larger than the limit of 8388608 bytes");
  EXPECT_LT(observed.server_sent, cap / 3 * 4 + slack);
}

TEST(EndlessAnswer, without_a_picture_is_cut_as_soon_as_it_cannot_be_one) {
  for (const std::string &beginning :
       {R"({"data":[{"b64_json":")" + test::to_base64("not a picture"), std::string(R"({"note":")"),
        std::string("[0")}) {
    std::string const block = beginning == "[0" ? std::string(mib / 2, ',') : std::string(mib, 'A');
    Observed const observed = run_endless(ok_head + beginning, block);
    EXPECT_EQ(observed.failure.error_class, ErrorClass::bad_response);
    EXPECT_LT(observed.server_sent, slack);
  }
}

TEST(EndlessAnswer, of_small_values_is_cut) {
  std::string values;
  while (values.size() < mib)
    values += "0,";
  Observed const observed = run_endless(ok_head + "[", values);
  EXPECT_EQ(observed.failure.error_class, ErrorClass::bad_response);
  EXPECT_LT(observed.server_sent, slack);
}

TEST(EndlessAnswer, of_blanks_is_cut_at_the_cap) {
  Observed const observed = run_endless(ok_head, std::string(mib, ' '));
  EXPECT_EQ(observed.failure.error_class, ErrorClass::too_large);
  EXPECT_LT(observed.server_sent, cap / 3 * 4 + mib + slack);
}

TEST(EndlessAnswer, with_an_error_status_is_cut_after_the_explanation) {
  Observed const observed = run_endless("HTTP/1.1 500 Oops\r\n\r\n", std::string(mib, 'e'));
  EXPECT_EQ(observed.failure.error_class, ErrorClass::overload);
  EXPECT_EQ(observed.failure.http_status, 500);
  EXPECT_EQ(observed.failure.detail, std::string(4000, 'e'));
  EXPECT_LT(observed.server_sent, slack);
}

TEST(EndlessAnswer, with_the_wrong_content_type_is_cut_after_an_excerpt) {
  Observed const observed =
      run_endless("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", std::string(mib, 'e'));
  EXPECT_EQ(observed.failure.error_class, ErrorClass::bad_response);
  EXPECT_LT(observed.server_sent, slack);
}

TEST(EndlessAnswer, of_headers_is_cut) {
  std::string headers;
  while (headers.size() < mib)
    headers += "X-Noise: " + std::string(100, 'n') + "\r\n";
  Observed const observed = run_endless("HTTP/1.1 200 OK\r\n", headers);
  EXPECT_EQ(observed.failure.error_class, ErrorClass::bad_response);
  EXPECT_EQ(observed.failure.message, "the headers of the answer are too large");
  EXPECT_LT(observed.server_sent, slack);
}

TEST(EndlessAnswer, of_one_header_is_cut) {
  Observed const observed = run_endless("HTTP/1.1 200 OK\r\nX-Noise: ", std::string(mib, 'n'));
  EXPECT_EQ(observed.failure.error_class, ErrorClass::bad_response);
  EXPECT_EQ(observed.failure.message, "the headers of the answer are too large");
  EXPECT_LT(observed.server_sent, slack);
}

TEST(EndlessAnswer, of_interim_responses_is_cut) {
  std::string interim;
  while (interim.size() < mib)
    interim += "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
  Observed const observed = run_endless(interim, interim);
  EXPECT_EQ(observed.failure.error_class, ErrorClass::bad_response);
  EXPECT_EQ(observed.failure.message, "the headers of the answer are too large");
}

TEST(EndlessAnswer, in_chunks_is_cut_too) {
  std::string const chunk = "100000\r\n" + std::string(mib, ' ') + "\r\n";
  Observed const observed =
      run_endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk);
  EXPECT_EQ(observed.failure.error_class, ErrorClass::too_large);
  EXPECT_LT(observed.server_sent, cap / 3 * 4 + mib + slack);
}

TEST(LargePicture, passes_through_without_being_held) {
  std::string const png = test::make_png_of_size(48 * mib);
  std::string const bytes = json_response(test::make_answer({png}));
  FakeServer const server(test::answer_with(bytes));
  CourierProcess courier;
  courier.await_hello();
  std::size_t const before = courier.resident_kib();
  wire::Succeeded const success = courier.await_success(courier.submit(make_submit(server.url())));
  ASSERT_EQ(success.outputs.size(), 1U);
  EXPECT_EQ(success.outputs[0].byte_count, png.size());
  EXPECT_TRUE(test::read_all(success.outputs[0].file) == png);
  expect_little_growth(courier.resident_kib() - before);
}

TEST(FullDisk, fails_the_attempt_and_not_the_courier) {
  FakeServer const large(
      test::answer_with(json_response(test::make_answer({test::make_png_of_size(4 * mib)}))));
  FakeServer const small(
      test::answer_with(json_response(test::make_answer({test::make_png(6, 4)}))));
  CourierProcess courier("ulimit -f 1000");  // 512-byte blocks: a file may have 500 KB
  wire::Failed const failure = courier.await_failure(courier.submit(make_submit(large.url())));
  EXPECT_EQ(failure.error_class, ErrorClass::internal);
  EXPECT_EQ(failure.message, "cannot write to a spool file: File too large");
  courier.await_success(courier.submit(make_submit(small.url())));
}

}  // namespace
