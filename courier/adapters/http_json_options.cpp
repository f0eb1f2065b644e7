#include "courier/adapters/http_json_options.hpp"

#include "courier/attempt_error.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using wire::ErrorClass;

[[noreturn]] void refuse(const std::string &why) {
  throw AttemptError(ErrorClass::invalid_input, "adapter_options of the provider: " + why);
}

const std::string &text_of(const std::string &name, const Json &value) {
  if (!value.is_string()) refuse(name + " is not a text");
  return value.get_ref<const std::string &>();
}

Json::json_pointer pointer_of(const std::string &name, const Json &value) {
  try {
    return Json::json_pointer(text_of(name, value));
  } catch (const Json::exception &) {
    refuse(name + " is not a JSON pointer");
  }
}

std::optional<ErrorClass> class_of_name(const std::string &name) {
  for (std::uint8_t number = 0; number < wire::error_class_count; ++number) {
    auto const candidate = wire::error_class_from_number(number);
    if (candidate && name == wire::error_class_name(*candidate)) return candidate;
  }
  return std::nullopt;
}

std::map<std::string, ErrorClass> classes_of(const Json &value) {
  if (!value.is_object()) refuse("error_classes is not an object");
  std::map<std::string, ErrorClass> classes;
  for (const auto &[code, name] : value.items()) {
    auto const known = class_of_name(text_of("error_classes", name));
    if (!known) refuse("there is no error class " + name.get<std::string>());
    classes.emplace(code, *known);
  }
  return classes;
}

}  // namespace

HttpJsonOptions parse_http_json_options(const std::string &text) {
  HttpJsonOptions options;
  if (text.empty() || text == "{}") return options;
  Json const given = Json::parse(text, nullptr, false);
  if (!given.is_object()) refuse("not a JSON object");
  for (const auto &[name, value] : given.items()) {
    if (name == "path") {
      options.path = text_of(name, value);
      if (!options.path.starts_with('/')) refuse("path does not begin with a slash");
    } else if (name == "model_key")
      options.model_key = text_of(name, value);
    else if (name == "result")
      options.result = pointer_of(name, value);
    else if (name == "error")
      options.error = pointer_of(name, value);
    else if (name == "error_message")
      options.error_message = pointer_of(name, value);
    else if (name == "error_code")
      options.error_code = pointer_of(name, value);
    else if (name == "error_classes")
      options.error_classes = classes_of(value);
    else
      refuse("the adapter http_json has no option \"" + name + "\"");
  }
  return options;
}

}  // namespace courier
