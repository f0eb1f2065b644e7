#include "courier/redaction.hpp"

#include <cstddef>
#include <nlohmann/json.hpp>

namespace courier {

namespace {

// Striking out anything shorter would damage text without hiding anything.
constexpr std::size_t shortest_secret = 4;

}  // namespace

std::string Redaction::text(std::string text) const {
  constexpr std::string_view mark = "[token]";
  if (secret_.size() < shortest_secret) return text;
  std::size_t at = text.find(secret_);
  while (at != std::string::npos) {
    text.replace(at, secret_.size(), mark);
    at = text.find(secret_, at + mark.size());
  }
  return text;
}

std::string Redaction::json(const std::string &text) const {
  using Json = nlohmann::json;
  if (secret_.size() < shortest_secret) return text;
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
