#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "models/input_error.hpp"

namespace pipesim {

/// A JSON file that has been read, and where it came from.
struct Document {
  std::shared_ptr<const nlohmann::json> root;
  SourcePtr source;
};

/// Reads JSON with comments from a file, or from standard input for `-`, takes out the keys of
/// `without`, dotted paths, then applies overrides of the form KEY=VALUE: KEY a dotted path, VALUE
/// JSON or else a plain text.
/// Throws InputError: unreadable, empty, larger than 256 MiB, not JSON (FILE:LINE:COLUMN), a
/// duplicate key, a number no double can hold, nesting deeper than 100, or a path that leads
/// nowhere.
Document read_document(const std::string& path, const std::vector<std::string>& overrides = {},
                       const std::vector<std::string>& without = {});

/// The same from a text; `file` stands in error messages.
Document parse_document(std::string_view text, const std::string& file,
                        const std::vector<std::string>& overrides = {},
                        const std::vector<std::string>& without = {});

}  // namespace pipesim
