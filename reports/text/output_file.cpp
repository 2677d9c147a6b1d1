#include "reports/text/output_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "models/base/input_error.hpp"
#include "models/base/quoted_text.hpp"
#include "models/base/read_files.hpp"

namespace pipesim {

namespace {

// The temporary files that exist now, in storage that a signal handler may read.
struct TemporaryFile {
  std::atomic<bool> exists{false};
  std::array<char, PATH_MAX> path{};
};
std::array<TemporaryFile, 16> temporary_files;  // More than a command writes.

int remember(const std::string& path) {
  for (std::size_t i = 0; i < temporary_files.size(); ++i) {
    TemporaryFile& file = temporary_files[i];
    if (file.exists || path.size() >= file.path.size()) continue;
    std::memcpy(file.path.data(), path.c_str(), path.size() + 1);
    file.exists = true;
    return static_cast<int>(i);
  }
  return -1;
}

InputError cannot(std::string_view what, const std::string& path, int failure) {
  return InputError(
      fmt::format("{}: /: cannot be {}, got {}", abridged(path), what, std::strerror(failure)),
      failure == ENOSPC || failure == EFBIG
          ? "send the output somewhere that has room for it"
          : "choose a file in a folder that exists and can be written");
}

// Beside the file, so that a rename puts it in place. The name of a file has at most NAME_MAX
// bytes.
std::string temporary_name(const std::string& target) {
  constexpr std::string_view pattern = ".XXXXXX";
  const auto name = target.rfind('/') + 1;
  const std::string_view kept =
      whole_characters(std::string_view(target).substr(name), NAME_MAX - pattern.size());
  return fmt::format("{}{}{}", target.substr(0, name), kept, pattern);
}

mode_t default_mode() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

}  // namespace

int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {  // Someone has made it non-blocking.
      pollfd room{.fd = descriptor, .events = POLLOUT, .revents = 0};
      poll(&room, 1, -1);
      continue;
    }
    if (count < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

OutputFile::OutputFile(const std::string& path, std::string option)
    : path_(path == "-" ? "<stdout>" : path),
      option_(std::move(option)),
      output_(
          [this](std::string_view text) { compressor_ ? compressor_->add(text) : write(text); }) {
  if (path.ends_with(".gz")) {
    compressor_ = std::make_unique<Compressor>(CompressedFormat::gzip,
                                               [this](std::string_view block) { write(block); });
  }
  if (path == "-") {
    descriptor_ = dup(STDOUT_FILENO);
    if (descriptor_ < 0) throw cannot("written", path_, errno);
    return;
  }
  struct stat status {};
  const bool exists = stat(path.c_str(), &status) == 0;
  if (!exists && errno != ENOENT) throw cannot("created", path, errno);
  if (exists && !S_ISREG(status.st_mode)) {
    if (S_ISDIR(status.st_mode)) throw cannot("written", path, EISDIR);
    descriptor_ = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) throw cannot("written", path, errno);
    return;
  }
  if (exists && access(path.c_str(), W_OK) != 0) throw cannot("written", path, errno);
  target_ = place_of(path);
  check_not_read();
  temporary_ = temporary_name(target_);
  descriptor_ = mkostemp(temporary_.data(), O_CLOEXEC);
  if (descriptor_ < 0) throw cannot("created", path, errno);
  slot_ = remember(temporary_);
  fchmod(descriptor_, exists ? status.st_mode & 07777 : default_mode());
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!temporary_.empty() && !committed_) unlink(temporary_.c_str());
  if (slot_ >= 0) temporary_files[static_cast<std::size_t>(slot_)].exists = false;
}

void OutputFile::check_not_read() const {
  if (!was_read(target_)) return;
  throw InputError(fmt::format("{}: /: must not be what the command reads, got {}",
                               option_.empty() ? path_ : option_, abridged(path_)),
                   "give the report a file of its own");
}

void OutputFile::write(std::string_view text) {
  const int failure = write_all(descriptor_, text);
  const bool reader_left = failure == EPIPE && temporary_.empty();
  if (failure != 0 && !reader_left) throw cannot("written", path_, failure);
  written_ += static_cast<double>(text.size());
  if (!progress_) return;
  const double share = output_.share();
  progress_(written_, share > 0 ? written_ / share : 0);
}

void OutputFile::finish() {
  output_.flush();
  if (compressor_) compressor_->finish();
  const int descriptor = std::exchange(descriptor_, -1);
  if (close(descriptor) != 0) throw cannot("written", path_, errno);
}

void OutputFile::commit() {
  if (descriptor_ >= 0) finish();
  if (temporary_.empty()) return;
  check_not_read();  // What was read since it was opened counts, too.
  if (rename(temporary_.c_str(), target_.c_str()) != 0) throw cannot("created", path_, errno);
  committed_ = true;
}

std::string place_of(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  fs::path place = path;
  constexpr int most_links = 40;  // As Linux has it.
  for (int links = 0; links < most_links && fs::is_symlink(place, ignored); ++links) {
    place = place.parent_path() / fs::read_symlink(place, ignored);
  }
  const fs::path canonical = fs::weakly_canonical(fs::absolute(place, ignored), ignored);
  return canonical.empty() ? path : canonical.string();
}

void remove_temporary_files() noexcept {
  for (const TemporaryFile& file : temporary_files) {
    if (file.exists) unlink(file.path.data());
  }
}

}  // namespace pipesim
