// The library's entry point: settings, shared memory and the launcher, nothing else.
#include "bgworkers/registration.hpp"
#include "src/functions/caller.hpp"
#include "src/functions/concealment.hpp"
#include "src/pg/settings.hpp"
#include "src/pg/shared_state.hpp"

extern "C" {
#include "fmgr.h"
#include "miscadmin.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void _PG_init(void) {
  settings::define();
  caller::define_settings();
  concealment::install();
  if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade) return;
  shared::request_space();
  bgworkers::register_launcher_at_preload();
}
}
