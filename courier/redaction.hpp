// redaction.hpp -- a server may quote the credential that it did not like.
#pragma once

#include <string>
#include <vector>

namespace courier {

class Redaction {
 public:
  explicit Redaction(const std::string &secret);

  // The text with a mark in the place of the secret, also where it is written in base64 (as Basic
  // sends it), with the slashes of JSON escaped, or as a part of a URL.
  std::string text(std::string text) const;
  // The same within the texts of a JSON document, where the secret may be written with escapes.
  std::string json(const std::string &text) const;

 private:
  std::vector<std::string> forms_;  // none: there is nothing to hide
};

}  // namespace courier
