// What an error of the database means to a worker.
#pragma once

#include <string>

#include "runner/pull/door.hpp"

namespace runner::pull {

// An empty SQLSTATE: the connection was lost.
DoorError sql_error(const std::string &sqlstate, const std::string &message);

}  // namespace runner::pull
