// hosted_fuzzer.cpp -- what hosted queues may answer, one answer after the other.
//
// First byte: which adapter, and whether the request is known already; second: where to cut the
// answers. Then answers, each three digits of a status and a body, with a byte 0x1E between them.
#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "courier/adapters/adapter.hpp"
#include "fuzzing.hpp"

namespace {

constexpr std::uint64_t max_output_bytes = 8192;
constexpr char separator = '\x1E';

struct Kind {
  const char *adapter;
  const char *model;
};

constexpr std::array kinds = {Kind{"replicate", "owner/model"}, Kind{"runpod", "worker"},
                              Kind{"fal", "owner/app/path"}};

wire::Submit make_submit(std::uint8_t choice) {
  const Kind &kind = kinds[(choice & 0x7FU) % kinds.size()];
  wire::Submit submit;
  submit.adapter = kind.adapter;
  submit.model = kind.model;
  submit.url = "https://api.example.org/v1";
  submit.parameters = R"({"prompt":"p"})";
  submit.options = R"({"max_outputs":2})";
  submit.max_output_bytes = max_output_bytes;
  if ((choice & 0x80U) != 0) submit.external_id = "known-1";
  return submit;
}

bool is_plain(const std::string &path) {
  for (char const byte : path)
    if (byte <= ' ' || byte == '?' || byte == '#' || byte == '\x7F') return false;
  return path.starts_with('/') && path.find("..") == std::string::npos;
}

// Requests to the endpoint carry the credential: nothing that was answered may lead them astray.
void check_request(const courier::HttpRequest &request) {
  if (request.url.empty()) fuzz::require(is_plain(request.path), "a path is a plain one");
}

void check_result(const courier::Result &result) {
  fuzz::require(result.outputs.size() <= 2, "no more outputs than were bargained for");
  fuzz::require(!result.outputs.empty() || !result.result.empty(), "a result is not nothing");
  std::uint64_t bytes = 0;
  for (const wire::Output &output : result.outputs)
    bytes += output.byte_count;
  fuzz::require(bytes <= max_output_bytes, "a result is within the cap");
  fuzz::require(nlohmann::json::parse(result.metadata).is_object(), "metadata is an object");
  for (const std::string *const text : {&result.metadata, &result.result})
    fuzz::require(text->find("\\u0000") == std::string::npos, "jsonb takes it");
  if (!result.result.empty())
    fuzz::require(nlohmann::json::accept(result.result), "a result is JSON");
}

bool ended(courier::Adapter &adapter, std::string_view answer, std::size_t cut) {
  constexpr std::size_t status_digits = 3;
  if (answer.size() < status_digits) return true;
  bool const is_success = answer.front() == '2';
  std::string_view const body = answer.substr(status_digits);
  check_request(adapter.request());
  if (auto const cancel = adapter.cancel_request()) check_request(*cancel);
  if (!is_success) {
    long const status = 400 + static_cast<unsigned char>(answer[1]) % 100 +
                        100 * (static_cast<unsigned char>(answer[2]) % 2);
    throw courier::AttemptError(adapter.explain({status, "application/json", false}, body));
  }
  adapter.begin_response({200, "application/json", false});
  adapter.consume(body.substr(0, cut));
  adapter.consume(body.substr(std::min(cut, body.size())));
  courier::Step const step = adapter.finish();
  double const progress = adapter.progress();
  fuzz::require(progress <= 1, "progress is a fraction");
  if (const auto *const result = std::get_if<courier::Result>(&step)) {
    check_result(*result);
    return true;
  }
  fuzz::require(!adapter.external_id().empty(), "who asks again knows what for");
  fuzz::require(std::get<courier::Again>(step).after <= std::chrono::seconds(20),
                "no pause is endless");
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size < 2) return 0;
  std::string_view rest = fuzz::as_text(data + 2, size - 2);
  std::size_t const cut = data[1];
  try {
    auto const adapter = courier::make_adapter(make_submit(data[0]), "/tmp");
    bool is_over = false;
    while (!is_over && !rest.empty()) {
      std::string_view const answer = rest.substr(0, rest.find(separator));
      rest.remove_prefix(std::min(answer.size() + 1, rest.size()));
      is_over = ended(*adapter, answer, std::min(cut, answer.size()));
    }
  } catch (const courier::AttemptError &error) {
    fuzz::require(!error.message().empty(), "a failure has a reason");
    fuzz::require(error.error_class() != wire::ErrorClass::internal,
                  "no answer makes our own side fail");
  }
  return 0;
}
