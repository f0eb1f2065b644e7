#include "courier/adapters/openai_images.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "courier/adapters/input_pictures.hpp"
#include "courier/adapters/lookup_options.hpp"
#include "courier/adapters/multipart.hpp"
#include "courier/adapters/openai_error.hpp"
#include "courier/adapters/openai_metadata.hpp"
#include "courier/adapters/openai_request.hpp"
#include "courier/adapters/output_fetch.hpp"
#include "courier/http_status.hpp"
#include "courier/ingest/output_writer.hpp"
#include "courier/json/skeleton.hpp"

namespace courier {

namespace {

using wire::ErrorClass;
using Json = nlohmann::json;

class OpenaiImages : public Adapter, private json::TextSink {
 public:
  OpenaiImages(const wire::Submit &submit, std::string spool_folder)
      : spool_folder_(std::move(spool_folder)),
        max_bytes_(submit.max_output_bytes),
        budget_(submit.max_output_bytes),
        id_header_(parse_lookup_options(submit.options).id_header),
        id_(submit.attempt.to_string()),
        request_(make_openai_request(submit.model, submit.parameters)),
        skeleton_([this](const json::Path &path) { return divert(path); }),
        tokenizer_(skeleton_) {}

  HttpRequest request() override;
  std::size_t max_outputs() const override { return request_.picture_count; }
  void begin_response(const ResponseHead &head) override;
  void consume(std::string_view body) override;
  Step finish() override;
  AttemptError explain(const ResponseHead &head, std::string_view body) const override;

 private:
  [[noreturn]] static void reject(const std::string &why) {
    throw AttemptError(ErrorClass::bad_response, why);
  }

  json::TextSink *divert(const json::Path &path);
  void write(std::string_view piece) override { writer_->write_base64(piece); }
  void end() override;
  HttpRequest edit() const;
  void check_error() const;
  Step take_pictures();
  std::string place_of(std::size_t index) const;
  Result collect();

  std::string const spool_folder_;
  std::uint64_t const max_bytes_;
  ingest::ByteBudget budget_;
  std::string const id_header_;
  std::string const id_;
  OpenaiRequest request_;
  bool knows_inputs_ = false;
  InputPictures inputs_;
  json::Skeleton skeleton_;
  json::Tokenizer tokenizer_;
  std::size_t current_index_ = 0;
  std::optional<ingest::OutputWriter> writer_;
  std::map<std::size_t, wire::Output> pictures_;
  std::optional<OutputFetch> files_;
  std::vector<std::size_t> fetched_;  // their numbers
};

HttpRequest OpenaiImages::request() {
  if (files_) return files_->request();
  if (!knows_inputs_) {
    knows_inputs_ = true;
    for (const auto &[name, value] : request_.pictures.items())
      inputs_.add(name, value);
  }
  if (inputs_.pending()) return inputs_.request();
  HttpRequest request;
  if (!inputs_.all().empty()) {
    request = edit();
  } else {
    request.path = "/images/generations";
    request.headers = {"Content-Type: application/json", "Accept: application/json"};
    request.body = std::move(request_.body);
  }
  if (!id_header_.empty()) request.headers.push_back(id_header_ + ": " + id_);
  return request;
}

HttpRequest OpenaiImages::edit() const {
  Multipart form;
  for (const auto &[name, value] : request_.fields.items())
    form.add(name, value.is_string() ? value.get<std::string>() : value.dump());
  auto const is_mask = [](const InputPicture &one) { return one.parameter == "mask"; };
  auto const &all = inputs_.all();
  bool const is_single = all.size() - std::count_if(all.begin(), all.end(), is_mask) == 1;
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::string const name = is_mask(all[i]) ? "mask" : is_single ? "image" : "image[]";
    form.add_file(name, "picture" + std::to_string(i) + "." + all[i].extension, all[i].media_type,
                  all[i].bytes);
  }
  auto encoded = form.encode(id_);
  HttpRequest request;
  request.path = "/images/edits";
  request.headers = {"Content-Type: " + encoded.content_type, "Accept: application/json"};
  request.body = std::move(encoded.body);
  return request;
}

AttemptError OpenaiImages::explain(const ResponseHead &head, std::string_view body) const {
  if (inputs_.pending()) return inputs_.explain(head);
  if (files_) return files_->explain(head);
  return explain_openai_status(head, body);
}

void OpenaiImages::begin_response(const ResponseHead &head) {
  if (inputs_.pending()) return inputs_.begin_response();
  if (files_) return files_->begin_response(head);
  if (!is_json_type(head.content_type))
    reject("the server answers with " + head.content_type + " instead of JSON");
}

void OpenaiImages::consume(std::string_view body) {
  if (inputs_.pending()) return inputs_.consume(body);
  if (files_) return files_->consume(body);
  try {
    tokenizer_.feed(body);
  } catch (const json::Error &error) {
    reject(std::string("the answer is not usable JSON: ") + error.what());
  }
}

// The pictures are at data[i].b64_json; everything else is small and stays in the skeleton.
json::TextSink *OpenaiImages::divert(const json::Path &path) {
  bool const is_picture = path.size() == 3 && path[0].key == "data" && path[1].in_array &&
                          !path[2].in_array && path[2].key == "b64_json";
  if (!is_picture) return nullptr;
  current_index_ = path[1].index;
  if (current_index_ >= request_.picture_count)
    reject("the answer has more than the " + std::to_string(request_.picture_count) +
           " pictures asked for");
  std::string name = "data[" + std::to_string(current_index_) + "]";
  if (pictures_.contains(current_index_)) reject(name + " has two pictures");
  writer_.emplace(spool_folder_, budget_, std::move(name));
  return this;
}

void OpenaiImages::end() {
  wire::Output output = writer_->finish();
  writer_.reset();
  output.index = static_cast<std::uint32_t>(current_index_);
  pictures_.emplace(current_index_, std::move(output));
}

Step OpenaiImages::finish() {
  if (inputs_.pending()) {
    inputs_.finish();
    return Again{};
  }
  if (files_) {
    files_->finish();
    if (files_->pending()) return Again{};
    return collect();
  }
  try {
    tokenizer_.finish();
  } catch (const json::Error &error) {
    reject(std::string("the answer is not usable JSON: ") + error.what());
  }
  check_error();
  return take_pictures();
}

void OpenaiImages::check_error() const {
  auto const error = find_openai_error(skeleton_.document());
  if (!error) return;
  throw AttemptError(error->error_class.value_or(ErrorClass::bad_response),
                     "the server reports an error with status 200: " + error->message);
}

// Where a picture is that is not in the answer itself; empty: nowhere.
std::string OpenaiImages::place_of(std::size_t index) const {
  const Json *const entry = find_openai_entry(skeleton_.document(), index);
  if (entry == nullptr || !entry->contains("url") || !entry->at("url").is_string()) return {};
  return entry->at("url").get<std::string>();
}

Step OpenaiImages::take_pictures() {
  std::uint64_t spent = 0;
  for (const auto &[index, output] : pictures_)
    spent += output.byte_count;
  files_.emplace(spool_folder_, max_bytes_ - spent);
  for (std::size_t index = 0; index < request_.picture_count; ++index) {
    std::string const place = pictures_.contains(index) ? "" : place_of(index);
    if (place.empty()) continue;
    std::string const name = "data[" + std::to_string(index) + "]";
    files_->add(fetch_place(place, name), name);
    fetched_.push_back(index);
  }
  std::size_t const found = pictures_.size() + fetched_.size();
  if (found != request_.picture_count)
    reject("the answer has " + std::to_string(found) + " of the " +
           std::to_string(request_.picture_count) + " pictures asked for");
  if (find_openai_entry(skeleton_.document(), request_.picture_count) != nullptr)
    reject("the answer has more than the " + std::to_string(request_.picture_count) +
           " pictures asked for");
  if (files_->pending()) return Again{};
  return collect();
}

Result OpenaiImages::collect() {
  auto fetched = files_->take();
  for (std::size_t i = 0; i < fetched.size(); ++i) {
    fetched[i].index = static_cast<std::uint32_t>(fetched_[i]);
    pictures_.emplace(fetched_[i], std::move(fetched[i]));
  }
  Result result;
  for (auto &[index, output] : pictures_) {
    output.seed = openai_seed(skeleton_.document(), index);
    result.outputs.push_back(std::move(output));
  }
  result.metadata = openai_metadata(skeleton_.document(), result.outputs);
  return result;
}

}  // namespace

std::unique_ptr<Adapter> make_openai_images(const wire::Submit &submit,
                                            const std::string &spool_folder) {
  return std::make_unique<OpenaiImages>(submit, spool_folder);
}

}  // namespace courier
