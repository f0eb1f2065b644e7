#include "courier/adapters/input_pictures.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "courier/adapters/output_fetch.hpp"
#include "courier/ingest/base64.hpp"
#include "courier/ingest/media/media.hpp"

namespace courier {

namespace {

using wire::ErrorClass;

constexpr std::size_t max_url_bytes = 8192;
constexpr std::string_view data_scheme = "data:";

[[noreturn]] void refuse(const std::string &parameter, const std::string &why) {
  throw AttemptError(ErrorClass::invalid_input, "parameter " + parameter + " " + why);
}

[[noreturn]] void refuse_size() {
  throw AttemptError(ErrorClass::invalid_input,
                     "the pictures that the request starts from have more than " +
                         std::to_string(InputPictures::max_bytes) + " bytes");
}

std::string decode_data_url(const std::string &parameter, std::string_view text) {
  std::size_t const comma = text.find(',');
  if (comma == std::string_view::npos || !text.substr(0, comma).ends_with(";base64"))
    refuse(parameter, "is a data: URL without base64");
  std::string bytes;
  try {
    ingest::Base64Decoder decoder;
    decoder.decode(text.substr(comma + 1), bytes);
    decoder.finish();
  } catch (const ingest::Base64Error &error) {
    refuse(parameter, std::string("is not valid base64: ") + error.what());
  }
  return bytes;
}

}  // namespace

void InputPictures::add(const std::string &parameter, const nlohmann::json &value, bool keep_urls) {
  if (value.is_string()) return add_one(parameter, value.get_ref<const std::string &>(), keep_urls);
  if (!value.is_array()) refuse(parameter, "is neither a picture nor a list of pictures");
  for (const auto &one : value) {
    if (!one.is_string()) refuse(parameter, "is neither a picture nor a list of pictures");
    add_one(parameter, one.get_ref<const std::string &>(), keep_urls);
  }
}

void InputPictures::add_one(const std::string &parameter, const std::string &text, bool keep_url) {
  if (pictures_.size() >= max_count)
    refuse(parameter, "makes more than " + std::to_string(max_count) + " pictures");
  InputPicture picture;
  picture.parameter = parameter;
  if (text.starts_with(data_scheme)) {
    picture.bytes = decode_data_url(parameter, text);
    inspect(picture);
  } else if (text.starts_with("https://") || text.starts_with("http://")) {
    if (text.size() > max_url_bytes) refuse(parameter, "is too long for a URL");
    picture.url = text;
    if (!keep_url) to_fetch_.push_back(pictures_.size());
  } else {
    refuse(parameter,
           "is neither a data: URL nor an http(s) URL, nor a picture that is still there");
  }
  pictures_.push_back(std::move(picture));
}

void InputPictures::inspect(InputPicture &picture) {
  bytes_ += picture.bytes.size();
  if (bytes_ > max_bytes) refuse_size();
  try {
    ingest::MemoryReader reader(picture.bytes);
    ingest::MediaInfo const info = ingest::inspect_media(reader);
    if (!info.media_type.starts_with("image/")) refuse(picture.parameter, "is no picture");
    picture.media_type = info.media_type;
    picture.extension = info.extension;
  } catch (const ingest::MediaError &error) {
    refuse(picture.parameter, std::string("is ") + error.what());
  }
}

HttpRequest InputPictures::request() const {
  HttpRequest request = fetch_url(pictures_.at(to_fetch_.at(next_)).url);
  request.named_by_user = true;
  return request;
}

void InputPictures::begin_response() { current().bytes.clear(); }

void InputPictures::consume(std::string_view bytes) {
  InputPicture &picture = current();
  if (bytes_ + picture.bytes.size() + bytes.size() > max_bytes) refuse_size();
  picture.bytes += bytes;
}

void InputPictures::finish() {
  inspect(current());
  current().url.clear();
  ++next_;
}

AttemptError InputPictures::explain(const ResponseHead &head) const {
  return {ErrorClass::invalid_input,
          "asked for the picture that parameter " + pictures_.at(to_fetch_.at(next_)).parameter +
              " names, its server answers " + std::to_string(head.status)};
}

std::string to_data_url(const InputPicture &picture) {
  return "data:" + picture.media_type + ";base64," + ingest::to_base64(picture.bytes);
}

}  // namespace courier
