// redaction.hpp -- a server may quote the credential that it did not like.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace courier {

class Redaction {
 public:
  explicit Redaction(std::string secret) : secret_(std::move(secret)) {}

  // The text with a mark in the place of the secret.
  std::string text(std::string text) const;
  // The same within the texts of a JSON document, where the secret may be written with escapes.
  std::string json(const std::string &text) const;

 private:
  std::string const secret_;
};

}  // namespace courier
