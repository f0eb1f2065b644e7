#include "courier/adapters/kserve_answer.hpp"

#include <algorithm>
#include <utility>

#include "courier/adapters/database_json.hpp"
#include "courier/adapters/json_answer.hpp"
#include "courier/adapters/server_error.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using Kind = KserveOutput::Kind;
using wire::ErrorClass;

// What is no picture is a value in a row.
constexpr std::size_t max_value_bytes = std::size_t{1} << 20;
constexpr std::size_t max_head_bytes = std::size_t{1} << 20;
constexpr std::size_t max_metadata_bytes = 4096;
constexpr json::Skeleton::Limits limits{100000, max_value_bytes};

[[noreturn]] void reject(const std::string &why) {
  throw AttemptError(ErrorClass::bad_response, why);
}

[[noreturn]] void refuse_size() {
  throw AttemptError(ErrorClass::too_large, "texts and numbers of the answer have more than " +
                                                std::to_string(max_value_bytes) + " bytes");
}

const Json &member(const Json &object, const char *name) {
  static const Json none;
  if (!object.is_object()) return none;
  auto const found = object.find(name);
  return found == object.end() ? none : *found;
}

std::string text_member(const Json &object, const char *name) {
  const Json &value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string{};
}

void flatten(const Json &value, Json &elements) {
  if (!value.is_array()) return elements.push_back(value);
  for (const Json &one : value)
    flatten(one, elements);
}

}  // namespace

KserveAnswer::KserveAnswer(const KserveRequest &request, const std::string &spool_folder,
                           std::uint64_t max_bytes)
    : request_(request),
      spool_folder_(spool_folder),
      max_bytes_(max_bytes),
      streamed_(
          spool_folder, max_bytes, [this](const json::Path &path) { return picture_at(path); },
          [](const json::Path &) { return false; }, limits) {}

void KserveAnswer::begin(const ResponseHead &head) {
  budget_.emplace(max_bytes_);
  head_text_.clear();
  head_ = nullptr;
  tensors_.clear();
  current_ = 0;
  length_.clear();
  element_left_.reset();
  writer_.reset();
  bytes_.clear();
  texts_.clear();
  picture_count_ = 0;
  pictures_.clear();
  values_.clear();
  value_bytes_ = 0;
  seen_.clear();

  is_binary_ = head.json_bytes >= 0;
  if (!is_binary_) return streamed_.begin(head);
  json_bytes_ = static_cast<std::size_t>(head.json_bytes);
  if (json_bytes_ == 0 || json_bytes_ > max_head_bytes)
    reject("the server's Inference-Header-Content-Length is not the length of an answer");
}

// Within JSON, where pictures can only be base64: outputs[i].data[j], when the name came before.
std::optional<std::size_t> KserveAnswer::picture_at(const json::Path &path) {
  constexpr std::size_t place_of_data = 2;
  if (path.size() <= place_of_data + 1 || path[0].key != "outputs" || !path[1].in_array ||
      path[place_of_data].key != "data" || !path.back().in_array)
    return std::nullopt;
  const Json &outputs = member(streamed_.document(), "outputs");
  std::string const name = text_member(outputs.at(path[1].index), "name");
  const KserveOutput *const wanted = request_.output(name);
  if (wanted == nullptr || wanted->kind != Kind::picture) return std::nullopt;
  return next_picture(name);
}

std::size_t KserveAnswer::next_picture(const std::string &name) {
  if (picture_count_ >= request_.max_outputs)
    throw AttemptError(ErrorClass::too_large, "output " + name + " has more pictures than " +
                                                  "max_outputs, which is " +
                                                  std::to_string(request_.max_outputs));
  return picture_count_++;
}

void KserveAnswer::consume(std::string_view body) {
  if (!is_binary_) return streamed_.consume(body);
  std::size_t const of_head = std::min(json_bytes_ - head_text_.size(), body.size());
  if (of_head > 0) {
    head_text_ += body.substr(0, of_head);
    body.remove_prefix(of_head);
    if (head_text_.size() == json_bytes_) read_head();
  }
  while (!body.empty())
    body.remove_prefix(take_tensor(body));
}

void KserveAnswer::check_error(const Json &document) const {
  std::string const error = server_error_text(document);
  if (!error.empty()) reject("the server reports an error with status 200: " + error);
  if (!member(document, "outputs").is_array()) reject("the answer has no outputs");
}

void KserveAnswer::read_head() {
  JsonAnswer answer(max_head_bytes);
  answer.begin({});
  answer.consume(head_text_);
  head_ = answer.finish();
  check_error(head_);
  for (const Json &output : head_.at("outputs"))
    read_output(output);
  while (current_ < tensors_.size() && tensors_[current_].left == 0)
    end_tensor();
}

void KserveAnswer::read_output(const Json &output) {
  Tensor tensor;
  tensor.name = text_member(output, "name");
  tensor.wanted = request_.output(tensor.name);
  tensor.shape = member(output, "shape");
  auto const type = kserve_type(text_member(output, "datatype"));
  if (!type) reject("output " + tensor.name + " has no datatype that is known");
  tensor.type = *type;
  bool const is_text = tensor.type == KserveType::bytes;
  if (tensor.wanted != nullptr && is_text != (tensor.wanted->kind != Kind::data))
    reject("output " + tensor.name + " is " + text_member(output, "datatype") +
           (is_text ? ", and no numbers" : ", and no text or picture"));
  if (tensor.wanted != nullptr && !seen_.insert(tensor.name).second)
    reject("output " + tensor.name + " is there twice");
  const Json &size = member(member(output, "parameters"), "binary_data_size");
  if (size.is_null()) {
    if (tensor.wanted != nullptr) take_inline(*tensor.wanted, output);
    return;
  }
  if (!size.is_number_unsigned()) reject("output " + tensor.name + " has an odd binary_data_size");
  tensor.left = size.get<std::uint64_t>();
  tensors_.push_back(std::move(tensor));
}

void KserveAnswer::take_inline(const KserveOutput &wanted, const Json &output) {
  Json elements = Json::array();
  flatten(member(output, "data"), elements);
  if (wanted.kind == Kind::data) {
    values_[wanted.name] = {{"shape", member(output, "shape")}, {"data", std::move(elements)}};
    return;
  }
  std::vector<std::string> texts;
  for (Json &element : elements) {
    if (!element.is_string()) reject("output " + wanted.name + " has an element that is no text");
    if (wanted.kind == Kind::text) {
      texts.push_back(element.get<std::string>());
      continue;
    }
    std::size_t const number = next_picture(wanted.name);
    ingest::OutputWriter writer(spool_folder_, *budget_, wanted.name);
    writer.write_base64(element.get_ref<const std::string &>());
    pictures_.push_back(writer.finish());
    pictures_.back().index = static_cast<std::uint32_t>(number);
  }
  if (wanted.kind == Kind::text) keep_texts(wanted.name, std::move(texts));
}

// How many bytes it has taken: one or more.
std::size_t KserveAnswer::take_tensor(std::string_view body) {
  if (current_ >= tensors_.size()) reject("the answer has more bytes than its outputs");
  Tensor &tensor = tensors_[current_];
  body = body.substr(0, std::min<std::uint64_t>(tensor.left, body.size()));
  std::size_t taken = body.size();
  if (tensor.wanted != nullptr && tensor.wanted->kind == Kind::data) {
    account(body.size());
    bytes_ += body;
  } else if (tensor.wanted != nullptr) {
    taken = take_elements(tensor, body);
  }
  tensor.left -= taken;
  while (current_ < tensors_.size() && tensors_[current_].left == 0)
    end_tensor();
  return taken;
}

std::size_t KserveAnswer::take_elements(Tensor &tensor, std::string_view body) {
  if (!element_left_) {
    std::size_t const taken = std::min(kserve_length_bytes - length_.size(), body.size());
    length_ += body.substr(0, taken);
    if (length_.size() < kserve_length_bytes) return taken;
    element_left_ = read_kserve_length(length_);
    length_.clear();
    if (*element_left_ > tensor.left - taken)
      reject("output " + tensor.name + " has an element that is longer than the output");
    begin_element(tensor);
    if (*element_left_ == 0) end_element(tensor);
    return taken;
  }
  std::size_t const taken = std::min<std::uint64_t>(*element_left_, body.size());
  if (tensor.wanted->kind == Kind::text) {
    account(taken);
    bytes_ += body.substr(0, taken);
  } else if (tensor.wanted->base64) {
    writer_->write_base64(body.substr(0, taken));
  } else {
    writer_->write(body.substr(0, taken));
  }
  *element_left_ -= taken;
  if (*element_left_ == 0) end_element(tensor);
  return taken;
}

void KserveAnswer::begin_element(const Tensor &tensor) {
  if (tensor.wanted->kind != Kind::picture) return bytes_.clear();
  std::size_t const number = next_picture(tensor.name);
  writer_.emplace(spool_folder_, *budget_, tensor.name + "[" + std::to_string(number) + "]");
}

void KserveAnswer::end_element(const Tensor &tensor) {
  element_left_.reset();
  if (tensor.wanted->kind == Kind::text) {
    texts_.push_back(std::exchange(bytes_, {}));
    return;
  }
  pictures_.push_back(writer_->finish());
  pictures_.back().index = static_cast<std::uint32_t>(pictures_.size() - 1);
  writer_.reset();
}

void KserveAnswer::end_tensor() {
  const Tensor &tensor = tensors_[current_++];
  if (tensor.wanted == nullptr) return;
  if (element_left_ || !length_.empty())
    reject("output " + tensor.name + " ends within an element");
  if (tensor.wanted->kind == Kind::text)
    keep_texts(tensor.name, std::exchange(texts_, {}));
  else if (tensor.wanted->kind == Kind::data)
    values_[tensor.name] = {{"shape", tensor.shape},
                            {"data", kserve_elements(tensor.type, std::exchange(bytes_, {}))}};
}

void KserveAnswer::account(std::size_t bytes) {
  value_bytes_ += bytes;
  if (value_bytes_ > max_value_bytes) refuse_size();
}

void KserveAnswer::keep_texts(const std::string &name, std::vector<std::string> texts) {
  values_[name] = texts.size() == 1 ? Json(std::move(texts[0])) : Json(std::move(texts));
}

Result KserveAnswer::finish() {
  if (is_binary_) {
    if (head_text_.size() < json_bytes_) reject("the answer ends within its JSON");
    if (current_ < tensors_.size())
      reject("the answer ends within output " + tensors_[current_].name);
    return result_of(head_);
  }
  const Json &document = streamed_.finish();
  check_error(document);
  for (auto &[number, picture] : streamed_.take_pictures())
    pictures_.push_back(std::move(picture));
  for (const Json &output : document.at("outputs")) {
    std::string const name = text_member(output, "name");
    const KserveOutput *const wanted = request_.output(name);
    if (wanted == nullptr) continue;
    if (!seen_.insert(name).second) reject("output " + name + " is there twice");
    if (wanted->kind != Kind::picture) take_inline(*wanted, output);
  }
  return result_of(document);
}

Result KserveAnswer::result_of(const Json &document) {
  for (const KserveOutput &wanted : request_.outputs)
    if (!seen_.contains(wanted.name)) reject("the answer has no output " + wanted.name);
  bool const wants_pictures =
      std::any_of(request_.outputs.begin(), request_.outputs.end(),
                  [](const KserveOutput &wanted) { return wanted.kind == Kind::picture; });
  if (wants_pictures && pictures_.empty()) reject("the answer has no pictures");

  Result result;
  Json metadata = Json::object();
  for (const char *const name : {"model_name", "model_version"})
    if (member(document, name).is_string()) metadata[name] = member(document, name);
  if (!wants_pictures) {
    Json const values = values_.size() == 1 ? values_.begin()->second : Json(values_);
    result.result = database_json(values);
    if (result.result.size() > max_value_bytes) refuse_size();
  } else {
    for (const auto &[name, value] : values_)
      if (std::string const text = database_json(value); text.size() <= max_metadata_bytes)
        metadata[name] = value;
  }
  result.metadata = database_json(metadata);
  result.outputs = std::move(pictures_);
  return result;
}

}  // namespace courier
