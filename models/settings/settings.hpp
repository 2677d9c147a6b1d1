#pragma once

#include <string>
#include <vector>

#include "models/base/document.hpp"

namespace pipesim {

/// What `--set` says of a config, in order: KEY=VALUE each, KEY a dotted path, VALUE JSON or else a
/// plain text. What is set later stands instead of what was set before, and a key instead of its
/// alternatives, wherever those stand: `pipeline.schedule` instead of `schedule_file`. Of
/// `pipeline.micro_batches` and `micro_batch_size` one stands instead of what the file has of the
/// other; set both, they are to agree.
using Settings = std::vector<std::string>;

/// Reads a config with settings. Throws InputError as read_document does.
Document read_with_settings(const std::string& path, const Settings& settings);
Document parse_with_settings(std::string_view text, const std::string& file,
                             const Settings& settings);

/// The same document with more settings behind those that it was read with.
Document with_settings(const Document& document, const Settings& settings);

/// As options for a shell: "--set pipeline.stages=4 --set 'pipeline.partition=[1,3]'".
std::string as_options(const Settings& settings);

}  // namespace pipesim
