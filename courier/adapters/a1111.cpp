#include "courier/adapters/a1111.hpp"

#include <array>
#include <optional>
#include <utility>

#include "courier/adapters/adapter_options.hpp"
#include "courier/adapters/job_parameters.hpp"
#include "courier/adapters/json_answer.hpp"
#include "courier/adapters/server_error.hpp"
#include "courier/adapters/streamed_answer.hpp"
#include "wire/frame.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using wire::ErrorClass;

// One more may come before them: the grid.
constexpr std::size_t most_pictures = wire::max_frame_descriptors - 1;
// The answer tells the prompt of every picture.
constexpr json::Skeleton::Limits limits{4096, std::size_t{1} << 20};

constexpr std::array<std::pair<const char *, const char *>, 4> places = {{
    {"guidance", "/cfg_scale"},
    {"sampler", "/sampler_name"},
    {"strength", "/denoising_strength"},
    {"image", "/init_images/0"},
}};

[[noreturn]] void reject(const std::string &why) {
  throw AttemptError(ErrorClass::bad_response, why);
}

const Json &member(const Json &object, const char *name) {
  static const Json none;
  if (!object.is_object()) return none;
  auto const found = object.find(name);
  return found == object.end() ? none : *found;
}

// {"error": "OutOfMemoryError", "detail": "", "body": "", "errors": "CUDA out of memory. ..."}: the
// error is only its kind, its words are behind it.
std::string details_of_error(const Json &document) {
  if (!member(document, "error").is_string()) return {};
  std::string details;
  for (const char *const name : {"detail", "errors"}) {
    const Json &more = member(document, name);
    if (!more.is_string() || more == "") continue;
    std::string const text = ": " + more.get<std::string>();
    if (text != details) details += text;
  }
  return details;
}

[[noreturn]] void fail_with_status_200(const std::string &why) {
  throw AttemptError(is_out_of_memory(why) ? ErrorClass::worker_crash : ErrorClass::bad_response,
                     "the server reports an error with status 200: " + why);
}

struct A1111Request {  // NOLINT(bugprone-exception-escape): moving JSON does not throw
  std::string path;
  std::string body;
  std::size_t picture_count = 1;
  Json seed;
};

// How many pictures a batch makes; the members may come from the options as well as from the job.
std::size_t count_of(const Json &body, const char *name) {
  const Json &value = member(body, name);
  if (value.is_null()) return 1;
  if (!value.is_number_integer() || value < 1 || value > most_pictures)
    throw AttemptError(ErrorClass::invalid_input, std::string("parameter ") + name +
                                                      " is not an integer from 1 to " +
                                                      std::to_string(most_pictures));
  return value.get<std::size_t>();
}

A1111Request make_request(const wire::Submit &submit) {
  AdapterOptions const options("a1111", submit.options, {"request"});
  JobParameters given(submit.parameters);
  given.split_size();
  Json body = {{"send_images", true}, {"save_images", false}};
  body.merge_patch(options.object("request"));
  Json asked = {{"force_task_id", submit.attempt.to_string()}};
  if (given.has("n")) asked["batch_size"] = given.take_count("n", most_pictures);
  if (given.has("image")) asked["init_images"] = Json::array();
  for (const auto &[name, place] : places)
    given.move(name, asked, place);
  asked.merge_patch(given.rest());
  body.merge_patch(asked);

  A1111Request request;
  request.path = body.contains("init_images") ? "/sdapi/v1/img2img" : "/sdapi/v1/txt2img";
  request.picture_count = count_of(body, "batch_size") * count_of(body, "n_iter");
  if (request.picture_count > most_pictures)
    throw AttemptError(ErrorClass::invalid_input, "batch_size and n_iter make more than " +
                                                      std::to_string(most_pictures) + " pictures");
  request.seed = member(body, "seed");
  request.body = json_text(body);
  return request;
}

class A1111 : public Adapter {
 public:
  A1111(const wire::Submit &submit, const std::string &spool_folder)
      : submission_(make_request(submit)),
        answer_(
            spool_folder, submit.max_output_bytes, picture_at,
            [this](const json::Path &path) { return is_not_needed(path); }, limits) {}

  HttpRequest request() override;
  std::size_t max_outputs() const override { return submission_.picture_count + 1; }
  void begin_response(const ResponseHead &head) override { answer_.begin(head); }
  void consume(std::string_view body) override { answer_.consume(body); }
  Step finish() override;
  AttemptError explain(const ResponseHead &head, std::string_view body) const override;
  std::optional<HttpRequest> cancel_request() override;

 private:
  static std::optional<std::size_t> picture_at(const json::Path &path);
  bool is_not_needed(const json::Path &path) const;
  Result take_result(const Json &info);

  A1111Request const submission_;
  StreamedAnswer answer_;
  bool interrupted_ = false;
};

HttpRequest A1111::request() {
  HttpRequest request;
  request.path = submission_.path;
  request.headers = {"Content-Type: application/json", "Accept: application/json"};
  request.body = submission_.body;
  return request;
}

// To close the connection stops nothing there.
std::optional<HttpRequest> A1111::cancel_request() {
  interrupted_ = true;
  HttpRequest request;
  request.path = "/sdapi/v1/interrupt";
  request.headers = {"Content-Type: application/json"};
  request.body = "{}";
  return request;
}

std::optional<std::size_t> A1111::picture_at(const json::Path &path) {
  bool const is_picture = path.size() == 2 && path[0].key == "images" && path[1].in_array;
  return is_picture ? std::optional<std::size_t>(path[1].index) : std::nullopt;
}

// The request comes back with the pictures that were in it; extensions add pictures of their own
// behind those that were asked for.
bool A1111::is_not_needed(const json::Path &path) const {
  if (path.size() == 1 && path[0].key == "parameters") return true;
  auto const number = picture_at(path);
  return number && *number > submission_.picture_count;
}

Step A1111::finish() {
  const Json &document = answer_.finish();
  if (interrupted_) reject("the pictures are what was there when they were interrupted");
  if (std::string const error = server_error_text(document); !error.empty())
    fail_with_status_200(error + details_of_error(document));
  const Json &info = member(document, "info");
  bool const has_info = info.is_string() && !info.get_ref<const std::string &>().empty();
  return take_result(has_info ? json_or_null(info.get_ref<const std::string &>()) : Json(nullptr));
}

Result A1111::take_result(const Json &info) {
  auto pictures = answer_.take_pictures();
  const Json &first = member(info, "index_of_first_image");
  bool const has_grid = first == 1 && pictures.size() > 1;
  if (has_grid) pictures.erase(0);
  if (pictures.size() < submission_.picture_count)
    reject("the answer has " + std::to_string(pictures.size()) + " of the " +
           std::to_string(submission_.picture_count) +
           " pictures asked for; somebody may have interrupted it");
  Result result;
  Json outputs = Json::array();
  const Json &seeds = member(info, "all_seeds");
  for (auto &[number, output] : pictures) {
    std::size_t const index = number - (has_grid ? 1 : 0);
    if (index >= submission_.picture_count) break;
    output.index = static_cast<std::uint32_t>(index);
    bool const is_told = seeds.is_array() && index < seeds.size();
    output.seed =
        is_told ? seed_of_output(seeds[index], 0) : seed_of_output(submission_.seed, index);
    Json facts = {{"index", index}};
    if (output.seed >= 0) facts["seed"] = output.seed;
    outputs.push_back(std::move(facts));
    result.outputs.push_back(std::move(output));
  }
  result.metadata = Json{{"outputs", std::move(outputs)}}.dump();
  return result;
}

AttemptError A1111::explain(const ResponseHead &head, std::string_view body) const {
  AttemptError const error = server_error(head, body);
  std::string message = error.message() + details_of_error(json_or_null(body));
  constexpr long first_server_error = 500;
  bool const crashed = head.status >= first_server_error && is_out_of_memory(message);
  return {crashed ? ErrorClass::worker_crash : error.error_class(), std::move(message)};
}

}  // namespace

std::unique_ptr<Adapter> make_a1111(const wire::Submit &submit, const std::string &spool_folder) {
  return std::make_unique<A1111>(submit, spool_folder);
}

}  // namespace courier
