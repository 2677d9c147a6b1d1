#pragma once

#include <string>

namespace pipesim::cli {

struct PublishedOptions {
  std::string folder{};  ///< Of CSV files that count instead of the embedded ones; empty: none.
  bool ablate = false;
  bool every_row = false;
  bool markdown = false;
  bool json = false;
};

/// `validate --published`: prints published figures against predicted ones, table by table. Gives
/// the exit code: check_failed when a tolerance is broken.
int validate_published(const PublishedOptions& options);

}  // namespace pipesim::cli
