#include "cli/support/process_limits.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <new>

namespace pipesim::cli {

namespace {

constexpr std::size_t enough_stack = std::size_t{1} << 20;

bool is_limited(rlimit limit) {
  return limit.rlim_cur != RLIM_INFINITY;
}

constexpr std::size_t touched_stack = enough_stack / 2;

// Pages of the stack that have been touched once stay.
[[gnu::noinline]] void touch_stack() {
  constexpr std::size_t page = 4096;
  auto* const pages = static_cast<volatile char*>(__builtin_alloca(touched_stack));
  for (std::size_t at = touched_stack; at >= page; at -= page) pages[at - page] = 0;
}

// Where the stack can't grow, touching it would end the process.
bool may_map(std::size_t bytes) {
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at != MAP_FAILED && munmap(at, bytes) == 0;
}

struct Call {
  const std::function<int()>& command;
  int exit_code = 0;
};

void* run_call(void* argument) {
  auto& call = *static_cast<Call*>(argument);
  call.exit_code = call.command();
  return nullptr;
}

// Threads have the stack that is asked for, whatever the limit.
int run_on_thread(const std::function<int()>& command) {
  Call call{command};
  pthread_t thread{};
  if (pthread_create(&thread, nullptr, run_call, &call) != 0) return command();
  pthread_join(thread, nullptr);
  return call.exit_code;
}

}  // namespace

void fill_standard_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream) {
    if (fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest free number: this one. Opened as a path alone, it can be neither read nor written.
    open("/dev/null", O_PATH | O_CLOEXEC);
  }
}

int run_under_limits(const std::function<int()>& command) {
  rlimit memory{};
  rlimit stack{};
  getrlimit(RLIMIT_AS, &memory);
  getrlimit(RLIMIT_STACK, &stack);
  if (is_limited(memory)) mallopt(M_ARENA_MAX, 1);
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) == 0) {
    pthread_attr_setstacksize(&attributes, enough_stack);
    pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
  }
  if (is_limited(stack) && stack.rlim_cur < 2 * enough_stack) return run_on_thread(command);
  if (is_limited(memory)) {
    if (!may_map(enough_stack)) throw std::bad_alloc();
    touch_stack();
  }
  return command();
}

}  // namespace pipesim::cli
