// openai_videos.hpp -- POST /videos, GET /videos/{id} until it is over, GET /videos/{id}/content;
// DELETE stops it.
#pragma once

#include <memory>
#include <string>

#include "courier/adapters/adapter.hpp"

namespace courier {

std::unique_ptr<Adapter> make_openai_videos(const wire::Submit &submit,
                                            const std::string &spool_folder);

}  // namespace courier
