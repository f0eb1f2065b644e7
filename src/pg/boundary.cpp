#include "src/pg/boundary.hpp"

extern "C" {
#include "miscadmin.h"
}

namespace pg {

void throw_current_error(MemoryContext caller) {
  MemoryContext volatile home = nullptr;
  ErrorData *volatile copy = nullptr;
  {
    // Copying allocates, and can fail in turn.
    ErrorStackGuard restore;
    sigjmp_buf landing;
    if (sigsetjmp(landing, 0) == 0) {
      PG_exception_stack = &landing;
      home = AllocSetContextCreate(TopMemoryContext, "pg::Error", ALLOCSET_SMALL_SIZES);
      MemoryContextSwitchTo(home);
      copy = CopyErrorData();
    }
  }
  MemoryContextSwitchTo(caller);
  FlushErrorState();
  if (copy == nullptr) {
    if (home != nullptr) MemoryContextDelete(home);
    throw std::bad_alloc();
  }
  throw Error(home, copy);
}

void Outgoing::raise() const {
  if (error != nullptr) ReThrowError(error);
  ereport(ERROR, (errcode(sqlstate), errmsg_internal("%s", message),
                  hint[0] != '\0' ? errhint("%s", hint) : 0));
  pg_unreachable();
}

void log(int level, const std::string &message) {
  const char *text = message.c_str();
  call([&] { ereport(level, errmsg_internal("%s", text)); });
}

void log(const Error &error) {
  ErrorData copy = error.data();
  copy.elevel = LOG;
  copy.output_to_client = false;
  call([&] { ThrowErrorData(&copy); });
}

void check_for_interrupts() {
  call([] { CHECK_FOR_INTERRUPTS(); });
}

}  // namespace pg
