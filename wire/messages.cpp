#include "wire/messages.hpp"

#include <utility>

#include "wire/text.hpp"

namespace wire {

namespace {

// The numbers are the format: never reuse one.
enum class Type : std::uint8_t {
  submit = 1,
  cancel = 2,
  shutdown = 3,
  poke = 4,
  hello = 16,
  sent = 17,
  submitted = 18,
  progress = 19,
  succeeded = 20,
  failed = 21,
  cancelled = 22,
  looked_up = 23,
  delta = 24,
};

Frame make_frame(Type type, PayloadWriter &writer) {
  Frame frame;
  frame.type = static_cast<std::uint8_t>(type);
  frame.payload = writer.take();
  return frame;
}

void write_timings(PayloadWriter &writer, const Timings &timings) {
  writer.i64(timings.started_us)
      .i64(timings.sent_us)
      .i64(timings.first_byte_us)
      .i64(timings.finished_us);
}

Timings read_timings(PayloadReader &reader) {
  Timings timings;
  timings.started_us = reader.i64();
  timings.sent_us = reader.i64();
  timings.first_byte_us = reader.i64();
  timings.finished_us = reader.i64();
  return timings;
}

void write_rate(PayloadWriter &writer, const RateLimit &rate) {
  writer.u32(rate.remaining).u32(rate.reset_ms);
}

RateLimit read_rate(PayloadReader &reader) {
  RateLimit rate;
  rate.remaining = reader.u32();
  rate.reset_ms = reader.u32();
  return rate;
}

Submit decode_submit(PayloadReader &reader) {
  Submit message;
  message.attempt = reader.uuid();
  message.adapter = reader.string();
  message.options = reader.string();
  message.url = reader.string();
  message.model = reader.string();
  message.parameters = reader.string();
  message.secret = reader.string();
  message.auth_header = reader.string();
  message.connect_timeout_ms = reader.u32();
  message.first_byte_timeout_ms = reader.u32();
  message.total_timeout_ms = reader.u32();
  message.max_output_bytes = reader.u64();
  message.private_network = reader.boolean();
  message.repeatable = reader.boolean();
  std::uint8_t const purpose = reader.u8();
  if (purpose >= purpose_count) throw ProtocolError("unknown purpose of a request");
  message.purpose = static_cast<Purpose>(purpose);
  message.subject = reader.uuid();
  message.external_id = reader.string();
  message.webhook_url = reader.string();
  return message;
}

Hello decode_hello(PayloadReader &reader) {
  Hello message;
  message.protocol_version = reader.u32();
  message.version = reader.text();
  return message;
}

Sent decode_sent(PayloadReader &reader) {
  Sent message;
  message.attempt = reader.uuid();
  message.at_us = reader.i64();
  return message;
}

Submitted decode_submitted(PayloadReader &reader) {
  Submitted message;
  message.attempt = reader.uuid();
  message.external_id = reader.text();
  return message;
}

Progress decode_progress(PayloadReader &reader) {
  Progress message;
  message.attempt = reader.uuid();
  message.fraction = reader.f64();
  if (!(message.fraction >= 0 && message.fraction <= 1))
    throw ProtocolError("a progress is not between 0 and 1");
  return message;
}

Delta decode_delta(PayloadReader &reader) {
  Delta message;
  message.attempt = reader.uuid();
  message.text = reader.text();
  return message;
}

Output decode_output(PayloadReader &reader) {
  Output output;
  output.index = reader.u32();
  output.media_type = reader.text();
  output.extension = reader.text();
  output.width = reader.u32();
  output.height = reader.u32();
  output.duration_ms = reader.u32();
  output.byte_count = reader.u64();
  reader.raw(output.sha256.data(), output.sha256.size());
  output.seed = reader.i64();
  return output;
}

Succeeded decode_succeeded(PayloadReader &reader, std::vector<FileDescriptor> &&files) {
  Succeeded message;
  message.attempt = reader.uuid();
  message.timings = read_timings(reader);
  message.metadata = reader.text();
  message.result = reader.text();
  std::uint32_t const count = reader.u32();
  if (count != files.size())
    throw ProtocolError("a result has " + std::to_string(count) + " outputs and " +
                        std::to_string(files.size()) + " descriptors");
  for (FileDescriptor &file : files) {
    message.outputs.push_back(decode_output(reader));
    message.outputs.back().file = std::move(file);
  }
  message.rate = read_rate(reader);
  return message;
}

Failed decode_failed(PayloadReader &reader) {
  Failed message;
  message.attempt = reader.uuid();
  auto const error_class = error_class_from_number(reader.u8());
  if (!error_class) throw ProtocolError("unknown error class");
  message.error_class = *error_class;
  message.http_status = reader.u16();
  message.retry_after_ms = reader.u32();
  message.request_sent = reader.boolean();
  message.message = reader.text();
  message.detail = reader.text();
  message.timings = read_timings(reader);
  message.rate = read_rate(reader);
  return message;
}

Cancelled decode_cancelled(PayloadReader &reader) {
  Cancelled message;
  message.attempt = reader.uuid();
  message.timings = read_timings(reader);
  return message;
}

LookedUp decode_looked_up(PayloadReader &reader) {
  LookedUp message;
  message.attempt = reader.uuid();
  std::uint8_t const state = reader.u8();
  if (state >= request_state_count) throw ProtocolError("unknown state of a request");
  message.state = static_cast<RequestState>(state);
  message.progress = reader.f64();
  if (!(message.progress >= -1 && message.progress <= 1))
    throw ProtocolError("a progress is not between 0 and 1");
  auto const error_class = error_class_from_number(reader.u8());
  if (!error_class) throw ProtocolError("unknown error class");
  message.error_class = *error_class;
  message.http_status = reader.u16();
  message.message = reader.text();
  message.detail = reader.text();
  return message;
}

Message decode_payload(Type type, PayloadReader &reader, std::vector<FileDescriptor> &&files) {
  if (type != Type::succeeded && !files.empty())
    throw ProtocolError("descriptors came with a message that has none");
  switch (type) {
    case Type::submit:
      return decode_submit(reader);
    case Type::cancel:
      return Cancel{reader.uuid()};
    case Type::poke:
      return Poke{reader.uuid()};
    case Type::shutdown:
      return Shutdown{};
    case Type::hello:
      return decode_hello(reader);
    case Type::sent:
      return decode_sent(reader);
    case Type::submitted:
      return decode_submitted(reader);
    case Type::progress:
      return decode_progress(reader);
    case Type::delta:
      return decode_delta(reader);
    case Type::succeeded:
      return decode_succeeded(reader, std::move(files));
    case Type::failed:
      return decode_failed(reader);
    case Type::cancelled:
      return decode_cancelled(reader);
    case Type::looked_up:
      return decode_looked_up(reader);
  }
  throw ProtocolError("unknown message type " + std::to_string(static_cast<unsigned>(type)));
}

}  // namespace

Frame encode(const Submit &message) {
  PayloadWriter writer;
  writer.uuid(message.attempt)
      .string(message.adapter)
      .string(message.options)
      .string(message.url)
      .string(message.model)
      .string(message.parameters)
      .string(message.secret)
      .string(message.auth_header)
      .u32(message.connect_timeout_ms)
      .u32(message.first_byte_timeout_ms)
      .u32(message.total_timeout_ms)
      .u64(message.max_output_bytes)
      .boolean(message.private_network)
      .boolean(message.repeatable)
      .u8(static_cast<std::uint8_t>(message.purpose))
      .uuid(message.subject)
      .string(message.external_id)
      .string(message.webhook_url);
  return make_frame(Type::submit, writer);
}

Frame encode(const Cancel &message) {
  PayloadWriter writer;
  writer.uuid(message.attempt);
  return make_frame(Type::cancel, writer);
}

Frame encode(const Poke &message) {
  PayloadWriter writer;
  writer.uuid(message.attempt);
  return make_frame(Type::poke, writer);
}

Frame encode(const Shutdown &) {
  PayloadWriter writer;
  return make_frame(Type::shutdown, writer);
}

Frame encode(const Hello &message) {
  PayloadWriter writer;
  writer.u32(message.protocol_version).string(message.version);
  return make_frame(Type::hello, writer);
}

Frame encode(const Sent &message) {
  PayloadWriter writer;
  writer.uuid(message.attempt).i64(message.at_us);
  return make_frame(Type::sent, writer);
}

Frame encode(const Submitted &message) {
  PayloadWriter writer;
  writer.uuid(message.attempt).string(message.external_id);
  return make_frame(Type::submitted, writer);
}

Frame encode(const Progress &message) {
  PayloadWriter writer;
  writer.uuid(message.attempt).f64(message.fraction);
  return make_frame(Type::progress, writer);
}

Frame encode(const Delta &message) {
  PayloadWriter writer;
  writer.uuid(message.attempt).string(message.text);
  return make_frame(Type::delta, writer);
}

Frame encode(Succeeded &&message) {
  PayloadWriter writer;
  writer.uuid(message.attempt);
  write_timings(writer, message.timings);
  writer.string(message.metadata)
      .string(message.result)
      .u32(static_cast<std::uint32_t>(message.outputs.size()));
  std::vector<FileDescriptor> files;
  for (Output &output : message.outputs) {
    writer.u32(output.index)
        .string(output.media_type)
        .string(output.extension)
        .u32(output.width)
        .u32(output.height)
        .u32(output.duration_ms)
        .u64(output.byte_count)
        .raw(output.sha256.data(), output.sha256.size())
        .i64(output.seed);
    files.push_back(std::move(output.file));
  }
  write_rate(writer, message.rate);
  Frame frame = make_frame(Type::succeeded, writer);
  frame.descriptors = std::move(files);
  return frame;
}

Frame encode(const Failed &message) {
  PayloadWriter writer;
  writer.uuid(message.attempt)
      .u8(static_cast<std::uint8_t>(message.error_class))
      .u16(message.http_status)
      .u32(message.retry_after_ms)
      .boolean(message.request_sent)
      .string(clean_text(message.message, max_failure_message_bytes, Lines::one))
      .string(clean_text(message.detail, max_failure_detail_bytes, Lines::many));
  write_timings(writer, message.timings);
  write_rate(writer, message.rate);
  return make_frame(Type::failed, writer);
}

Frame encode(const Cancelled &message) {
  PayloadWriter writer;
  writer.uuid(message.attempt);
  write_timings(writer, message.timings);
  return make_frame(Type::cancelled, writer);
}

Frame encode(const LookedUp &message) {
  PayloadWriter writer;
  writer.uuid(message.attempt)
      .u8(static_cast<std::uint8_t>(message.state))
      .f64(message.progress)
      .u8(static_cast<std::uint8_t>(message.error_class))
      .u16(message.http_status)
      .string(clean_text(message.message, max_failure_message_bytes, Lines::one))
      .string(clean_text(message.detail, max_failure_detail_bytes, Lines::many));
  return make_frame(Type::looked_up, writer);
}

Message decode(Frame &&frame) {
  PayloadReader reader(frame.payload);
  Message message =
      decode_payload(static_cast<Type>(frame.type), reader, std::move(frame.descriptors));
  reader.finish();
  return message;
}

}  // namespace wire
