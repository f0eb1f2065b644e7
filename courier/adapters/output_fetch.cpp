#include "courier/adapters/output_fetch.hpp"

#include <algorithm>
#include <utility>

#include "courier/http_status.hpp"

namespace courier {

using wire::ErrorClass;

HttpRequest fetch_url(std::string url, std::vector<std::string> trusted_hosts) {
  HttpRequest request;
  request.method = Method::get;
  request.url = std::move(url);
  request.trusted_hosts = std::move(trusted_hosts);
  return request;
}

HttpRequest fetch_place(const std::string &place, const std::string &name,
                        std::vector<std::string> trusted_hosts) {
  if (place.starts_with("https://") || place.starts_with("http://"))
    return fetch_url(place, std::move(trusted_hosts));
  bool const is_printable =
      std::all_of(place.begin(), place.end(), [](char byte) { return byte > ' ' && byte <= '~'; });
  if (!place.starts_with('/') || !is_printable)
    throw AttemptError(ErrorClass::bad_response, name + " is neither an http(s) URL nor a path");
  HttpRequest request;
  request.method = Method::get;
  request.from_root = true;
  std::size_t const mark = std::min(place.find('?'), place.size());
  request.path = place.substr(0, mark);
  if (mark < place.size()) request.query = place.substr(mark + 1);
  return request;
}

void OutputFetch::add(HttpRequest request, std::string name) {
  places_.push_back({std::move(request), std::move(name)});
}

void OutputFetch::begin_response(const ResponseHead &) {
  writer_.reset();
  budget_ = ingest::ByteBudget(max_bytes_);
  budget_.spend(spent_);
  writer_.emplace(spool_folder_, budget_, places_.at(outputs_.size()).name);
}

void OutputFetch::consume(std::string_view body) { writer_->write(body); }

void OutputFetch::finish() {
  wire::Output output = writer_->finish();
  writer_.reset();
  spent_ += output.byte_count;
  output.index = static_cast<std::uint32_t>(outputs_.size());
  outputs_.push_back(std::move(output));
}

AttemptError OutputFetch::explain(const ResponseHead &head) const {
  constexpr long forbidden = 403;
  constexpr long not_found = 404;
  constexpr long gone = 410;
  bool const expired = head.status == forbidden || head.status == not_found || head.status == gone;
  return {expired ? ErrorClass::expired : class_of_status(head.status, head.has_retry_after),
          "asked for " + places_.at(outputs_.size()).name + ", the server answers " +
              std::to_string(head.status)};
}

}  // namespace courier
