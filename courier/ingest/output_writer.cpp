#include "courier/ingest/output_writer.hpp"

#include <utility>

#include "courier/attempt_error.hpp"

namespace courier::ingest {

namespace {

// Text comes in pieces of any size; the file is written in pieces of about this one.
constexpr std::size_t write_bytes = std::size_t{32} << 10;

}  // namespace

void ByteBudget::spend(std::uint64_t bytes) {
  if (bytes > left_)
    throw AttemptError(wire::ErrorClass::too_large, "the result is larger than the limit of " +
                                                        std::to_string(limit_) + " bytes");
  left_ -= bytes;
}

OutputWriter::OutputWriter(const std::string &spool_folder, ByteBudget &budget, std::string name)
    : budget_(budget), name_(std::move(name)), file_(spool_folder) {}

void OutputWriter::reject(const std::string &why) const {
  throw AttemptError(wire::ErrorClass::bad_response, name_ + " is " + why);
}

void OutputWriter::write_base64(std::string_view text) {
  try {
    base64_.decode(text, decoded_);
  } catch (const Base64Error &error) {
    reject(std::string("not valid base64: ") + error.what());
  }
  if (decoded_.size() >= write_bytes) flush();
}

void OutputWriter::write(std::string_view bytes) {
  decoded_ += bytes;
  if (decoded_.size() >= write_bytes) flush();
}

void OutputWriter::flush() {
  budget_.spend(decoded_.size());
  if (first_bytes_.size() < media_magic_bytes) check_magic(decoded_);
  sha256_.update(decoded_);
  file_.write(decoded_);
  byte_count_ += decoded_.size();
  decoded_.clear();
}

// Refuses at the first piece what would be refused after the last.
void OutputWriter::check_magic(std::string_view bytes) {
  first_bytes_.append(bytes.substr(0, media_magic_bytes - first_bytes_.size()));
  if (first_bytes_.size() == media_magic_bytes && media_format(first_bytes_).empty())
    reject("not a known kind of picture or video");
}

wire::Output OutputWriter::finish() {
  wire::Output output;
  try {
    base64_.finish();
    flush();
    FileReader reader(file_.descriptor(), byte_count_);
    MediaInfo const info = inspect_media(reader);
    output.media_type = info.media_type;
    output.extension = info.extension;
    output.width = info.width;
    output.height = info.height;
    output.duration_ms = info.duration_ms;
  } catch (const Base64Error &error) {
    reject(std::string("not valid base64: ") + error.what());
  } catch (const MediaError &error) {
    reject(error.what());
  }
  output.byte_count = byte_count_;
  output.sha256 = sha256_.finish();
  output.file = file_.take();
  return output;
}

}  // namespace courier::ingest
