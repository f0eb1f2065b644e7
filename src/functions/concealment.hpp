// Keeps statements that hand over secrets out of the server log.
#pragma once

namespace concealment {

// Called once, from _PG_init.
void install();

}  // namespace concealment
