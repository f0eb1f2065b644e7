#include "courier/adapters/kserve_request.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>

#include "courier/adapters/adapter_options.hpp"
#include "courier/adapters/http_json_template.hpp"
#include "courier/adapters/job_parameters.hpp"
#include "courier/adapters/kserve_tensor.hpp"
#include "courier/attempt_error.hpp"
#include "courier/ingest/base64.hpp"
#include "wire/frame.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse_value(const std::string &input, const std::string &why) {
  throw AttemptError(wire::ErrorClass::invalid_input, "input " + input + " " + why);
}

const Json &member(const Json &object, const char *name) {
  static const Json none;
  auto const found = object.find(name);
  return found == object.end() ? none : *found;
}

std::string in_path(const std::string &text) {
  struct Free {
    void operator()(char *data) const noexcept { curl_free(data); }
  };
  std::unique_ptr<char, Free> const escaped(
      curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size())));
  if (!escaped) throw std::bad_alloc();
  return escaped.get();
}

void flatten(const Json &value, std::vector<Json> &elements) {
  if (!value.is_array()) return elements.push_back(value);
  for (const Json &member : value)
    flatten(member, elements);
}

std::string decoded(const std::string &input, const Json &value) {
  if (!value.is_string()) refuse_value(input, "is not a text in base64");
  std::string_view text = value.get_ref<const std::string &>();
  if (text.starts_with("data:")) text.remove_prefix(std::min(text.find(','), text.size() - 1) + 1);
  std::string bytes;
  try {
    ingest::Base64Decoder decoder;
    decoder.decode(text, bytes);
    decoder.finish();
  } catch (const ingest::Base64Error &error) {
    refuse_value(input, std::string("is not valid base64: ") + error.what());
  }
  return bytes;
}

Json shape_for(const std::string &input, const Json &wanted, std::size_t count) {
  if (wanted.is_null()) return Json::array({count});
  if (!wanted.is_array()) AdapterOptions::refuse("the shape of input " + input + " is not a list");
  Json shape = wanted;
  Json *open = nullptr;
  std::size_t product = 1;
  for (Json &side : shape) {
    if (side == -1 && open == nullptr) {
      open = &side;
      continue;
    }
    constexpr std::size_t highest = std::size_t{1} << 24;
    if (!side.is_number_unsigned() || side == 0 || side > highest || product > highest)
      AdapterOptions::refuse("the shape of input " + input + " has a member that is no size");
    product *= side.get<std::size_t>();
  }
  if (open != nullptr && count % product == 0) {
    *open = count / product;
    product = count;
  }
  if (product != count)
    refuse_value(input, "has " + std::to_string(count) + " elements, which its shape " +
                            wanted.dump() + " does not");
  return shape;
}

class Builder {
 public:
  Builder(const TemplateValues &values, bool binary) : values_(values), binary_(binary) {}

  void add(const Json &input);
  const Json &inputs() const noexcept { return inputs_; }
  const std::string &tensors() const noexcept { return tensors_; }

 private:
  void add_json(Json entry, const std::vector<Json> &elements);
  void add_binary(Json entry, KserveType type, const std::vector<Json> &elements);

  const TemplateValues &values_;
  bool const binary_;
  Json inputs_ = Json::array();
  std::string tensors_;
};

void Builder::add(const Json &input) {
  if (!input.is_object() || !member(input, "name").is_string())
    AdapterOptions::refuse("inputs has one without a name");
  std::string const name = input.at("name").get<std::string>();
  auto const type = member(input, "datatype").is_string()
                        ? kserve_type(input.at("datatype").get_ref<const std::string &>())
                        : std::nullopt;
  if (!type) AdapterOptions::refuse("input " + name + " has no datatype like FP32 or BYTES");
  if (!input.contains("value")) AdapterOptions::refuse("input " + name + " has no value");
  Json const value = fill_template(input.at("value"), values_);
  if (value.is_null()) return;
  std::vector<Json> elements;
  flatten(value, elements);
  if (elements.empty()) return;
  bool const base64 = member(input, "base64") == true;
  if (base64)
    for (Json &element : elements)
      element = decoded(name, element);
  Json entry = {{"name", name},
                {"datatype", input.at("datatype")},
                {"shape", shape_for(name, member(input, "shape"), elements.size())}};
  if (binary_) return add_binary(std::move(entry), *type, elements);
  if (base64 || *type == KserveType::fp16 || *type == KserveType::bf16)
    AdapterOptions::refuse("input " + name + " can only be sent with binary");
  std::string checked;
  for (const Json &element : elements)
    if (!append_kserve_element(*type, element, checked))
      refuse_value(name, "is not " + input.at("datatype").get<std::string>());
  add_json(std::move(entry), elements);
}

void Builder::add_json(Json entry, const std::vector<Json> &elements) {
  entry["data"] = elements;
  inputs_.push_back(std::move(entry));
}

void Builder::add_binary(Json entry, KserveType type, const std::vector<Json> &elements) {
  std::size_t const before = tensors_.size();
  for (const Json &element : elements)
    if (!append_kserve_element(type, element, tensors_))
      refuse_value(entry.at("name").get<std::string>(),
                   "is not " + entry.at("datatype").get<std::string>());
  entry["parameters"] = {{"binary_data_size", tensors_.size() - before}};
  inputs_.push_back(std::move(entry));
}

KserveOutput output_of(const Json &given) {
  if (!given.is_object() || !member(given, "name").is_string())
    AdapterOptions::refuse("outputs has one without a name");
  KserveOutput output;
  output.name = given.at("name").get<std::string>();
  const Json &kind = member(given, "kind");
  output.base64 = member(given, "base64") == true;
  if (kind == "text")
    output.kind = KserveOutput::Kind::text;
  else if (kind == "data")
    output.kind = KserveOutput::Kind::data;
  else if (!kind.is_null() && kind != "picture")
    AdapterOptions::refuse("output " + output.name + " is neither a picture, text nor data");
  return output;
}

const Json &list_of(const AdapterOptions &options, const char *name) {
  const Json &list = options.value(name);
  if (!list.is_array() || list.empty())
    AdapterOptions::refuse(std::string(name) + (list.is_null() ? " is missing" : " is not a list"));
  return list;
}

std::string path_of(const std::string &model, const std::string &version) {
  if (model.empty()) AdapterOptions::refuse("model is empty");
  std::string path = "/v2/models/" + in_path(model);
  if (!version.empty()) path += "/versions/" + in_path(version);
  return path + "/infer";
}

}  // namespace

const KserveOutput *KserveRequest::output(const std::string &name) const {
  auto const found = std::find_if(outputs.begin(), outputs.end(),
                                  [&name](const KserveOutput &one) { return one.name == name; });
  return found == outputs.end() ? nullptr : &*found;
}

KserveRequest make_kserve_request(const wire::Submit &submit) {
  constexpr std::size_t usual_outputs = 8;
  AdapterOptions const options(
      "kserve_v2", submit.options,
      {"inputs", "outputs", "model", "version", "parameters", "binary", "max_outputs"});
  KserveRequest request;
  request.path = path_of(options.text("model", submit.model), options.text("version", ""));
  request.binary = options.flag("binary", true);
  JobParameters given(submit.parameters);
  given.split_size();
  Json const parameters = given.rest();
  std::size_t const count = given.take_count("n", wire::max_frame_descriptors);
  request.max_outputs =
      options.count("max_outputs", std::max(usual_outputs, count), wire::max_frame_descriptors);

  std::string const id = submit.attempt.to_string();
  TemplateValues const values{submit.model, id, parameters};
  Builder builder(values, request.binary);
  for (const Json &input : list_of(options, "inputs"))
    builder.add(input);
  Json outputs = Json::array();
  for (const Json &output : list_of(options, "outputs")) {
    request.outputs.push_back(output_of(output));
    outputs.push_back({{"name", request.outputs.back().name}});
    if (request.binary) outputs.back()["parameters"] = {{"binary_data", true}};
  }
  Json head = {{"id", id}, {"inputs", builder.inputs()}, {"outputs", std::move(outputs)}};
  if (Json const more = options.object("parameters"); !more.empty()) head["parameters"] = more;
  request.body = json_text(head);
  request.json_bytes = request.body.size();
  request.body += builder.tensors();
  return request;
}

}  // namespace courier
