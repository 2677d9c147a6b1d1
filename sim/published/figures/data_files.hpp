#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/published/figures/csv_table.hpp"

namespace pipesim::published {

/// A file of sim/published/data as it was when this was built.
struct EmbeddedFile {
  std::string_view name;
  std::string_view text;
};
/// All of them, by name.
std::span<const EmbeddedFile> embedded_files();

/// Where published figures are read from: the embedded files, or those of the same names in a
/// folder, where it has them.
struct DataFiles {
  std::string folder{};  ///< Empty: only the embedded ones.

  /// Throws InputError as parse_csv does, or when the file can't be read.
  CsvTable table(const std::string& name) const;
  /// The path of a file that is not embedded, where the folder has it.
  std::optional<std::string> external(const std::string& name) const;
};

/// Throws InputError unless `folder` is one, and holds a file that stands for one of the known
/// names or of `external`.
DataFiles data_files_in(const std::string& folder, const std::vector<std::string>& external);

}  // namespace pipesim::published
