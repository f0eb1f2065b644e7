#include "courier/adapters/embedding_vectors.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "courier/attempt_error.hpp"
#include "courier/ingest/base64.hpp"
#include "courier/json/members.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;

[[noreturn]] void reject(const std::string &why) {
  throw AttemptError(wire::ErrorClass::bad_response, why);
}

// The shortest text that is this number: of a float, and not of the double that it becomes.
template <typename Number>
void write(Number number, std::string &text) {
  constexpr std::size_t longest = 32;
  if (!std::isfinite(number)) reject("the answer has a vector with a number that is none");
  char buffer[longest];
  auto const [end, error] = std::to_chars(buffer, buffer + longest, number);
  text.append(buffer, end);
}

float float_at(const std::string &bytes, std::size_t place) {
  std::uint32_t bits = 0;
  for (std::size_t i = sizeof bits; i-- > 0;)
    bits = bits << 8 | static_cast<unsigned char>(bytes[place + i]);
  return std::bit_cast<float>(bits);
}

}  // namespace

void EmbeddingVectors::check_length(std::size_t length) {
  if (length == 0) reject("the answer has an empty vector");
  if (dimensions_ != 0 && length != dimensions_)
    reject("the answer has vectors of different lengths");
  dimensions_ = length;
}

std::string EmbeddingVectors::write_numbers(const Json &numbers) {
  check_length(numbers.size());
  std::string text;
  for (const Json &number : numbers) {
    if (!number.is_number()) reject("the answer has a vector that is not made of numbers");
    text += text.empty() ? '[' : ',';
    write(number.get<double>(), text);
  }
  return text + ']';
}

std::string EmbeddingVectors::write_floats(const std::string &base64) {
  std::string bytes;
  try {
    ingest::Base64Decoder decoder;
    decoder.decode(base64, bytes);
    decoder.finish();
  } catch (const ingest::Base64Error &error) {
    reject(std::string("the answer has a vector that is not base64: ") + error.what());
  }
  if (bytes.size() % sizeof(float) != 0)
    reject("the answer has a vector that is not made of floats");
  check_length(bytes.size() / sizeof(float));
  std::string text;
  for (std::size_t place = 0; place < bytes.size(); place += sizeof(float)) {
    text += text.empty() ? '[' : ',';
    write(float_at(bytes, place), text);
  }
  return text + ']';
}

// Servers that give no index keep the order.
void EmbeddingVectors::add(const Json &entry, std::size_t place) {
  if (json::member(entry, "index") != nullptr)
    place = static_cast<std::size_t>(json::count(entry, "index").value_or(-1));
  if (place >= texts_.size()) reject("the answer has a vector that nobody asked for");
  if (!texts_[place].empty()) reject("the answer has two vectors for one text");
  const Json *const vector = json::member(entry, "embedding");
  if (vector != nullptr && vector->is_array())
    texts_[place] = write_numbers(*vector);
  else if (vector != nullptr && vector->is_string())
    texts_[place] = write_floats(vector->get_ref<const std::string &>());
  else
    reject("the answer has an entry without a vector");
  bytes_ += texts_[place].size();
  if (bytes_ > max_bytes_)
    throw AttemptError(wire::ErrorClass::too_large,
                       "the vectors need more than " + std::to_string(max_bytes_) + " bytes");
}

std::string EmbeddingVectors::result() const {
  std::string text = R"({"embeddings":)";
  for (const std::string &vector : texts_) {
    if (vector.empty()) reject("the answer has fewer vectors than texts");
    text += &vector == &texts_.front() ? '[' : ',';
    text += vector;
  }
  return text + R"(],"dimensions":)" + std::to_string(dimensions_) + "}";
}

}  // namespace courier
