// openai_images.hpp -- POST /images/generations, or with pictures to start from /images/edits,
// answered at once with b64_json or with URLs.
//
// Exactly as many pictures as asked for make a success; fewer or more are a bad_response, so a job
// never completes with less than its user paid for.
#pragma once

#include <memory>
#include <string>

#include "courier/adapters/adapter.hpp"

namespace courier {

std::unique_ptr<Adapter> make_openai_images(const wire::Submit &submit,
                                            const std::string &spool_folder);

}  // namespace courier
