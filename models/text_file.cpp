#include "models/text_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace pipesim {

std::string read_text_file(const std::string& path, const std::string& name,
                           std::string_view hint) {
  constexpr std::size_t largest = std::size_t{256} << 20;
  const auto refuse = [&](std::string_view problem, std::string_view got) {
    return InputError(fmt::format("{}: /: {}, got {}", name, problem, got), hint);
  };
  struct stat status {};
  if (path != "-" && stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    throw refuse("must be a file", "a directory");
  }
  std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (file == nullptr) throw refuse("cannot be opened", std::strerror(errno));
  std::string text;
  char block[1 << 16];
  std::size_t count = 0;
  while ((count = std::fread(block, 1, sizeof block, file)) > 0 && text.size() <= largest) {
    text.append(block, count);
  }
  const int failure = std::ferror(file) != 0 ? errno : 0;
  if (file != stdin) std::fclose(file);
  if (failure != 0) throw refuse("cannot be read", std::strerror(failure));
  if (text.size() > largest) throw refuse("must be at most 256 MiB", "more");
  return text;
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
  if (typed && std::filesystem::exists(name)) return name;
  return (std::filesystem::path(field.source()->directory) / name).string();
}

std::string where_looked(const Field& field) {
  const std::string name = field.text();
  const std::string path = path_named_by(field);
  if (field.source()->blame(field.pointer()) != "--set") {
    return "paths are relative to the config's folder: looked for " + path;
  }
  if (path == name) return "paths are relative to the current folder: looked for " + path;
  return fmt::format(
      "paths given with --set are relative to the current folder or to the config's: looked for "
      "{} and {}",
      name, path);
}

}  // namespace pipesim
