#pragma once

#include <map>

#include "sim/explain/recorded_ops.hpp"

namespace pipesim {

/// The ways that messages take over links that devices share: each different one once.
std::vector<std::vector<int>> shared_routes(const StepCosts& costs);

/// What an op needed of another device: the message with its input, or the other half of a
/// rendezvous.
struct Need {
  OpPlace op{};     ///< The sender, or that other half.
  Time wait{};      ///< From when that op finished to when the message left.
  Time duration{};  ///< Of the message; it arrived at finish + wait + duration.
  std::uint64_t route =
      0;  ///< 0: the two devices' own link; else 1 + its place in shared_routes().
};

/// Looks them up in a timeline. Keeps references to what it is made from.
class OpNeeds {
 public:
  OpNeeds(const Schedule& schedule, const StepCosts& costs, const Timeline& timeline);

  /// Nothing where the op needs only its own device, or a receive that a deadlock kept from
  /// running.
  std::optional<Need> of(OpPlace place) const;

 private:
  const Schedule& schedule_;
  const StepCosts& costs_;
  RecordedOps ops_;
  std::map<std::vector<int>, std::uint64_t> routes_{};

  std::uint64_t route_of(const Transfer& message, int copy) const;
};

}  // namespace pipesim
