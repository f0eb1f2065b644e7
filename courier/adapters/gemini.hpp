// gemini.hpp -- Google's Gemini API: texts and pictures of Gemini models, pictures of Imagen.
//
//   text      models/M:streamGenerateContent?alt=sse, or :generateContent if stream says false
//   pictures  models/M:generateContent, for models with "image" in their name
//   Imagen    models/M:predict
#pragma once

#include <memory>
#include <string>

#include "courier/adapters/adapter.hpp"

namespace courier {

std::unique_ptr<Adapter> make_gemini(const wire::Submit &submit, const std::string &spool_folder);

}  // namespace courier
