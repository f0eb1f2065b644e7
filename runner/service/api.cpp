#include "runner/service/api.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "runner/image/png.hpp"
#include "runner/service/api_error.hpp"
#include "runner/service/base64.hpp"
#include "runner/service/generation_notes.hpp"

namespace runner {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

double milliseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

int64_t unix_seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

HttpResponse json_response(const json &body) {
  HttpResponse response;
  response.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return response;
}

// Takes the same time wherever the strings differ.
bool equal_in_constant_time(const std::string &a, const std::string &b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i % b.size()]);
  }
  return difference == 0;
}

bool is_json(const HttpRequest &request) {
  const auto type = request.header("content-type").value_or("");
  return type.substr(0, type.find(';')) == "application/json";
}

}  // namespace

// What the queue's thread leaves behind for the connection's thread.
struct Api::Outcome {
  uint64_t pictures = 0;
  std::string data;  // the elements of the answer's "data", ready to send
  GenerationSummary summary;
  std::string error;
  bool done = false, cancelled = false;
  Clock::time_point submitted = Clock::now(), started, finished;
};

Api::Api(const Pipeline &pipeline, const Device &device, ApiOptions options)
    : pipeline_(pipeline),
      device_(device),
      options_(std::move(options)),
      limits_(request_limits(pipeline.limits(), options_.max_pixels, options_.max_steps)),
      queue_(options_.max_queue, [&device] { device.enter_thread(); }) {}

HttpResponse Api::format_error(int status, const std::string &message) {
  const auto *type = status >= 500 ? "server_error" : "invalid_request_error";
  return to_response({status, type, "http_" + std::to_string(status), message});
}

HttpResponse Api::handle(const HttpRequest &request, Client &client) {
  try {
    return route(request, client);
  } catch (const ApiError &error) {
    return to_response(error);
  }
}

HttpResponse Api::route(const HttpRequest &request, Client &client) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const bool authorized = is_authorized(request);
  if (request.path == "/health" && reads) return health(authorized);
  if (!authorized) {
    throw ApiError(401, "authentication_error", "invalid_api_key",
                   "a valid bearer token is required");
  }
  if (request.path == "/v1/models" && reads) return models();
  if (request.path == "/v1/images/generations" && request.method == "POST") {
    return generate_images(request, client);
  }
  const bool known = request.path == "/health" || request.path == "/v1/models" ||
                     request.path == "/v1/images/generations";
  if (known) {
    throw ApiError(405, "invalid_request_error", "method_not_allowed",
                   request.method + " is not possible on " + request.path);
  }
  throw ApiError(404, "invalid_request_error", "not_found", "there is no " + request.path);
}

bool Api::is_authorized(const HttpRequest &request) const {
  if (options_.token.empty()) return true;
  const auto header = request.header("authorization").value_or("");
  constexpr std::string_view scheme = "Bearer ";
  return header.starts_with(scheme) &&
         equal_in_constant_time(header.substr(scheme.size()), options_.token);
}

// Without the token it only says that the server is alive.
HttpResponse Api::health(bool detailed) const {
  json body = {{"status", "ok"}};
  if (!detailed) return json_response(body);
  const auto device = device_.status();
  body["version"] = ATELIER_VERSION;
  body["uptime_s"] = unix_seconds(std::chrono::system_clock::now()) - unix_seconds(started_);
  body["devices"] = json::array({{{"id", device.id},
                                  {"name", device.name},
                                  {"threads", device.threads},
                                  {"memory_total_bytes", device.memory_total_bytes},
                                  {"memory_free_bytes", device.memory_free_bytes},
                                  {"memory_used_bytes", device.memory_used_bytes}}});
  body["models"] = json::array({{{"id", options_.model_id},
                                 {"device", device.id},
                                 {"native_width", limits_.model.native_width},
                                 {"native_height", limits_.model.native_height},
                                 {"size_multiple", limits_.model.size_multiple},
                                 {"max_pixels", limits_.max_pixels},
                                 {"max_steps", limits_.max_steps},
                                 {"max_images", limits_.max_images}}});
  body["queue"] = {{"waiting", queue_.waiting()},
                   {"running", queue_.running()},
                   {"limit", queue_.max_waiting()}};
  body["requests"] = {{"served", served_.load()},
                      {"failed", failed_.load()},
                      {"cancelled", cancelled_.load()},
                      {"pictures", pictures_.load()},
                      {"average_ms", rounded(average_ms_.load())}};
  return json_response(body);
}

HttpResponse Api::models() const {
  return json_response({{"object", "list"},
                        {"data", json::array({{{"id", options_.model_id},
                                               {"object", "model"},
                                               {"created", unix_seconds(started_)},
                                               {"owned_by", "atelier"}}})}});
}

HttpResponse Api::generate_images(const HttpRequest &request, Client &client) {
  // Insisting on the type also keeps other sites' pages from posting here through a browser.
  if (!is_json(request)) {
    throw ApiError(415, "invalid_request_error", "unsupported_media_type",
                   "Content-Type must be application/json");
  }
  auto parsed = parse_image_request(request.body, limits_);
  if (parsed.model && *parsed.model != options_.model_id) {
    auto error = ApiError(
        404, "invalid_request_error", "model_not_found",
        "the model \"" + *parsed.model + "\" is not loaded here; \"" + options_.model_id + "\" is");
    error.param = "model";
    throw error;
  }
  const auto picture = seeded(std::move(parsed));
  Outcome outcome;
  run_in_queue(picture, outcome, client);

  const auto &summary = outcome.summary;
  auto timings = timing_notes(summary.timings);
  timings["queue_ms"] = rounded(milliseconds(outcome.started - outcome.submitted));
  timings["total_ms"] = rounded(milliseconds(outcome.finished - outcome.submitted));
  HttpResponse response;
  response.body = std::move(outcome.data);
  response.body +=
      "],\"created\":" + std::to_string(unix_seconds(std::chrono::system_clock::now()));
  response.body += ",\"model\":" + json(options_.model_id).dump() + ",\"output_format\":\"png\"";
  response.body += ",\"size\":\"" + size_text(picture) + "\"";
  response.body +=
      ",\"usage\":" + usage_notes(summary).dump() + ",\"timings\":" + timings.dump() + "}";
  return response;
}

// Waits until the pictures are there; gives up the work when the client does.
void Api::run_in_queue(const PictureRequest &picture, Outcome &outcome, Client &client) {
  std::shared_ptr<Ticket> ticket;
  try {
    ticket = queue_.submit(
        [this, &picture, &outcome](const Ticket &running) { compute(picture, running, outcome); });
  } catch (const QueueFull &) {
    auto error =
        ApiError(429, "rate_limit_error", "queue_full",
                 "all " + std::to_string(queue_.max_waiting()) + " places in the queue are taken");
    error.retry_after_s = retry_after_s();
    throw error;
  } catch (const QueueStopped &) {
    outcome.cancelled = true;
  }
  const bool client_stayed = !ticket || client.wait_for(ticket->finished_descriptor());
  if (!client_stayed) {
    queue_.cancel(ticket);
    ticket->wait();
  }
  outcome.cancelled = outcome.cancelled || !outcome.done;
  count(outcome);
  if (!client_stayed) throw ClientGone();
  if (!outcome.error.empty()) throw ApiError(500, "server_error", "internal_error", outcome.error);
  if (outcome.cancelled) {
    auto error = ApiError(503, "server_error", "shutting_down", "the server is stopping");
    error.retry_after_s = 1;
    throw error;
  }
}

// Runs on the queue's thread.
void Api::compute(const PictureRequest &picture, const Ticket &ticket, Outcome &outcome) const {
  outcome.started = Clock::now();
  try {
    outcome.data = "{\"data\":[";
    outcome.summary = pipeline_.generate(
        picture, [&ticket] { return ticket.is_cancelled(); },
        [&outcome](Picture &&made) {
          outcome.data += outcome.pictures++ == 0 ? "{\"b64_json\":\"" : ",{\"b64_json\":\"";
          append_base64(encode_png(made.rgb, made.width, made.height), outcome.data);
          outcome.data += "\",\"seed\":" + std::to_string(made.seed) + "}";
        });
    outcome.done = true;
  } catch (const Cancelled &) {
    outcome.cancelled = true;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "atelier-runner: %s\n", error.what());
    outcome.error = brief_message(error);
    outcome.done = true;
  }
  outcome.finished = Clock::now();
}

int Api::retry_after_s() const {
  const auto line = static_cast<double>(queue_.waiting() + queue_.running());
  return static_cast<int>(std::clamp(std::ceil(average_ms_.load() * line / 1000), 1.0, 600.0));
}

void Api::count(const Outcome &outcome) {
  if (outcome.cancelled) {
    ++cancelled_;
  } else if (!outcome.error.empty()) {
    ++failed_;
  } else {
    ++served_;
    pictures_ += outcome.pictures;
    const auto spent = milliseconds(outcome.finished - outcome.started);
    const auto average = average_ms_.load();
    average_ms_ = average == 0 ? spent : 0.8 * average + 0.2 * spent;
  }
}

}  // namespace runner
