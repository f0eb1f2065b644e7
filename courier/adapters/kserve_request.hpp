// kserve_request.hpp -- a job as an inference server with the KServe v2 protocol wants it.
//
// Options, in adapter_options of the model:
//   inputs       [{"name", "datatype", "shape", "value", "base64"}]: value is a template, see
//                http_json_template.hpp; shape is [number of elements] by default, and one of its
//                members may be -1; with base64 the value is decoded. One whose value is not given
//                is left out
//   outputs      [{"name", "kind", "base64"}]: kind is picture (BYTES, an encoded file each), text
//                (BYTES), or data (numbers); with base64 a picture is base64 in its BYTES, too
//   model        its name there; by default the model's key
//   version      of the model; by default the server chooses
//   parameters   of the request, such as {"priority": 1}
//   binary       whether tensors follow the JSON as they are; by default true
//   max_outputs  how many pictures there are at most; by default 8, or n if that is more
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "wire/messages.hpp"

namespace courier {

struct KserveOutput {
  enum class Kind { picture, text, data };

  std::string name;
  Kind kind = Kind::picture;
  bool base64 = false;
};

struct KserveRequest {
  std::string path;
  std::string body;
  std::size_t json_bytes = 0;  // how much of the body is JSON
  bool binary = true;
  std::vector<KserveOutput> outputs;
  std::size_t max_outputs = 8;

  const KserveOutput *output(const std::string &name) const;
};

// Throws AttemptError(invalid_input).
KserveRequest make_kserve_request(const wire::Submit &submit);

}  // namespace courier
