#include "courier/adapters/openai_metadata.hpp"

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "wire/text.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;

constexpr std::size_t max_revised_prompt_bytes = 2000;
constexpr std::size_t max_member_bytes = 4096;
constexpr std::array kept_members = {"created", "model",   "usage",        "timings",
                                     "size",    "quality", "output_format"};

// jsonb refuses the character U+0000, which JSON allows.
Json without_nul(const Json &value) {
  if (value.is_string())
    return wire::clean_text(value.get_ref<const std::string &>(), max_member_bytes,
                            wire::Lines::many);
  if (value.is_array()) {
    Json clean = Json::array();
    for (const Json &member : value)
      clean.push_back(without_nul(member));
    return clean;
  }
  if (value.is_object()) {
    Json clean = Json::object();
    for (const auto &[key, member] : value.items())
      clean[wire::clean_text(key, max_member_bytes, wire::Lines::one)] = without_nul(member);
    return clean;
  }
  return value;
}

const Json *find_member(const Json &object, const char *name) {
  auto const found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

}  // namespace

const Json *find_openai_entry(const Json &document, std::size_t index) {
  if (!document.is_object()) return nullptr;
  const Json *const data = find_member(document, "data");
  if (data == nullptr || !data->is_array() || index >= data->size()) return nullptr;
  const Json &entry = data->at(index);
  return entry.is_object() ? &entry : nullptr;
}

std::int64_t openai_seed(const Json &document, std::size_t index) {
  const Json *const entry = find_openai_entry(document, index);
  const Json *const seed = entry != nullptr ? find_member(*entry, "seed") : nullptr;
  if (seed == nullptr || !seed->is_number_integer()) return -1;
  if (seed->is_number_unsigned() && seed->get<std::uint64_t>() > INT64_MAX) return -1;
  return seed->get<std::int64_t>();
}

std::string openai_metadata(const Json &document, const std::vector<wire::Output> &outputs) {
  Json metadata = Json::object();
  for (const char *const name : kept_members) {
    const Json *const member = find_member(document, name);
    if (member == nullptr) continue;
    Json clean = without_nul(*member);
    if (clean.dump().size() <= max_member_bytes) metadata[name] = std::move(clean);
  }
  Json pictures = Json::array();
  for (const wire::Output &output : outputs) {
    Json picture = {{"index", output.index}};
    if (output.seed >= 0) picture["seed"] = output.seed;
    const Json *const entry = find_openai_entry(document, output.index);
    const Json *const prompt = entry != nullptr ? find_member(*entry, "revised_prompt") : nullptr;
    if (prompt != nullptr && prompt->is_string())
      picture["revised_prompt"] = wire::clean_text(prompt->get_ref<const std::string &>(),
                                                   max_revised_prompt_bytes, wire::Lines::many);
    pictures.push_back(std::move(picture));
  }
  metadata["outputs"] = std::move(pictures);
  return metadata.dump();
}

}  // namespace courier
