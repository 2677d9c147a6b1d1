#pragma once

#include <string_view>
#include <vector>

#include "reports/text/output.hpp"

namespace pipesim {

/// A key of what commands print: "devices[].busy_s" is under `busy_s` in each entry of `devices`.
struct OutputKey {
  std::string_view path{};
  std::string_view unit{};  ///< "s", "bytes", "fraction"; empty: none.
  std::string_view description{};
};

/// JSON that commands write.
struct OutputDocument {
  std::string_view name{};  ///< "summary".
  std::string_view description{};
  std::vector<OutputKey> keys{};
};

/// All that `--json` and `--timeline` write, but for the device of `calibrate`, which is one of a
/// config.
const std::vector<OutputDocument>& output_documents();

/// docs/output_keys.md.
void write_output_keys_markdown(Output& out);

/// The table's parts.
std::vector<OutputDocument> summary_documents();
std::vector<OutputDocument> other_documents();

}  // namespace pipesim
