#include "courier/adapters/http_json_requests.hpp"

#include "courier/attempt_error.hpp"
#include "courier/ingest/base64.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using wire::ErrorClass;

// The name of a model may be anything.
std::string header_value(const std::string &value) {
  constexpr unsigned char first_printable = 0x20;
  constexpr unsigned char last_printable = 0x7e;
  for (char const byte : value)
    if (static_cast<unsigned char>(byte) < first_printable ||
        static_cast<unsigned char>(byte) > last_printable)
      throw AttemptError(ErrorClass::invalid_input, "the model's name cannot be sent in a header");
  return value;
}

Json form_of(const InputPicture &picture, PictureForm form) {
  return form == PictureForm::base64 ? ingest::to_base64(picture.bytes) : to_data_url(picture);
}

std::string text_of_body(const Json &body) {
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

HttpJsonRequests::HttpJsonRequests(const wire::Submit &submit, const HttpJsonOptions &options)
    : options_(options),
      lookup_(parse_lookup_options(submit.options)),
      id_(submit.attempt.to_string()),
      model_(submit.model),
      parameters_(submit.parameters),
      webhook_url_(submit.webhook_url) {}

Json HttpJsonRequests::parameters() const {
  Json parameters = Json::parse(parameters_, nullptr, false);
  if (!parameters.is_object())
    throw AttemptError(ErrorClass::invalid_input, "the parameters are not a JSON object");
  return parameters;
}

HttpRequest HttpJsonRequests::begin(const RequestForm &form, const TemplateValues &values,
                                    bool has_body) const {
  HttpRequest request;
  request.method = form.method;
  request.path = fill_path(form.path, values);
  std::size_t const mark = request.path.find('?');
  if (mark != std::string::npos) {
    request.query = request.path.substr(mark + 1);
    request.path.erase(mark);
  }
  if (has_body) request.headers.emplace_back("Content-Type: application/json");
  request.headers.emplace_back("Accept: application/json");
  for (const auto &[name, value] : options_.headers)
    request.headers.push_back(name + ": " + header_value(fill_text(value, values)));
  return request;
}

InputPictures HttpJsonRequests::find_pictures() const {
  InputPictures pictures;
  if (options_.pictures.empty()) return pictures;
  Json const given = parameters();
  for (const auto &[name, form] : options_.pictures) {
    auto const value = given.find(name);
    if (value != given.end() && !value->is_null())
      pictures.add(name, *value, form == PictureForm::url);
  }
  return pictures;
}

void HttpJsonRequests::put_pictures(Json &parameters, const InputPictures &pictures) const {
  std::map<std::string, Json> lists;
  for (const InputPicture &picture : pictures.all())
    if (PictureForm const form = options_.pictures.at(picture.parameter); form != PictureForm::url)
      lists[picture.parameter].push_back(form_of(picture, form));
  for (auto &[name, list] : lists) {
    Json &value = parameters[name];
    value = value.is_array() ? std::move(list) : std::move(list.front());
  }
}

HttpRequest HttpJsonRequests::submit(const InputPictures &pictures) const {
  bool const as_they_are = !options_.request && options_.model_key.empty() &&
                           lookup_.id_key.empty() && options_.pictures.empty() &&
                           (options_.webhook_key.empty() || webhook_url_.empty());
  Json given = Json::object();
  if (!as_they_are) {
    given = parameters();
    put_pictures(given, pictures);
  }
  TemplateValues const values{model_, id_, given, {}, webhook_url_};
  HttpRequest request = begin(options_.submit, values, true);
  if (!lookup_.id_header.empty()) request.headers.push_back(lookup_.id_header + ": " + id_);
  if (!options_.webhook_header.empty() && !webhook_url_.empty())
    request.headers.push_back(options_.webhook_header + ": " + header_value(webhook_url_));
  request.body = as_they_are ? parameters_ : text_of_body(fill_body(values));
  return request;
}

Json HttpJsonRequests::fill_body(const TemplateValues &values) const {
  Json body = options_.request ? fill_template(*options_.request, values) : values.parameters;
  bool const wants_webhook = !options_.webhook_key.empty() && !webhook_url_.empty();
  bool const has_members = !options_.model_key.empty() || !lookup_.id_key.empty() || wants_webhook;
  if (has_members && !body.is_object())
    throw AttemptError(
        ErrorClass::invalid_input,
        "adapter_options of the provider: request is not an object, and model_key, webhook_key or "
        "id_key need one");
  if (!options_.model_key.empty()) body[options_.model_key] = model_;
  if (!lookup_.id_key.empty()) body[lookup_.id_key] = id_;
  if (wants_webhook) body[options_.webhook_key] = webhook_url_;
  return body;
}

HttpRequest HttpJsonRequests::about(const RequestForm &form, const std::optional<Json> &body,
                                    const std::string &external_id) const {
  Json const given = body ? parameters() : Json::object();
  TemplateValues const values{model_, id_, given, external_id, webhook_url_};
  HttpRequest request = begin(form, values, body.has_value());
  if (body) request.body = text_of_body(fill_template(*body, values));
  return request;
}

}  // namespace courier
