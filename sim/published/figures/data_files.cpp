#include "sim/published/figures/data_files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "models/base/text_file.hpp"

namespace pipesim::published {

namespace {

std::string path_in(const std::string& folder, const std::string& name) {
  return (std::filesystem::path(folder) / name).string();
}

bool exists_in(const std::string& folder, const std::string& name) {
  std::error_code failure;
  return !folder.empty() && std::filesystem::exists(path_in(folder, name), failure);
}

}  // namespace

CsvTable DataFiles::table(const std::string& name) const {
  if (exists_in(folder, name)) {
    const std::string path = path_in(folder, name);
    return parse_csv(read_text_file(path, path, "give a CSV file of that name"), path);
  }
  const auto file = std::ranges::find(embedded_files(), name, &EmbeddedFile::name);
  if (file == embedded_files().end()) throw std::logic_error("no published data in " + name);
  return parse_csv(file->text, name);
}

std::optional<std::string> DataFiles::external(const std::string& name) const {
  if (!exists_in(folder, name)) return std::nullopt;
  return path_in(folder, name);
}

DataFiles data_files_in(const std::string& folder, const std::vector<std::string>& external) {
  std::error_code failure;
  if (!std::filesystem::is_directory(folder, failure)) {
    throw InputError(
        fmt::format("--published-data: /: must be a folder, got {}", pipesim::in_quotes(folder)),
        "give the folder that holds the CSV files");
  }
  std::vector<std::string> names = external;
  for (const EmbeddedFile& file : embedded_files()) names.emplace_back(file.name);
  std::ranges::sort(names);
  const bool any =
      std::ranges::any_of(names, [&](const std::string& name) { return exists_in(folder, name); });
  if (any) return {.folder = folder};
  throw InputError(fmt::format("--published-data: /: must hold a file of a known name, got {}",
                               pipesim::in_quotes(folder)),
                   fmt::format("names: {}", fmt::join(names, ", ")));
}

}  // namespace pipesim::published
