#include "courier/redaction.hpp"

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "courier/ingest/base64.hpp"

namespace courier {

namespace {

// Striking out anything shorter would damage text without hiding anything.
constexpr std::size_t shortest_secret = 4;

std::string without_padding(std::string base64) {
  base64.erase(base64.find_last_not_of('=') + 1);
  return base64;
}

std::string with_escaped_slashes(const std::string &secret) {
  std::string escaped;
  for (char const byte : secret) {
    if (byte == '/') escaped += '\\';
    escaped += byte;
  }
  return escaped;
}

std::string percent_encoded(const std::string &secret) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view unreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (char const byte : secret) {
    auto const value = static_cast<unsigned char>(byte);
    if (unreserved.find(byte) != std::string_view::npos)
      encoded += byte;
    else
      (encoded += '%') += {digits[value >> 4], digits[value & 15]};
  }
  return encoded;
}

}  // namespace

Redaction::Redaction(const std::string &secret) {
  if (secret.size() < shortest_secret) return;
  for (std::string form : {secret, without_padding(ingest::to_base64(secret)),
                           with_escaped_slashes(secret), percent_encoded(secret)})
    if (std::find(forms_.begin(), forms_.end(), form) == forms_.end())
      forms_.push_back(std::move(form));
}

std::string Redaction::text(std::string text) const {
  constexpr std::string_view mark = "[token]";
  for (const std::string &form : forms_) {
    std::size_t at = text.find(form);
    while (at != std::string::npos) {
      text.replace(at, form.size(), mark);
      at = text.find(form, at + mark.size());
    }
  }
  return text;
}

std::string Redaction::json(const std::string &text) const {
  using Json = nlohmann::json;
  if (forms_.empty()) return text;
  auto const redacted = [this](auto const &self, const Json &value) -> Json {
    if (value.is_string()) return this->text(value.get<std::string>());
    if (!value.is_structured()) return value;
    Json out = value.is_array() ? Json::array() : Json::object();
    for (const auto &[key, member] : value.items())
      if (value.is_array())
        out.push_back(self(self, member));
      else
        out[this->text(key)] = self(self, member);
    return out;
  };
  Json const document = Json::parse(text, nullptr, false);
  if (document.is_discarded()) return this->text(text);
  Json const clean = redacted(redacted, document);
  return clean == document ? text : clean.dump();  // numbers stay as they were written
}

}  // namespace courier
