#include "courier/adapters/imagen.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "courier/adapters/gemini_answer.hpp"
#include "courier/adapters/gemini_request.hpp"
#include "courier/adapters/streamed_answer.hpp"
#include "courier/json/members.hpp"
#include "wire/text.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using wire::ErrorClass;

constexpr json::Skeleton::Limits limits;
constexpr std::size_t max_reason_bytes = 500;

class Imagen : public Adapter {
 public:
  Imagen(const wire::Submit &submit, const std::string &spool_folder)
      : model_(encode_model(submit.model)),
        request_(make_predict_body(submit.parameters)),
        answer_(
            spool_folder, submit.max_output_bytes,
            [this](const json::Path &path) { return picture_at(path); },
            [](const json::Path &) { return false; }, limits) {}

  HttpRequest request() override;
  std::size_t max_outputs() const override { return request_.picture_count; }
  void begin_response(const ResponseHead &head) override {
    picture_count_ = 0;
    answer_.begin(head);
  }
  void consume(std::string_view body) override { answer_.consume(body); }
  Step finish() override;
  AttemptError explain(const ResponseHead &head, std::string_view body) const override {
    return explain_gemini_status(head, body);
  }

 private:
  std::optional<std::size_t> picture_at(const json::Path &path);

  std::string const model_;
  PredictRequest const request_;
  std::size_t picture_count_ = 0;
  StreamedAnswer answer_;
};

HttpRequest Imagen::request() {
  HttpRequest request;
  request.path = "/models/" + model_ + ":predict";
  request.headers = {"Content-Type: application/json", "Accept: application/json"};
  request.body = request_.body;
  return request;
}

// predictions[i].bytesBase64Encoded
std::optional<std::size_t> Imagen::picture_at(const json::Path &path) {
  constexpr std::size_t depth = 3;
  bool const is_picture = path.size() == depth && path[0].key == "predictions" &&
                          path[1].in_array && path[2].key == "bytesBase64Encoded";
  if (!is_picture) return std::nullopt;
  if (picture_count_ >= request_.picture_count)
    throw AttemptError(ErrorClass::bad_response, "the answer has more than the " +
                                                     std::to_string(request_.picture_count) +
                                                     " pictures asked for");
  return picture_count_++;
}

Step Imagen::finish() {
  const Json &document = answer_.finish();
  if (!document.is_object())
    throw AttemptError(ErrorClass::bad_response, "the answer is not a JSON object");
  check_gemini_error(document);
  std::string reason;
  for (const Json &prediction : json::structure(document, "predictions"))
    if (reason.empty()) reason = json::text(prediction, "raiFilteredReason");
  Result result;
  for (auto &[number, output] : answer_.take_pictures())
    result.outputs.push_back(std::move(output));
  if (result.outputs.empty())
    throw AttemptError(ErrorClass::content_policy,
                       reason.empty() ? "every picture was filtered out" : reason);
  Json metadata = Json::object();
  if (result.outputs.size() < request_.picture_count) {
    metadata["filtered"] = request_.picture_count - result.outputs.size();
    if (!reason.empty())
      metadata["filtered_reason"] = wire::clean_text(reason, max_reason_bytes, wire::Lines::one);
  }
  result.metadata = metadata.dump();
  return result;
}

}  // namespace

std::unique_ptr<Adapter> make_imagen(const wire::Submit &submit, const std::string &spool_folder) {
  return std::make_unique<Imagen>(submit, spool_folder);
}

}  // namespace courier
