#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/support/grammar.hpp"

namespace pipesim::cli {

struct PublishedOptions {
  bool asked = false;
  /// Of CSV files that count instead of the embedded ones.
  std::optional<std::string> folder{};
  bool ablate = false;
  bool every_row = false;
  bool markdown = false;
  bool json = false;
  bool quiet = false;
};
/// --published, which `excludes` these, and what goes with it alone.
void add_published_options(Command& command, PublishedOptions& options,
                           std::vector<std::string> excludes);

/// `validate --published`: prints published figures against predicted ones, table by table. Gives
/// the exit code: check_failed when a tolerance is broken.
int validate_published(const PublishedOptions& options);

}  // namespace pipesim::cli
