#include "wire/messages.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>

namespace {

using namespace std::string_literals;
using wire::decode;
using wire::encode;
using wire::ProtocolError;

wire::Uuid some_id() {
  wire::Uuid id;
  id.bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  return id;
}

wire::Timings some_timings() { return {1, 2, 3, 1700000000000000}; }

void expect_equal(const wire::Timings &left, const wire::Timings &right) {
  EXPECT_EQ(left.started_us, right.started_us);
  EXPECT_EQ(left.sent_us, right.sent_us);
  EXPECT_EQ(left.first_byte_us, right.first_byte_us);
  EXPECT_EQ(left.finished_us, right.finished_us);
}

wire::Submit some_submit() {
  wire::Submit submit;
  submit.attempt = some_id();
  submit.adapter = "openai_images";
  submit.options = R"({"path":"/predict"})";
  submit.url = "unix:/run/r.sock:/v1";
  submit.model = "tiny";
  submit.parameters = R"({"prompt":"a red circle"})";
  submit.secret = "s3cret";
  submit.auth_header = "X-Key";
  submit.connect_timeout_ms = 1;
  submit.first_byte_timeout_ms = 2;
  submit.total_timeout_ms = 3;
  submit.max_output_bytes = 1ULL << 40;
  submit.private_network = true;
  submit.repeatable = true;
  submit.purpose = wire::Purpose::probe;
  submit.subject = some_id();
  return submit;
}

wire::Succeeded some_success() {
  wire::Succeeded success;
  success.attempt = some_id();
  success.timings = some_timings();
  success.metadata = R"({"created":1})";
  success.result = R"([1,"two"])";
  for (std::uint32_t index = 0; index < 2; ++index) {
    wire::Output output;
    output.index = index;
    output.media_type = "image/png";
    output.extension = "png";
    output.width = 64;
    output.height = 32;
    output.duration_ms = 5;
    output.byte_count = 1234567890123;
    output.sha256.fill(static_cast<std::uint8_t>(index + 1));
    output.seed = index == 0 ? -1 : 42;
    output.file.reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
    success.outputs.push_back(std::move(output));
  }
  return success;
}

TEST(Messages, submit_arrives_as_it_was_sent) {
  auto const copy = std::get<wire::Submit>(decode(encode(some_submit())));
  auto const original = some_submit();
  EXPECT_EQ(copy.attempt, original.attempt);
  EXPECT_EQ(copy.adapter, original.adapter);
  EXPECT_EQ(copy.options, original.options);
  EXPECT_EQ(copy.url, original.url);
  EXPECT_EQ(copy.model, original.model);
  EXPECT_EQ(copy.parameters, original.parameters);
  EXPECT_EQ(copy.secret, original.secret);
  EXPECT_EQ(copy.auth_header, original.auth_header);
  EXPECT_EQ(copy.connect_timeout_ms, 1U);
  EXPECT_EQ(copy.first_byte_timeout_ms, 2U);
  EXPECT_EQ(copy.total_timeout_ms, 3U);
  EXPECT_EQ(copy.max_output_bytes, 1ULL << 40);
  EXPECT_TRUE(copy.private_network);
  EXPECT_TRUE(copy.repeatable);
  EXPECT_EQ(copy.purpose, wire::Purpose::probe);
  EXPECT_EQ(copy.subject, some_id());
}

TEST(Messages, what_a_server_says_of_a_request_arrives_as_it_was_sent) {
  wire::LookedUp original;
  original.attempt = some_id();
  original.state = wire::RequestState::failed;
  original.progress = 0.5;
  original.error_class = wire::ErrorClass::expired;
  original.http_status = 410;
  original.message = "gone";
  original.detail = "for good";
  auto const copy = std::get<wire::LookedUp>(decode(encode(original)));
  EXPECT_EQ(copy.attempt, some_id());
  EXPECT_EQ(copy.state, wire::RequestState::failed);
  EXPECT_EQ(copy.progress, 0.5);
  EXPECT_EQ(copy.error_class, wire::ErrorClass::expired);
  EXPECT_EQ(copy.http_status, 410);
  EXPECT_EQ(copy.message, "gone");
  EXPECT_EQ(copy.detail, "for good");
  original.progress = 2;
  EXPECT_THROW(decode(encode(original)), wire::ProtocolError);
}

TEST(Messages, an_unknown_purpose_is_refused) {
  wire::Submit submit = some_submit();
  submit.purpose = static_cast<wire::Purpose>(wire::purpose_count);
  EXPECT_THROW(decode(encode(submit)), wire::ProtocolError);
}

TEST(Messages, small_ones_arrive_as_they_were_sent) {
  EXPECT_EQ(std::get<wire::Cancel>(decode(encode(wire::Cancel{some_id()}))).attempt, some_id());
  EXPECT_TRUE(std::holds_alternative<wire::Shutdown>(decode(encode(wire::Shutdown{}))));
  EXPECT_EQ(std::get<wire::Poke>(decode(encode(wire::Poke{some_id()}))).attempt, some_id());
  EXPECT_EQ(std::get<wire::Delta>(decode(encode(wire::Delta{some_id(), "wörd"}))).text, "wörd");
  auto const hello = std::get<wire::Hello>(decode(encode(wire::Hello{1, "0.1.0"})));
  EXPECT_EQ(hello.protocol_version, 1U);
  EXPECT_EQ(hello.version, "0.1.0");
  EXPECT_EQ(std::get<wire::Sent>(decode(encode(wire::Sent{some_id(), -5}))).at_us, -5);
  EXPECT_EQ(std::get<wire::Submitted>(decode(encode(wire::Submitted{some_id(), "x"}))).external_id,
            "x");
  EXPECT_EQ(std::get<wire::Progress>(decode(encode(wire::Progress{some_id(), 0.25}))).fraction,
            0.25);
  auto const cancelled =
      std::get<wire::Cancelled>(decode(encode(wire::Cancelled{some_id(), some_timings()})));
  expect_equal(cancelled.timings, some_timings());
}

TEST(Messages, success_carries_its_files) {
  wire::Succeeded original = some_success();
  int const second_file = original.outputs[1].file.get();
  auto const copy = std::get<wire::Succeeded>(decode(encode(std::move(original))));
  EXPECT_EQ(copy.attempt, some_id());
  expect_equal(copy.timings, some_timings());
  EXPECT_EQ(copy.metadata, R"({"created":1})");
  EXPECT_EQ(copy.result, R"([1,"two"])");
  ASSERT_EQ(copy.outputs.size(), 2U);
  const wire::Output &output = copy.outputs[1];
  EXPECT_EQ(output.index, 1U);
  EXPECT_EQ(output.media_type, "image/png");
  EXPECT_EQ(output.extension, "png");
  EXPECT_EQ(output.width, 64U);
  EXPECT_EQ(output.height, 32U);
  EXPECT_EQ(output.duration_ms, 5U);
  EXPECT_EQ(output.byte_count, 1234567890123U);
  EXPECT_EQ(output.sha256[31], 2);
  EXPECT_EQ(output.seed, 42);
  EXPECT_EQ(output.file.get(), second_file);
}

TEST(Messages, failure_arrives_as_it_was_sent) {
  wire::Failed original;
  original.attempt = some_id();
  original.error_class = wire::ErrorClass::throttled;
  original.http_status = 429;
  original.retry_after_ms = 1500;
  original.rate = {7, 2500};
  original.request_sent = true;
  original.message = "slow down";
  original.detail = "line one\nline two";
  original.timings = some_timings();
  auto const copy = std::get<wire::Failed>(decode(encode(original)));
  EXPECT_EQ(copy.attempt, some_id());
  EXPECT_EQ(copy.error_class, wire::ErrorClass::throttled);
  EXPECT_EQ(copy.http_status, 429);
  EXPECT_EQ(copy.retry_after_ms, 1500U);
  EXPECT_EQ(copy.rate.remaining, 7U);
  EXPECT_EQ(copy.rate.reset_ms, 2500U);
  EXPECT_TRUE(copy.request_sent);
  EXPECT_EQ(copy.message, "slow down");
  EXPECT_EQ(copy.detail, "line one\nline two");
  expect_equal(copy.timings, some_timings());
}

TEST(Messages, failure_is_cleaned_and_clipped_before_it_is_sent) {
  wire::Failed original;
  original.message = "two\nlines " + std::string(2000, 'm');
  original.detail = "nul \0 and \xFF "s + std::string(9000, 'd');
  auto const copy = std::get<wire::Failed>(decode(encode(original)));
  EXPECT_TRUE(copy.message.starts_with("two lines m"));
  EXPECT_EQ(copy.message.size(), wire::max_failure_message_bytes);
  EXPECT_TRUE(copy.detail.starts_with("nul   and \xEF\xBF\xBD d"));
  EXPECT_EQ(copy.detail.size(), wire::max_failure_detail_bytes);
}

TEST(Decode, refuses_every_shorter_and_longer_form) {
  wire::Frame const whole = encode(some_submit());
  for (std::size_t length = 0; length < whole.payload.size(); ++length) {
    wire::Frame frame;
    frame.type = whole.type;
    frame.payload = whole.payload.substr(0, length);
    EXPECT_THROW(decode(std::move(frame)), ProtocolError) << length;
  }
  wire::Frame frame;
  frame.type = whole.type;
  frame.payload = whole.payload + '\0';
  EXPECT_THROW(decode(std::move(frame)), ProtocolError);
}

TEST(Decode, refuses_what_is_out_of_range) {
  wire::Frame unknown;
  unknown.type = 99;
  EXPECT_THROW(decode(std::move(unknown)), ProtocolError);
  EXPECT_THROW(decode(encode(wire::Progress{some_id(), 1.5})), ProtocolError);
  wire::Frame bad_class = encode(wire::Failed{});
  bad_class.payload[16] = 14;
  EXPECT_THROW(decode(std::move(bad_class)), ProtocolError);
}

TEST(Decode, refuses_text_that_the_database_would_refuse) {
  EXPECT_THROW(decode(encode(wire::Submitted{some_id(), "a\0b"s})), ProtocolError);
  wire::Succeeded success = some_success();
  success.metadata = "\xFF";
  EXPECT_THROW(decode(encode(std::move(success))), ProtocolError);
}

TEST(Decode, refuses_a_wrong_number_of_files) {
  wire::Frame missing = encode(some_success());
  missing.descriptors.pop_back();
  EXPECT_THROW(decode(std::move(missing)), ProtocolError);
  wire::Frame extra = encode(wire::Shutdown{});
  extra.descriptors.emplace_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_THROW(decode(std::move(extra)), ProtocolError);
}

TEST(ErrorClass, has_a_name_for_every_number) {
  EXPECT_STREQ(wire::error_class_name(wire::ErrorClass::unavailable), "unavailable");
  EXPECT_STREQ(wire::error_class_name(wire::ErrorClass::transient_net), "transient_net");
  EXPECT_STREQ(wire::error_class_name(wire::ErrorClass::bad_response), "bad_response");
  EXPECT_STREQ(wire::error_class_name(wire::ErrorClass::internal), "internal");
  EXPECT_EQ(wire::error_class_from_number(13), wire::ErrorClass::internal);
  EXPECT_FALSE(wire::error_class_from_number(wire::error_class_count));
}

}  // namespace
