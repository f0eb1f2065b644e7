// server_error.hpp -- what a server of one's own says went wrong.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "courier/adapters/adapter.hpp"

namespace courier {

// The text in any of the usual forms: {"error": "..."}, {"error": {"message": "..."}},
// {"message": "..."}, {"detail": "..."}, FastAPI's {"detail": [{"loc": [...], "msg": "..."}]}.
// Empty when there is none.
std::string server_error_text(const nlohmann::json &body);

// What was being done, the status, and what the server says: "asked for job 7, the server answers
// 404: not found". Out of memory is a crash, whatever the status.
AttemptError server_error(const ResponseHead &head, std::string_view body,
                          const std::string &doing = "");

// Whether a server says that its memory was not enough.
bool is_out_of_memory(std::string_view text);

}  // namespace courier
