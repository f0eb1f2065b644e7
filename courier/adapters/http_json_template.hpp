// http_json_template.hpp -- the request to a provider that does not take parameters as they are.
//
// A template is JSON of any form. In its texts {model}, {id} and {external_id} stand for the
// provider's name of the model, our id of the request and the provider's; a text that is
// "{parameters}" and nothing else for all parameters, "{parameters.seed}" for one of them,
// "{webhook_url}" for where the provider may report. A member or an element for what is not given
// is left out.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace courier {

struct TemplateValues {
  const std::string &model;
  const std::string &id;
  const nlohmann::json &parameters;
  std::string external_id = {};
  std::string_view webhook_url = {};
};

nlohmann::json fill_template(const nlohmann::json &form, const TemplateValues &values);

// The same in a text: {model}, {id} and {external_id}.
std::string fill_text(std::string text, const TemplateValues &values);

// The same in a path, where they are encoded; slashes stay. Throws AttemptError(bad_response) for
// an id that would lead to another place.
std::string fill_path(const std::string &path, const TemplateValues &values);

}  // namespace courier
