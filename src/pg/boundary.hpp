// The only file in which longjmp meets throw.
//
// PostgreSQL reports errors by siglongjmp(), C++ by stack unwinding. Neither may pass through
// frames of the other. Two doors, one for each direction:
//
//   pg::call(f)   C++ -> PostgreSQL.  ereport(ERROR) in f becomes pg::Error.
//   pg::entry(f)  PostgreSQL -> C++.  Any exception from f becomes ereport(ERROR).
#pragma once

#include <csetjmp>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

extern "C" {
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/elog.h"
#include "utils/memutils.h"
#include "utils/palloc.h"
}

namespace pg {

// An ereport(ERROR) travelling through C++ frames. It keeps the whole ErrorData (SQLSTATE, detail,
// hint, context) in a small memory context under TopMemoryContext, so it outlives an abort.
class Error final : public std::exception {
 public:
  Error(MemoryContext home, ErrorData *data) noexcept : home_(home), data_(data) {}
  const char *what() const noexcept override { return data_->message ? data_->message : ""; }
  int sqlstate() const noexcept { return data_->sqlerrcode; }
  const ErrorData &data() const noexcept { return *data_; }

  // Gives the memory to the current context: whoever cleans up after the next ERROR frees it.
  // Called on the way back into PostgreSQL, just before the longjmp.
  ErrorData *release_to_current_context() noexcept {
    MemoryContextSetParent(home_.get(), CurrentMemoryContext);
    (void)home_.release();
    return data_;
  }

 private:
  struct Delete {
    void operator()(MemoryContext context) const noexcept { MemoryContextDelete(context); }
  };
  std::unique_ptr<MemoryContextData, Delete> home_;
  ErrorData *data_;
};

// Our own failures: the SQLSTATE, message and hint the user should see.
class Failure : public std::runtime_error {
 public:
  Failure(int sqlstate, const std::string &message, std::string hint = {})
      : std::runtime_error(message), sqlstate_(sqlstate), hint_(std::move(hint)) {}
  int sqlstate() const noexcept { return sqlstate_; }
  const std::string &hint() const noexcept { return hint_; }

 private:
  int sqlstate_;
  std::string hint_;
};

// Restores the error-handler stack on return and on throw; PG_END_TRY() does it on return only.
class ErrorStackGuard {
 public:
  ErrorStackGuard() noexcept : jump_(PG_exception_stack), context_(error_context_stack) {}
  ~ErrorStackGuard() {
    PG_exception_stack = jump_;
    error_context_stack = context_;
  }
  ErrorStackGuard(const ErrorStackGuard &) = delete;
  ErrorStackGuard &operator=(const ErrorStackGuard &) = delete;

 private:
  sigjmp_buf *const jump_;
  ErrorContextCallback *const context_;
};

[[noreturn]] void throw_current_error(MemoryContext caller);

// Runs PostgreSQL code from C++.
//
// f may longjmp out at any point, so no object with a destructor may live inside it: capture by
// reference, return something trivial, keep it short.
template <typename F>
std::invoke_result_t<F &> call(F &&f) {
  using R = std::invoke_result_t<F &>;
  static_assert(std::is_trivially_destructible_v<std::remove_reference_t<F>>,
                "longjmp would skip the destructor of a capture: capture by reference");
  static_assert(std::is_void_v<R> || std::is_trivially_destructible_v<R>,
                "longjmp would skip the destructor of the result");

  MemoryContext const caller = CurrentMemoryContext;
  {
    ErrorStackGuard restore;
    sigjmp_buf landing;
    if (sigsetjmp(landing, 0) == 0) {
      PG_exception_stack = &landing;
      return f();
    }
  }
  throw_current_error(caller);
}

// What is left of an exception once every C++ object is gone. Trivial: raise() leaves by longjmp.
struct Outgoing {
  ErrorData *error = nullptr;
  int sqlstate = ERRCODE_INTERNAL_ERROR;
  char message[1024] = "";
  char hint[512] = "";

  void describe(int code, const char *text, const char *advice = "") noexcept {
    sqlstate = code;
    clip(message, text);
    clip(hint, advice);
  }
  [[noreturn]] void raise() const;

 private:
  // Copies what fits, without cutting a multibyte character in two.
  template <size_t N>
  static void clip(char (&to)[N], const char *from) noexcept {
    int const whole = static_cast<int>(strnlen(from, N));
    strlcpy(to, from, pg_mbcliplen(from, whole, N - 1) + 1);
  }
};
static_assert(std::is_trivially_destructible_v<Outgoing>);

// Runs C++ code from PostgreSQL: wraps the body of every extern "C" function that PostgreSQL calls
// (SQL functions, worker mains, hooks, callbacks).
template <typename F>
std::invoke_result_t<F &> entry(F &&f) {
  Outgoing out;
  {
    ErrorStackGuard restore;
    try {
      return f();
    } catch (Error &e) {
      out.error = e.release_to_current_context();
    } catch (const Failure &e) {
      out.describe(e.sqlstate(), e.what(), e.hint().c_str());
    } catch (const std::bad_alloc &) {
      out.describe(ERRCODE_OUT_OF_MEMORY, "out of memory");
    } catch (const std::exception &e) {
      out.describe(ERRCODE_INTERNAL_ERROR, e.what());
    } catch (...) {
      out.describe(ERRCODE_INTERNAL_ERROR, "unknown C++ exception");
    }
  }
  out.raise();
}

// Writes one line to the server log. level: LOG, WARNING, DEBUG1 … (below ERROR).
void log(int level, const std::string &message);
// Logs an error that ends here (the main loop of a worker).
void log(const Error &error);

void check_for_interrupts();

}  // namespace pg
