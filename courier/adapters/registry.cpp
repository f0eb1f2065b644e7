// registry.cpp -- the adapters by the names that endpoints use. A new one is a line here and a file
// beside it.
#include <array>
#include <string>
#include <string_view>

#include "courier/adapters/a1111.hpp"
#include "courier/adapters/adapter.hpp"
#include "courier/adapters/comfyui.hpp"
#include "courier/adapters/fal.hpp"
#include "courier/adapters/gemini.hpp"
#include "courier/adapters/health_probe.hpp"
#include "courier/adapters/http_json.hpp"
#include "courier/adapters/json_document.hpp"
#include "courier/adapters/kserve_v2.hpp"
#include "courier/adapters/lookup.hpp"
#include "courier/adapters/ollama.hpp"
#include "courier/adapters/openai_chat.hpp"
#include "courier/adapters/openai_embeddings.hpp"
#include "courier/adapters/openai_images.hpp"
#include "courier/adapters/openai_videos.hpp"
#include "courier/adapters/parameter_words.hpp"
#include "courier/adapters/replicate.hpp"
#include "courier/adapters/runpod.hpp"
#include "courier/adapters/sdcpp.hpp"

namespace courier {

namespace {

using Factory = std::unique_ptr<Adapter> (*)(const wire::Submit &, const std::string &spool_folder);

struct Entry {
  std::string_view name;
  Factory make;
  bool chooses_id = false;  // its requests have our id: it can ask for one whose answer was lost
  bool renames = false;     // parameters, by an option of its own
};

// clang-format off
constexpr std::array adapters = {
    Entry{"a1111", make_a1111},
    Entry{"comfyui", make_comfyui, true},
    Entry{"fal", make_fal, false, true},
    Entry{"gemini", make_gemini},
    Entry{"http_json", make_http_json},
    Entry{"kserve_v2", make_kserve_v2},
    Entry{"ollama", make_ollama},
    Entry{"openai_chat", make_openai_chat},
    Entry{"openai_embeddings", make_openai_embeddings},
    Entry{"openai_images", make_openai_images},
    Entry{"openai_videos", make_openai_videos},
    Entry{"replicate", make_replicate, false, true},
    Entry{"runpod", make_runpod, false, true},
    Entry{"sdcpp", make_sdcpp},
};
// clang-format on

std::unique_ptr<Adapter> make_adapter(const Entry &entry, const wire::Submit &submit,
                                      const std::string &spool_folder) {
  bool const is_known = entry.chooses_id || !submit.external_id.empty();  // it asks by itself
  if (submit.purpose != wire::Purpose::lookup || is_known) return entry.make(submit, spool_folder);
  wire::Submit request = submit;
  request.options = options_of_lookup(submit.options);
  return make_lookup(submit, entry.make(request, spool_folder));
}

bool may_have_words(const std::string &options) {
  return options.find("\"values\"") != std::string::npos ||
         options.find("\"rename\"") != std::string::npos;
}

}  // namespace

std::unique_ptr<Adapter> make_adapter(const wire::Submit &submit, const std::string &spool_folder) {
  if (submit.purpose == wire::Purpose::probe)
    return submit.adapter == "json_document" ? make_json_document(submit)
                                             : make_health_probe(submit);
  for (const Entry &entry : adapters) {
    if (entry.name != submit.adapter) continue;
    if (!may_have_words(submit.options)) return make_adapter(entry, submit, spool_folder);
    ParameterWords const words(submit.options, !entry.renames);
    wire::Submit translated = submit;
    translated.parameters = words.translate(submit.parameters);
    translated.options = words.others();
    return make_adapter(entry, translated, spool_folder);
  }
  throw AttemptError(wire::ErrorClass::internal, "there is no adapter \"" + submit.adapter + "\"");
}

}  // namespace courier
