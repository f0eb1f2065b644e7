// A clock on the wall that a test can set, for LD_PRELOAD: the file that SHIFTED_CLOCK names holds
// how many nanoseconds are added to the time of day. The monotonic clock stays as it is, as when
// somebody sets the clock of a machine.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace {

constexpr long second_ns = 1'000'000'000;

long shift_ns() {
  static const std::atomic<long> *const shared = []() -> const std::atomic<long> * {
    const char *const path = std::getenv("SHIFTED_CLOCK");
    int const file = path != nullptr ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return nullptr;
    void *const memory = mmap(nullptr, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    return memory != MAP_FAILED ? static_cast<const std::atomic<long> *>(memory) : nullptr;
  }();
  return shared != nullptr ? shared->load() : 0;
}

void shift(timespec &time) {
  long const shift = shift_ns();
  time.tv_sec += shift / second_ns;
  time.tv_nsec += shift % second_ns;
  if (time.tv_nsec < 0) {
    time.tv_nsec += second_ns;
    --time.tv_sec;
  } else if (time.tv_nsec >= second_ns) {
    time.tv_nsec -= second_ns;
    ++time.tv_sec;
  }
}

timespec wall_clock() {
  timespec now{};
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);  // the library's function is the one below
  shift(now);
  return now;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec *out) noexcept {
  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
    return static_cast<int>(syscall(SYS_clock_gettime, clock, out));
  *out = wall_clock();
  return 0;
}

extern "C" int gettimeofday(timeval *out, void *) noexcept {
  timespec const now = wall_clock();
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}

extern "C" time_t time(time_t *out) noexcept {
  time_t const now = wall_clock().tv_sec;
  if (out != nullptr) *out = now;
  return now;
}
