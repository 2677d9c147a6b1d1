#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/published/figures/known_table.hpp"

namespace pipesim::published {

/// In the order in which they are reported.
const std::vector<KnownTable>& known_tables();

/// Files that aren't embedded, since they are others', but are read where they are given.
std::vector<std::string> external_files();

/// A table that was predicted.
struct PublishedTable {
  Comparison comparison{};
  std::vector<AblationResult> ablations{};  ///< Empty unless asked for, or where it has no times.
};

/// Predicts all of the tables; `done` hears after each. Throws InputError for figures that are no
/// figures, or rows that no config can be made of.
std::vector<PublishedTable> compare_all(const std::vector<KnownTable>& tables,
                                        const DataFiles& data, bool with_ablations,
                                        const std::function<void(std::size_t)>& done = {});

}  // namespace pipesim::published
