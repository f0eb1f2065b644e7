// http_json.hpp -- POST JSON, get JSON: the adapter for servers whose answer is data and not a
// file.
//
// What differs from one such server to the next is in its provider's row (adapter_options), so that
// another one needs no C++: see http_json_options.hpp.
#pragma once

#include <memory>
#include <string>

#include "courier/adapters/adapter.hpp"

namespace courier {

std::unique_ptr<Adapter> make_http_json(const wire::Submit &submit,
                                        const std::string &spool_folder);

}  // namespace courier
