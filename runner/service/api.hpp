// The HTTP API: routes, authentication, and the way from a request through the queue to the model
// and back.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "runner/device/device.hpp"
#include "runner/http/connection.hpp"
#include "runner/http/message.hpp"
#include "runner/models/pipeline.hpp"
#include "runner/service/image_request.hpp"
#include "runner/service/work_queue.hpp"

namespace runner {

struct ApiOptions {
  std::string model_id;
  std::string token;  // empty: everybody may ask
  int64_t max_pixels = 0;
  int64_t max_steps = 150;
  size_t max_queue = 32;
};

class Api {
 public:
  Api(const Pipeline &pipeline, const Device &device, ApiOptions options);

  HttpResponse handle(const HttpRequest &request, Client &client);
  static HttpResponse format_error(int status, const std::string &message);
  // Cancels what waits and what runs.
  void stop() { queue_.stop(); }

 private:
  struct Outcome;

  HttpResponse route(const HttpRequest &request, Client &client);
  bool is_authorized(const HttpRequest &request) const;
  HttpResponse health(bool detailed) const;
  HttpResponse models() const;
  HttpResponse generate_images(const HttpRequest &request, Client &client);
  void run_in_queue(const PictureRequest &picture, Outcome &outcome, Client &client);
  void compute(const PictureRequest &picture, const Ticket &ticket, Outcome &outcome) const;
  int retry_after_s() const;
  void count(const Outcome &outcome);

  const Pipeline &pipeline_;
  const Device &device_;
  const ApiOptions options_;
  const RequestLimits limits_;
  const std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
  std::atomic<uint64_t> served_ = 0, failed_ = 0, cancelled_ = 0, pictures_ = 0;
  std::atomic<double> average_ms_ = 0;  // of a request's computation
  WorkQueue queue_;                     // last: its thread must end first
};

}  // namespace runner
