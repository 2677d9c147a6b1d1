#pragma once

#include <optional>
#include <string>

namespace CLI {
class App;
class Option;
}  // namespace CLI

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
/// --published, which it returns, and what goes with it alone.
CLI::Option* add_published_options(CLI::App& command, PublishedOptions& options);

/// `validate --published`: prints published figures against predicted ones, table by table. Gives
/// the exit code: check_failed when a tolerance is broken.
int validate_published(const PublishedOptions& options);

}  // namespace pipesim::cli
