#include "reports/html/op_needs.hpp"

#include <algorithm>
#include <set>

namespace pipesim {

std::vector<std::vector<int>> shared_routes(const StepCosts& costs) {
  std::set<std::vector<int>> routes;
  for (const LinkRoutes* copies : {&costs.links.routes, &costs.links.second_routes}) {
    for (const auto* direction : {&copies->activation, &copies->gradient}) {
      routes.insert(direction->begin(), direction->end());
    }
  }
  routes.erase(std::vector<int>{});  // A link of their own.
  return {routes.begin(), routes.end()};
}

OpNeeds::OpNeeds(const Schedule& schedule, const StepCosts& costs, const Timeline& timeline)
    : schedule_(schedule), costs_(costs), ops_(schedule, costs, timeline) {
  routes_.emplace(std::vector<int>{}, 0);
  for (std::vector<int>& route : shared_routes(costs)) {
    const std::uint64_t number = routes_.size();
    routes_.emplace(std::move(route), number);
  }
}

std::uint64_t OpNeeds::route_of(const Transfer& message, int copy) const {
  if (!costs_.links.any()) return 0;
  const LinkRoutes& routes = copy == 0 ? costs_.links.routes : costs_.links.second_routes;
  const auto& direction = message.is_gradient ? routes.gradient : routes.activation;
  const int hop = message.is_gradient ? message.stage - 1 : message.stage;
  return routes_.at(direction[static_cast<std::size_t>(hop)]);
}

std::optional<Need> OpNeeds::of(OpPlace place) const {
  const Op& op = ops_.op(place);
  // Where receives stand in the lanes, it is they that wait.
  const bool lanes_send = schedule_.communication != Communication::overlapped;
  if (lanes_send && !communicates(op.kind)) return std::nullopt;
  const std::optional<OpPlace> other = ops_.other_end(place);
  if (!other || other->device == place.device || !ops_.ran(*other)) return std::nullopt;
  Need need{.op = *other};
  const Sent sent = ops_.sent(*other);
  if (!sent.any) return need;
  const Interval& message = sent.transfer.when;
  const Time finished = ops_.when(*other).finish;
  // The message of a lazy R is its backward's: it takes the link once.
  const bool is_its_own = !recomputes(op.kind);
  need.wait = (is_its_own ? message.start : message.finish) - finished;
  need.duration = is_its_own ? message.finish - message.start : Time{};
  need.route = is_its_own ? route_of(sent.transfer, op.copy) : 0;
  return need;
}

}  // namespace pipesim
