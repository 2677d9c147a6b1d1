#include "sim/published/tables.hpp"

namespace pipesim::published {

const std::vector<KnownTable>& known_tables() {
  static const std::vector<KnownTable> tables;
  return tables;
}

std::vector<std::string> external_files() {
  return {};
}

std::vector<PublishedTable> compare_all(const std::vector<KnownTable>& tables,
                                        const DataFiles& data, bool with_ablations,
                                        const std::function<void(std::size_t)>& done) {
  std::vector<PublishedTable> all;
  for (const KnownTable& table : tables) {
    PublishedTable& entry = all.emplace_back();
    entry.comparison = table.compare(data);
    entry.comparison.id = table.id;
    if (with_ablations && table.steps != nullptr) entry.ablations = ablate(table.steps(data));
    if (done) done(all.size());
  }
  return all;
}

}  // namespace pipesim::published
