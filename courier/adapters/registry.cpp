// registry.cpp -- the adapters by the names that endpoints use. A new one is a line here and a file
// beside it.
#include <array>
#include <string>
#include <string_view>

#include "courier/adapters/adapter.hpp"
#include "courier/adapters/http_json.hpp"
#include "courier/adapters/openai_images.hpp"

namespace courier {

namespace {

using Factory = std::unique_ptr<Adapter> (*)(const wire::Submit &, const std::string &spool_folder);

struct Entry {
  std::string_view name;
  Factory make;
};

constexpr std::array adapters = {
    Entry{"http_json", make_http_json},
    Entry{"openai_images", make_openai_images},
};

}  // namespace

std::unique_ptr<Adapter> make_adapter(const wire::Submit &submit, const std::string &spool_folder) {
  for (const Entry &entry : adapters)
    if (entry.name == submit.adapter) return entry.make(submit, spool_folder);
  throw AttemptError(wire::ErrorClass::internal, "there is no adapter \"" + submit.adapter + "\"");
}

}  // namespace courier
