// Who administers the product.
#pragma once

extern "C" {
#include "postgres.h"
}

// Whether the user, a uuid, has the role admin. May leave by longjmp.
bool is_administrator(Datum user_id);
