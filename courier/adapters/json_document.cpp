#include "courier/adapters/json_document.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "courier/adapters/json_answer.hpp"
#include "courier/http_status.hpp"

namespace courier {

namespace {

class JsonDocument : public Adapter {
 public:
  explicit JsonDocument(const wire::Submit &submit) : answer_(submit.max_output_bytes) {}

  HttpRequest request() override {
    HttpRequest request;
    request.headers = {"Accept: application/json"};
    request.method = Method::get;
    return request;
  }

  std::size_t max_outputs() const override { return 0; }
  void begin_response(const ResponseHead &head) override { answer_.begin(head); }
  void consume(std::string_view body) override { answer_.consume(body); }

  Step finish() override {
    Result result;
    result.result = answer_.finish().dump();
    return result;
  }

  AttemptError explain(const ResponseHead &head, std::string_view) const override {
    return {class_of_status(head.status, head.has_retry_after),
            "asked for a document, the server answers " + std::to_string(head.status)};
  }

 private:
  JsonAnswer answer_;
};

}  // namespace

std::unique_ptr<Adapter> make_json_document(const wire::Submit &submit) {
  return std::make_unique<JsonDocument>(submit);
}

}  // namespace courier
