#include "courier/adapters/health_probe.hpp"

#include <string>
#include <utility>

#include "courier/http_status.hpp"

namespace courier {

namespace {

class HealthProbe : public Adapter {
 public:
  explicit HealthProbe(const wire::Submit &submit)
      : from_root_(submit.parameters.starts_with('/')),
        path_((from_root_ ? "" : "/") + submit.parameters) {}

  HttpRequest request() override {
    HttpRequest request;
    request.path = path_;
    request.headers = {"Accept: */*"};
    request.method = Method::get;
    request.from_root = from_root_;
    return request;
  }

  std::size_t max_outputs() const override { return 0; }
  void begin_response(const ResponseHead &) override {}
  void consume(std::string_view) override {}
  Step finish() override { return Result{}; }

  AttemptError explain(const ResponseHead &head, std::string_view) const override {
    return {class_of_status(head.status, head.has_retry_after),
            "asked for " + path_ + ", the server answers " + std::to_string(head.status)};
  }

 private:
  bool const from_root_;
  std::string const path_;
};

}  // namespace

std::unique_ptr<Adapter> make_health_probe(const wire::Submit &submit) {
  return std::make_unique<HealthProbe>(submit);
}

}  // namespace courier
