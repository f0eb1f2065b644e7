// atelier-runner --pull: one model on one device, for a database that cannot connect to it.
#pragma once

#include "runner/options.hpp"

namespace runner {

// Works until it is told to stop. Returns the exit status.
int pull_jobs(const Options &options);

}  // namespace runner
