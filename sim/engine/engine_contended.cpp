#include <algorithm>

#include "sim/engine/engine.hpp"

namespace pipesim {

namespace {

bool is_activation(const Op& op) {
  return op.kind == OpKind::forward || op.kind == OpKind::send_forward;
}

}  // namespace

// Shared links have the first numbers; behind them are those of two devices alone.
void Engine::set_shared_routes(const SharedLinks& links, const std::vector<StageCost>& stages) {
  queue_.reset(links.names.size(), links.names.size() + link_free_at_.size());
  shared_routes_.assign(2 * stages_.size(), {});
  const auto set = [&](std::size_t at, const std::vector<std::vector<int>>& routes,
                       const Route& route, std::size_t hop) {
    if (route.receiver < 0) return;
    SharedRoute& shared = shared_routes_[at];
    if (hop < routes.size()) shared.links = routes[hop];
    if (shared.links.empty()) {
      shared.links.push_back(static_cast<int>(links.names.size()) + route.link);
    }
    shared.bytes = stages[hop + 1].boundary;
  };
  for (std::size_t at = 0; at < stages_.size(); ++at) {
    const std::size_t stage = at % stages.size();
    const LinkRoutes& routes = at == stage ? links.routes : links.second_routes;
    set(2 * at, routes.activation, stages_[at].activation, stage);
    set(2 * at + 1, routes.gradient, stages_[at].gradient, stage - 1);
  }
}

// A lane runs on until an input is missing or it has sent a message, which stands in the queue from
// then on. When none can run, no request will come that is earlier than those in the queue: what
// ops are still to send, they send after a message has arrived that is not served yet. So the first
// of the queue is served, and the lanes of both of its ends go on. A lane has no more requests in
// the queue than the two of a pair.
void Engine::run_contended(Mode mode) {
  for (int device = schedule_.devices() - 1; device >= 0; --device) frontier_.push_back(device);
  while (true) {
    while (!frontier_.empty()) {
      const int device = frontier_.back();
      frontier_.pop_back();
      Lane& lane = lanes_[static_cast<std::size_t>(device)];
      const Op* const first = lane.next;
      while (lane.waits_for == nullptr && lane.next != lane.end && step(lane, device, mode)) {
      }
      count(lane.next - first);
    }
    if (queue_.empty()) return;
    serve(queue_.next(), mode.record);
  }
}

// The sender waits as the receiver does: until the message has got its links.
void Engine::request(const Op& op, int device, Time* slot, Time at) {
  const std::size_t place =
      static_cast<std::size_t>(&op - schedule_.lanes[static_cast<std::size_t>(device)].data());
  queue_.add({.at = at, .message = {.device = device, .slot = place}});
  lanes_[static_cast<std::size_t>(device)].waits_for = slot;
}

void Engine::serve(const LinkRequest& request, bool record) {
  const OpPlace& from = request.message;
  const Op& op = schedule_.lanes[static_cast<std::size_t>(from.device)][from.slot];
  const bool forward = is_activation(op);
  const Stage& stage = stage_of(op);
  const Route& route = forward ? stage.activation : stage.gradient;
  const SharedRoute& shared = shared_routes_[2 * stage_index(op) + (forward ? 0 : 1)];
  Arrivals& arrivals = forward ? activation_ : gradient_;
  Time* arrival = arrivals.row(op.stage + (forward ? 1 : -1)) + op.micro_batch;
  const Time start = queue_.take(request, shared.links, route.hop.occupancy, shared.bytes, record);
  *arrival = start + route.hop.total();
  wake_up(from.device, arrival);
  wake_up(route.receiver, arrival);
}

}  // namespace pipesim
