// openai_images.hpp -- POST /images/generations, answered at once with b64_json.
//
// Exactly as many pictures as asked for make a success; fewer or more are a bad_response, so a job
// never completes with less than its user paid for. An answer with urls instead of bytes is
// refused.
#pragma once

#include <memory>
#include <string>

#include "courier/adapters/adapter.hpp"

namespace courier {

std::unique_ptr<Adapter> make_openai_images(const wire::Submit &submit,
                                            const std::string &spool_folder);

}  // namespace courier
