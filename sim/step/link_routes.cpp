#include "sim/step/link_routes.hpp"

#include <map>
#include <set>
#include <utility>

namespace pipesim {

namespace {

// Numbers the links of the topology that messages take, and finds out whether any serves two pairs.
class RouteTable {
 public:
  explicit RouteTable(const Config& config) : config_(config), grid_(rank_grid(config)) {}

  std::vector<int> between(int from, int to) {
    std::vector<int> numbers;
    const std::vector<int> links = route(config_.cluster, rank_at(grid_, {.pipeline = from}),
                                         rank_at(grid_, {.pipeline = to}));
    for (const int link : links) {
      const auto next = static_cast<int>(names_.size());
      const auto [found, is_new] = numbers_.try_emplace(link, next);
      if (is_new) names_.push_back(link_name(config_.cluster, link));
      numbers.push_back(found->second);
      pairs_[link].emplace(from, to);
    }
    return numbers;
  }

  bool any_shared() const {
    for (const auto& [link, pairs] : pairs_) {
      if (pairs.size() > 1) return true;
    }
    return false;
  }
  std::vector<std::string> names() && { return std::move(names_); }

 private:
  const Config& config_;
  RankGrid grid_;
  std::map<int, int> numbers_{};
  std::vector<std::string> names_{};
  std::map<int, std::set<std::pair<int, int>>> pairs_{};
};

LinkRoutes routes_of(const Schedule& schedule, int copy, RouteTable& table) {
  LinkRoutes routes;
  for (int stage = 0; stage + 1 < schedule.stages(); ++stage) {
    const int from = schedule.device_of(stage, copy);
    const int to = schedule.device_of(stage + 1, copy);
    routes.activation.push_back(table.between(from, to));
    routes.gradient.push_back(table.between(to, from));
  }
  return routes;
}

}  // namespace

SharedLinks link_routes(const Config& config, const Schedule& schedule) {
  if (config.cluster.topology == nullptr) return {};
  RouteTable table(config);
  SharedLinks links{.routes = routes_of(schedule, 0, table)};
  if (schedule.bidirectional()) links.second_routes = routes_of(schedule, 1, table);
  if (!table.any_shared()) return {};
  links.names = std::move(table).names();
  return links;
}

}  // namespace pipesim
