#include "courier/adapters/http_json_template.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include "courier/attempt_error.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;

void replace_all(std::string &text, std::string_view place, const std::string &value) {
  std::size_t at = text.find(place);
  while (at != std::string::npos) {
    text.replace(at, place.size(), value);
    at = text.find(place, at + value.size());
  }
}

// Nothing when it stands for a parameter that is not given.
std::optional<Json> fill(const Json &form, const TemplateValues &values);

std::optional<Json> fill_string(const std::string &text, const TemplateValues &values) {
  constexpr std::string_view one = "{parameters.";
  if (text == "{webhook_url}" && values.webhook_url.empty()) return std::nullopt;
  if (text == "{webhook_url}") return std::optional<Json>(std::in_place, values.webhook_url);
  if (text == "{parameters}") return std::optional<Json>(std::in_place, values.parameters);
  if (!text.starts_with(one) || !text.ends_with('}')) return fill_text(text, values);
  std::string const name = text.substr(one.size(), text.size() - one.size() - 1);
  auto const found = values.parameters.find(name);
  if (found == values.parameters.end()) return std::nullopt;
  return std::optional<Json>(std::in_place, *found);
}

std::optional<Json> fill(const Json &form, const TemplateValues &values) {
  if (form.is_string()) return fill_string(form.get_ref<const std::string &>(), values);
  if (!form.is_structured()) return std::optional<Json>(std::in_place, form);
  Json filled = form.is_array() ? Json::array() : Json::object();
  for (const auto &[name, member] : form.items()) {
    auto value = fill(member, values);
    if (!value) continue;
    if (form.is_array())
      filled.push_back(std::move(*value));
    else
      filled[name] = std::move(*value);
  }
  return std::optional<Json>(std::in_place, std::move(filled));
}

bool stays_in_path(char byte) {
  constexpr std::string_view others = "-._~/:@!$'()*,;";
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || others.find(byte) != std::string_view::npos;
}

std::string encode(const std::string &text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr unsigned half_byte = 4;
  constexpr unsigned low_half = 15;
  std::string out;
  for (char const byte : text) {
    auto const number = static_cast<unsigned char>(byte);
    if (stays_in_path(byte)) {
      out += byte;
      continue;
    }
    out += '%';
    out += digits[number >> half_byte];
    out += digits[number & low_half];
  }
  return out;
}

// "a/../b" would be another place, whatever it is behind.
bool has_dots(const std::string &path) {
  std::string const framed = "/" + path + "/";
  return framed.find("/./") != std::string::npos || framed.find("/../") != std::string::npos;
}

}  // namespace

std::string fill_text(std::string text, const TemplateValues &values) {
  replace_all(text, "{model}", values.model);
  replace_all(text, "{id}", values.id);
  replace_all(text, "{external_id}", values.external_id);
  return text;
}

std::string fill_path(const std::string &path, const TemplateValues &values) {
  if (has_dots(values.external_id))
    throw AttemptError(wire::ErrorClass::bad_response,
                       "the server's id of the request cannot be part of a path");
  std::string const model = encode(values.model);
  std::string const external_id = encode(values.external_id);
  return fill_text(path, {model, values.id, values.parameters, external_id, values.webhook_url});
}

Json fill_template(const Json &form, const TemplateValues &values) {
  return fill(form, values).value_or(Json());
}

}  // namespace courier
