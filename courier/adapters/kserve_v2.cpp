#include "courier/adapters/kserve_v2.hpp"

#include <utility>

#include "courier/adapters/kserve_answer.hpp"
#include "courier/adapters/kserve_request.hpp"
#include "courier/adapters/server_error.hpp"

namespace courier {

namespace {

class KserveV2 : public Adapter {
 public:
  KserveV2(const wire::Submit &submit, const std::string &spool_folder)
      : submission_(make_kserve_request(submit)),
        answer_(submission_, spool_folder, submit.max_output_bytes) {}

  HttpRequest request() override;
  std::size_t max_outputs() const override { return submission_.max_outputs; }
  void begin_response(const ResponseHead &head) override { answer_.begin(head); }
  void consume(std::string_view body) override { answer_.consume(body); }
  Step finish() override { return answer_.finish(); }
  AttemptError explain(const ResponseHead &head, std::string_view body) const override;

 private:
  KserveRequest const submission_;
  KserveAnswer answer_;
};

HttpRequest KserveV2::request() {
  HttpRequest request;
  request.path = submission_.path;
  request.body = submission_.body;
  request.headers = {"Accept: application/json, application/octet-stream"};
  if (submission_.binary) {
    request.headers.emplace_back("Content-Type: application/octet-stream");
    request.headers.push_back("Inference-Header-Content-Length: " +
                              std::to_string(submission_.json_bytes));
  } else {
    request.headers.emplace_back("Content-Type: application/json");
  }
  return request;
}

AttemptError KserveV2::explain(const ResponseHead &head, std::string_view body) const {
  AttemptError error = server_error(head, body);
  constexpr long unsupported = 501;  // no other try can help
  if (head.status != unsupported) return error;
  return {wire::ErrorClass::invalid_input, error.message()};
}

}  // namespace

std::unique_ptr<Adapter> make_kserve_v2(const wire::Submit &submit,
                                        const std::string &spool_folder) {
  return std::make_unique<KserveV2>(submit, spool_folder);
}

}  // namespace courier
