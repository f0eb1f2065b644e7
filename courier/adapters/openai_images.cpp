#include "courier/adapters/openai_images.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "courier/adapters/openai_error.hpp"
#include "courier/adapters/openai_metadata.hpp"
#include "courier/adapters/openai_request.hpp"
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
        budget_(submit.max_output_bytes),
        request_(make_openai_request(submit.model, submit.parameters)),
        skeleton_([this](const json::Path &path) { return divert(path); }),
        tokenizer_(skeleton_) {}

  HttpRequest request() override {
    return {"/images/generations",
            {"Content-Type: application/json", "Accept: application/json"},
            std::move(request_.body)};
  }

  std::size_t max_outputs() const override { return request_.picture_count; }
  void begin_response(const ResponseHead &head) override;
  void consume(std::string_view body) override;
  Result finish() override;
  AttemptError explain(const ResponseHead &head, std::string_view body) const override;

 private:
  [[noreturn]] static void reject(const std::string &why) {
    throw AttemptError(ErrorClass::bad_response, why);
  }

  json::TextSink *divert(const json::Path &path);
  void write(std::string_view piece) override { writer_->write_base64(piece); }
  void end() override;
  void check_error() const;
  void check_picture_count() const;

  std::string const spool_folder_;
  ingest::ByteBudget budget_;
  OpenaiRequest request_;
  json::Skeleton skeleton_;
  json::Tokenizer tokenizer_;
  std::size_t current_index_ = 0;
  std::optional<ingest::OutputWriter> writer_;
  std::map<std::size_t, wire::Output> pictures_;
};

void OpenaiImages::begin_response(const ResponseHead &head) {
  if (!is_json_type(head.content_type))
    reject("the server answers with " + head.content_type + " instead of JSON");
}

void OpenaiImages::consume(std::string_view body) {
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

Result OpenaiImages::finish() {
  try {
    tokenizer_.finish();
  } catch (const json::Error &error) {
    reject(std::string("the answer is not usable JSON: ") + error.what());
  }
  check_error();
  check_picture_count();
  Result result;
  for (auto &[index, output] : pictures_) {
    output.seed = openai_seed(skeleton_.document(), index);
    result.outputs.push_back(std::move(output));
  }
  result.metadata = openai_metadata(skeleton_.document(), result.outputs);
  return result;
}

void OpenaiImages::check_error() const {
  auto const error = find_openai_error(skeleton_.document());
  if (!error) return;
  throw AttemptError(error->error_class.value_or(ErrorClass::bad_response),
                     "the server reports an error with status 200: " + error->message);
}

void OpenaiImages::check_picture_count() const {
  if (pictures_.size() == request_.picture_count) return;
  const Json *const first = find_openai_entry(skeleton_.document(), 0);
  if (pictures_.empty() && first != nullptr && first->contains("url"))
    reject("the server answers with urls instead of b64_json; this adapter does not fetch them");
  reject("the answer has " + std::to_string(pictures_.size()) + " of the " +
         std::to_string(request_.picture_count) + " pictures asked for");
}

AttemptError OpenaiImages::explain(const ResponseHead &head, std::string_view body) const {
  ErrorClass error_class = class_of_status(head.status, head.has_retry_after);
  std::string message = "the server answers " + std::to_string(head.status);
  auto const error = find_openai_error(Json::parse(body, nullptr, false));
  if (!error) return {error_class, message};
  // A body may know better: a 429 that is about money, a 400 that is about the prompt's content.
  bool const is_client_error = head.status >= 400 && head.status < 500;
  bool const is_final =
      error->error_class == ErrorClass::content_policy || error->error_class == ErrorClass::payment;
  if (is_client_error && is_final) error_class = *error->error_class;
  return {error_class, message + ": " + error->message};
}

}  // namespace

std::unique_ptr<Adapter> make_openai_images(const wire::Submit &submit,
                                            const std::string &spool_folder) {
  return std::make_unique<OpenaiImages>(submit, spool_folder);
}

}  // namespace courier
