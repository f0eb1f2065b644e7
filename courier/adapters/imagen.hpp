// imagen.hpp -- models/M:predict of the Gemini API.
//
// Pictures that the provider filters out are missing in its answer, and are not charged: with at
// least one the job is done, with none it was refused for its content.
#pragma once

#include <memory>
#include <string>

#include "courier/adapters/adapter.hpp"

namespace courier {

std::unique_ptr<Adapter> make_imagen(const wire::Submit &submit, const std::string &spool_folder);

}  // namespace courier
