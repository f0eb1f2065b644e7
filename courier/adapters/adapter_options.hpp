// adapter_options.hpp -- what an adapter has to know of a provider or a model, from their rows.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace courier {

class AdapterOptions {
 public:
  // Of an empty text or an object. Throws AttemptError(invalid_input) for options the adapter does
  // not have; all of these do for values that are none. Those of lookup_options.hpp are let pass.
  AdapterOptions(std::string_view adapter, const std::string &text,
                 std::initializer_list<std::string_view> names);

  // Null when it is not given.
  const nlohmann::json &value(const char *name) const;
  std::string text(const char *name, const std::string &otherwise) const;
  bool flag(const char *name, bool otherwise) const;
  std::size_t count(const char *name, std::size_t otherwise, std::size_t highest) const;
  // An empty object when it is not given.
  nlohmann::json object(const char *name) const;

  [[noreturn]] static void refuse(const std::string &why);

 private:
  nlohmann::json given_ = nlohmann::json::object();
};

}  // namespace courier
