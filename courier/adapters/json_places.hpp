// json_places.hpp -- a JSON pointer (RFC 6901) in which a * stands for every place of an array.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "courier/json/skeleton.hpp"

namespace courier {

class JsonPlaces {
 public:
  // Nothing for a text that is no JSON pointer.
  static std::optional<JsonPlaces> parse(std::string_view text);

  bool contain(const json::Path &path) const;

 private:
  std::vector<std::string> steps_;
};

// The path as a JSON pointer, for messages.
std::string to_pointer(const json::Path &path);

}  // namespace courier
