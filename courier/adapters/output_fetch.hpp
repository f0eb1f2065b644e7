// output_fetch.hpp -- the outputs of an attempt that lie behind URLs or paths, fetched one by one.
//
// For an adapter whose server answers with places instead of bytes: it adds them, and while there
// is a next one, hands on requests and answers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "courier/adapters/adapter.hpp"
#include "courier/ingest/output_writer.hpp"

namespace courier {

class OutputFetch {
 public:
  // max_bytes: of all outputs together.
  OutputFetch(std::string spool_folder, std::uint64_t max_bytes)
      : spool_folder_(std::move(spool_folder)), max_bytes_(max_bytes), budget_(max_bytes) {}

  // name: how errors call it, for example "output[0]".
  void add(HttpRequest request, std::string name);
  bool pending() const noexcept { return outputs_.size() < places_.size(); }

  // Of the first output that is pending.
  HttpRequest request() const { return places_.at(outputs_.size()).request; }
  void begin_response(const ResponseHead &head);
  void consume(std::string_view body);
  void finish();  // throws AttemptError: bad_response, too_large, internal
  // Gone, forbidden or not found mean that it expired.
  AttemptError explain(const ResponseHead &head) const;

  // All of them, in the order in which they were added, with their indices.
  std::vector<wire::Output> take() { return std::move(outputs_); }

 private:
  struct Place {
    HttpRequest request;
    std::string name;
  };

  std::string const spool_folder_;
  std::uint64_t const max_bytes_;
  ingest::ByteBudget budget_;
  std::uint64_t spent_ = 0;  // on the finished ones
  std::vector<Place> places_;
  std::optional<ingest::OutputWriter> writer_;
  std::vector<wire::Output> outputs_;
};

// A GET of that URL.
HttpRequest fetch_url(std::string url, std::vector<std::string> trusted_hosts = {});

// A GET of that URL, or of that path at the endpoint's own server. name: how errors call it. Throws
// AttemptError(bad_response) for what is neither.
HttpRequest fetch_place(const std::string &place, const std::string &name,
                        std::vector<std::string> trusted_hosts = {});

}  // namespace courier
