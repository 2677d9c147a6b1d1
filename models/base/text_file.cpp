#include "models/base/text_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "models/base/quoted_text.hpp"
#include "models/base/read_files.hpp"

namespace pipesim {

namespace {

// Closed with it, but for the standard input.
using File = std::unique_ptr<std::FILE, void (*)(std::FILE*)>;

File opened(const std::string& path) {
  if (path == "-") return {stdin, [](std::FILE*) {}};
  return {std::fopen(path.c_str(), "rbe"), [](std::FILE* file) { std::fclose(file); }};
}

// All of a file, or of standard input.
std::string read_all(const std::string& path, const std::string& name, std::string_view hint) {
  constexpr std::size_t largest = std::size_t{256} << 20;
  const auto refuse = [&](std::string_view problem, std::string_view got) {
    return InputError(fmt::format("{}: /: {}, got {}", abridged(name), problem, got), hint);
  };
  if (path.find('\0') != path.npos) throw refuse("cannot be opened", "a name with a NUL character");
  const File file = opened(path);
  if (file == nullptr) throw refuse("cannot be opened", std::strerror(errno));
  struct stat status {};
  if (fstat(fileno(file.get()), &status) == 0 && S_ISDIR(status.st_mode)) {
    throw refuse("must be a file", "a directory");
  }
  remember_read(fileno(file.get()));
  std::string text;
  char block[1 << 14];
  std::size_t count = 0;
  while ((count = std::fread(block, 1, sizeof block, file.get())) > 0 && text.size() <= largest) {
    text.append(block, count);
  }
  if (std::ferror(file.get()) != 0) throw refuse("cannot be read", std::strerror(errno));
  if (text.size() > largest) throw refuse("must be at most 256 MiB", "more");
  return text;
}

// Whether it can be read only once: standard input, a pipe.
bool is_stream(const std::string& path) {
  struct stat status {};
  return path == "-" || (stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode));
}

}  // namespace

std::string read_text_file(const std::string& path, const std::string& name,
                           std::string_view hint) {
  if (!is_stream(path)) return read_all(path, name, hint);
  static std::map<std::string, std::string> streams;
  const auto [stream, is_new] = streams.try_emplace(path);
  if (is_new) stream->second = read_all(path, name, hint);
  return stream->second;
}

bool is_utf8(std::string_view text) {
  try {
    static_cast<void>(nlohmann::json(text).dump());
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

std::string path_named_by(const Field& field) {
  const std::string name = field.text();
  if (name == "-") return name;
  const bool typed = field.source()->blame(field.pointer()) == "--set";
  std::error_code ignored;
  if (typed && std::filesystem::exists(name, ignored)) return name;
  return (std::filesystem::path(field.source()->directory) / name).string();
}

std::string where_looked(const Field& field) {
  const std::string name = field.text();
  const std::string path = path_named_by(field);
  if (field.source()->blame(field.pointer()) != "--set") {
    return "paths are relative to the config's folder: looked for " + abridged(path);
  }
  if (path == name) {
    return "paths are relative to the current folder: looked for " + abridged(path);
  }
  return fmt::format(
      "paths given with --set are relative to the current folder or to the config's: looked for "
      "{} and {}",
      abridged(name), abridged(path));
}

}  // namespace pipesim
