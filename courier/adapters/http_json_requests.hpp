// http_json_requests.hpp -- the requests of an API whose words are in its provider's row.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "courier/adapters/adapter.hpp"
#include "courier/adapters/http_json_options.hpp"
#include "courier/adapters/http_json_template.hpp"
#include "courier/adapters/input_pictures.hpp"
#include "courier/adapters/lookup_options.hpp"

namespace courier {

// All of these throw AttemptError(invalid_input) for what cannot be sent.
class HttpJsonRequests {
 public:
  HttpJsonRequests(const wire::Submit &submit, const HttpJsonOptions &options);

  // The pictures that have to be fetched before submit().
  InputPictures find_pictures() const;
  HttpRequest submit(const InputPictures &pictures) const;
  // One that is about the request which has that id.
  HttpRequest about(const RequestForm &form, const std::optional<nlohmann::json> &body,
                    const std::string &external_id) const;

 private:
  HttpRequest begin(const RequestForm &form, const TemplateValues &values, bool has_body) const;
  nlohmann::json parameters() const;
  void put_pictures(nlohmann::json &parameters, const InputPictures &pictures) const;
  nlohmann::json fill_body(const TemplateValues &values) const;

  const HttpJsonOptions &options_;
  LookupOptions const lookup_;
  std::string const id_;
  std::string const model_;
  std::string const parameters_;
  std::string const webhook_url_;
};

}  // namespace courier
