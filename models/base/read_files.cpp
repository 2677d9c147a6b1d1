#include "models/base/read_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>

namespace pipesim {

namespace {

// A file system may give the number of a deleted file to a new one. The time of creation tells the
// two apart, where the file system records it.
struct Identity {
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::uint64_t number = 0;
  std::int64_t made_s = 0;
  std::uint32_t made_ns = 0;

  auto operator<=>(const Identity&) const = default;
};

std::optional<Identity> identity(int folder, const char* path, int flags) {
  struct statx file {};
  if (statx(folder, path, flags, STATX_TYPE | STATX_INO | STATX_BTIME, &file) != 0) {
    return std::nullopt;
  }
  if (!S_ISREG(file.stx_mode)) return std::nullopt;
  Identity found{.device_major = file.stx_dev_major,
                 .device_minor = file.stx_dev_minor,
                 .number = file.stx_ino};
  if ((file.stx_mask & STATX_BTIME) != 0) {
    found.made_s = file.stx_btime.tv_sec;
    found.made_ns = file.stx_btime.tv_nsec;
  }
  return found;
}

struct ReadFiles {
  std::mutex mutex{};
  std::set<Identity> files{};
};

ReadFiles& read_files() {
  static ReadFiles files;
  return files;
}

}  // namespace

void remember_read(int descriptor) {
  const std::optional<Identity> file = identity(descriptor, "", AT_EMPTY_PATH);
  if (!file) return;
  ReadFiles& read = read_files();
  const std::lock_guard lock(read.mutex);
  read.files.insert(*file);
}

bool was_read(const std::string& path) {
  const std::optional<Identity> file = identity(AT_FDCWD, path.c_str(), 0);
  if (!file) return false;
  ReadFiles& read = read_files();
  const std::lock_guard lock(read.mutex);
  return read.files.contains(*file);
}

}  // namespace pipesim
