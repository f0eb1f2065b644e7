# make              builds the extension, the courier and the runner
# make demo         makes pictures by SQL on a private server, from a fresh clone on
# make demo-shell   the same, then psql
# make check        every test; SUITES="regress pgtap" for some (tools/check --help lists them)
# make tree         installs what was built into the private copy of PostgreSQL that the tests run
# make install      installs into the PostgreSQL that PG_CONFIG names; DESTDIR is honoured
#
# PROGRAMS=courier leaves out the runner, which needs libtorch; PROGRAMS=no leaves out the courier, too.
#
# `make demo` and `make check` install missing Debian packages first. They never touch the installed PostgreSQL or
# its clusters: they run a copy of it in build/postgres.

PG_CONFIG       ?= pg_config
ATELIER_VERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" control/atelier.control)
PGXS            := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
PARALLEL        := $(shell nproc)
CCACHE          := $(shell command -v ccache)
TREE            := $(CURDIR)/build/postgres
MODEL            = models/tiny-sdxl
PROGRAMS        ?= yes
CMAKE_BUILD      = build/cmake$(if $(filter courier,$(PROGRAMS)),-courier)
PROGRAM_FILES    = $(CMAKE_BUILD)/courier/atelier-courier \
                   $(if $(filter yes,$(PROGRAMS)),$(CMAKE_BUILD)/runner/atelier-runner)

.DEFAULT_GOAL := build

ENTRY_POINTS     = check demo demo-shell

.PHONY: build extension programs tree install-programs install-postgrest format distclean FORCE $(ENTRY_POINTS)

ifneq ($(filter $(ENTRY_POINTS),$(MAKECMDGOALS)),)

# These must work before PostgreSQL is installed, and PGXS has a `check` of its own: they build through a second make.
# It dies with this one, and what it started dies with it.
$(ENTRY_POINTS):
	@tools/install-dependencies
	@exec setpriv --pdeathsig TERM tools/$@ $(SUITES)

else

MODULE_big   = atelier
EXTENSION    = control/atelier
RELEASES    := $(patsubst atelier--%,%,$(shell cd sql/updates && ls | sed -n "s/--[0-9.]*[.]sql$$//p"))
DATA_built   = $(patsubst %,build/sql/atelier--%.sql,$(ATELIER_VERSION) $(RELEASES:%=%--$(ATELIER_VERSION)))
# What the courier knows of adapter_options, so that rows are checked by the code that reads them.
OPTION_FILES = $(addprefix courier/adapters/,http_json_options.cpp http_json_values.cpp json_places.cpp lookup_options.cpp \
                 parameter_words.cpp)
# How the runner counts tokens, less ICU: src/tokenizers/unicode.cpp stands in for it.
TEXT_FILES   = runner/checkpoint/config.cpp \
               $(addprefix runner/text/,bpe.cpp spelling.cpp tokenizer.cpp unicode_tables.cpp)
SOURCES     := $(sort $(shell find src bgworkers -name '*.cpp' 2>/dev/null) $(wildcard wire/*.cpp) $(OPTION_FILES) $(TEXT_FILES))
OBJS         = $(SOURCES:%.cpp=build/extension/%.o)
PG_CPPFLAGS  = -I$(CURDIR) -isystem $(shell $(PG_CONFIG) --includedir-server 2>/dev/null) \
               -DATELIER_VERSION='"$(ATELIER_VERSION)"' -MMD -MP
PG_CXXFLAGS  = -std=c++20 -Wall -Wextra -Wshadow -Werror -fvisibility-inlines-hidden
# The server loads libraries into one global symbol space: our own calls must not land in another extension.
SHLIB_LINK   = -lstdc++ -lcrypto -Wl,-Bsymbolic-functions
EXTRA_CLEAN  = build/extension build/sql build/cmake build/cmake-courier
# Debian's PGXS would also compile everything to LLVM bitcode, as C++14.
override with_llvm := no

ifneq ($(wildcard $(PGXS)),)
include $(PGXS)
else
all install:
	@echo "PostgreSQL's server development files are missing: run tools/install-dependencies," \
	      "or name a pg_config with PG_CONFIG=..." >&2
	@exit 1
endif

build:
	@$(MAKE) --no-print-directory -j$(PARALLEL) all $(if $(filter-out no,$(PROGRAMS)),programs)

extension: all

build/extension/%.o: %.cpp
	@mkdir -p $(@D)
	@echo 'compiling $<'
	@$(CCACHE) $(CXX) $(CXXFLAGS) $(CPPFLAGS) -c -o $@ $<

-include $(OBJS:.o=.d)

# What was compiled for another PostgreSQL is of no use.
build/extension/server: FORCE
	@mkdir -p $(@D)
	@echo '$(PG_CONFIG) $(VERSION)' | cmp -s - $@ || echo '$(PG_CONFIG) $(VERSION)' > $@

$(OBJS): build/extension/server

# A removed source makes no file newer; the list of objects shows it.
build/extension/objects: FORCE
	@mkdir -p $(@D)
	@echo '$(OBJS)' | cmp -s - $@ || echo '$(OBJS)' > $@

$(MODULE_big).so: build/extension/objects

build/extension/src/functions/version.o: control/atelier.control

# $* is VERSION or OLD--VERSION.
build/sql/atelier--%.sql: FORCE
	@mkdir -p $(@D)
	@tools/assemble-sql $(filter-out $(ATELIER_VERSION),$(subst --, ,$*)) > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; echo 'assembled $@'; fi

$(CMAKE_BUILD)/build.ninja:
	cmake -S . -B $(@D) -G Ninja -DATELIER_BUILD_TESTS=OFF $(if $(filter courier,$(PROGRAMS)),-DATELIER_BUILD_RUNNER=OFF) \
	      $(if $(CCACHE),-DCMAKE_CXX_COMPILER_LAUNCHER=$(CCACHE))

programs: $(CMAKE_BUILD)/build.ninja
	@ninja -C $(CMAKE_BUILD) -n | grep -q 'no work to do' || ninja -C $(CMAKE_BUILD) -j $(PARALLEL)

ifneq ($(PROGRAMS),no)
install: install-programs
endif

install-programs: programs
	$(MKDIR_P) '$(DESTDIR)$(bindir)'
	$(INSTALL_PROGRAM) $(PROGRAM_FILES) '$(DESTDIR)$(bindir)'
	find $(MODEL) -type f -exec install -D -m 644 '{}' '$(DESTDIR)$(datadir)/atelier/{}' ';'

install: install-postgrest

install-postgrest:
	$(MKDIR_P) '$(DESTDIR)$(datadir)/atelier/postgrest'
	$(INSTALL_DATA) postgrest/authenticator.sql postgrest/postgrest.conf postgrest/realtime.sql '$(DESTDIR)$(datadir)/atelier/postgrest/'

# The copy has the paths of the original below TREE, so that an ordinary staged install puts our files into it.
tree: build
	@tools/copy-postgres '$(PG_CONFIG)' '$(TREE)'
	@$(MAKE) --no-print-directory -s install DESTDIR='$(TREE)' PROGRAMS=$(PROGRAMS)

format:
	git ls-files -z --cached --others --exclude-standard '*.cpp' '*.hpp' '*.cu' '*.cuh' \
	  | xargs -0 clang-format-14 -i

distclean:
	rm -rf build atelier.so

endif
