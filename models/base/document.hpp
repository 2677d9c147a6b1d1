#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/input_error.hpp"

namespace pipesim {

/// A JSON file that has been read, and where it came from.
struct Document {
  std::shared_ptr<const nlohmann::json> root;
  SourcePtr source;
  /// What is wrong with it and yet leaves it readable: keys that stand twice, overrides that lead
  /// nowhere. Who reads it adds what else is wrong (models/keys/unknown_keys); a Field alone throws
  /// them.
  Mistakes mistakes{};
};

/// Reads JSON with comments from a file, or from standard input for `-`, takes out the keys of
/// `without`, dotted paths, then applies overrides of the form KEY=VALUE: KEY a dotted path, VALUE
/// JSON or else a plain text.
/// Throws InputError: unreadable, empty, larger than 256 MiB, not JSON (FILE:LINE:COLUMN), a number
/// no double can hold, or nesting deeper than 100. Of a key that stands twice the last counts.
Document read_document(const std::string& path, const std::vector<std::string>& overrides = {},
                       const std::vector<std::string>& without = {});

/// The same from a text; `file` stands in error messages.
Document parse_document(std::string_view text, const std::string& file,
                        const std::vector<std::string>& overrides = {},
                        const std::vector<std::string>& without = {});

/// The same document, changed the same way once more.
Document change_document(const Document& document, const std::vector<std::string>& overrides,
                         const std::vector<std::string>& without = {});

}  // namespace pipesim
