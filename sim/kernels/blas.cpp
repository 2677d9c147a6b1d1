#include "sim/kernels/blas.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "models/base/input_error.hpp"

namespace pipesim {

namespace {

using AllocateBuffer = void* (*)(int position);
using FreeBuffer = void (*)(void* buffer);

struct Library {
  Blas blas{};
  // How its products get a buffer and give it back. Not of its documented interface: a build
  // without them takes each buffer with the first product that needs it.
  AllocateBuffer allocate = nullptr;
  FreeBuffer free = nullptr;
};

InputError not_loaded(std::string_view problem) {
  return InputError(
      fmt::format("pipesim: /: needs OpenBLAS to execute kernels, got {}", problem),
      "install OpenBLAS (Debian: libopenblas0), and lift limits of memory (ulimit -v) and of open "
      "files (ulimit -n); simulate needs none of it");
}

// What the process may map, tried out and given back.
class Mappings {
 public:
  Mappings() = default;
  Mappings(const Mappings&) = delete;
  Mappings& operator=(const Mappings&) = delete;
  ~Mappings() {
    for (const auto& [at, bytes] : mapped_) munmap(at, bytes);
  }
  bool add(std::size_t bytes) {
    void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return false;
    mapped_.emplace_back(at, bytes);
    return true;
  }

 private:
  std::vector<std::pair<void*, std::size_t>> mapped_{};
};

// OpenBLAS's largest buffer, 32 << 22 bytes, and the pages around it. Only what is touched takes
// memory.
constexpr std::size_t buffer_bytes = (std::size_t{32} << 22) + (std::size_t{1} << 16);

// OpenBLAS 0.3.21 and the Fortran libraries that it loads map 45 MiB. Their initialisers end the
// process where they find no memory, so that it must be there before they are loaded.
constexpr std::size_t library_bytes = std::size_t{64} << 20;

InputError no_room(std::size_t bytes, std::string_view purpose, std::string_view got) {
  return InputError(
      fmt::format("pipesim: /: needs {} MiB of address space for {}, got {}", bytes >> 20, purpose,
                  got),
      "lift the limit (ulimit -v), or execute fewer devices at once; simulate needs no buffers");
}

// Throws InputError where the library and one buffer find no room.
void check_room_to_load() {
  Mappings room;
  if (room.add(library_bytes) && room.add(buffer_bytes)) return;
  throw no_room(library_bytes + buffer_bytes, "OpenBLAS and one of its buffers", "less");
}

// Throws InputError where so many more buffers find no room.
void check_buffers(int threads) {
  Mappings room;
  for (int buffers = 0; buffers < threads; ++buffers) {
    if (room.add(buffer_bytes)) continue;
    throw no_room(buffer_bytes * static_cast<std::size_t>(threads), "the buffers of OpenBLAS",
                  fmt::format("room for {} of {}", buffers, threads));
  }
}

template <class Function>
void resolve(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
}

Library load() {
  check_room_to_load();
  // Read as the library is loaded: it would start a thread for every other core, each with a buffer
  // of its own.
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  void* library = nullptr;
  for (const char* name : {"libopenblas.so.0", PIPESIM_OPENBLAS}) {
    library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr) break;
  }
  if (library == nullptr) throw not_loaded(dlerror());
  Library loaded;
  resolve(library, "cblas_sgemm", loaded.blas.sgemm);
  resolve(library, "cblas_dgemm", loaded.blas.dgemm);
  resolve(library, "openblas_get_num_threads", loaded.blas.threads);
  resolve(library, "blas_memory_alloc", loaded.allocate);
  resolve(library, "blas_memory_free", loaded.free);
  decltype(&openblas_set_num_threads) set_threads = nullptr;
  resolve(library, "openblas_set_num_threads", set_threads);
  const Blas& blas = loaded.blas;
  if (blas.sgemm == nullptr || blas.dgemm == nullptr || blas.threads == nullptr ||
      set_threads == nullptr) {
    throw not_loaded("a library without its functions");
  }
  set_threads(1);
  return loaded;
}

const Library& library() {
  static const Library loaded = load();
  return loaded;
}

}  // namespace

const Blas& blas() {
  return library().blas;
}

// A buffer that was given back is OpenBLAS's for good: the next product takes it.
void prepare_products(int threads) {
  static std::mutex mutex;
  static int prepared = 0;
  const std::lock_guard lock(mutex);
  const Library& openblas = library();
  if (threads <= prepared) return;
  check_buffers(threads - prepared);
  prepared = threads;
  if (openblas.allocate == nullptr || openblas.free == nullptr) return;
  std::vector<void*> buffers;
  buffers.reserve(static_cast<std::size_t>(threads));
  for (int thread = 0; thread < threads; ++thread) buffers.push_back(openblas.allocate(0));
  for (void* buffer : buffers) openblas.free(buffer);
}

}  // namespace pipesim
