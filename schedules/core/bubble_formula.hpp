#pragma once

#include <optional>

#include "models/base/units.hpp"
#include "models/settings/pipeline_settings.hpp"
#include "schedules/core/schedule.hpp"

namespace pipesim {

/// A fraction of whole numbers, to be compared exactly.
struct Ratio {
  Int128 numerator = 0;
  Int128 denominator = 1;

  double value() const {
    return static_cast<double>(static_cast<long double>(numerator) /
                               static_cast<long double>(denominator));
  }
};

/// What a closed form is asked about: equal (virtual) stages, free transfers. A form answers only
/// where the simulation gives exactly the same fraction of all devices' time between the first op's
/// start and the last op's end.
struct EqualStages {
  PipelineShape shape{};
  Time forward{};
  Time backward{};
  Time backward_input{};   ///< This and the next where the backward is split.
  Time backward_weight{};  ///< Of one micro-batch; of the whole mini-batch where it is deferred.
  Time recompute{};
  std::optional<Time> overlapped{};  ///< F with B of another micro-batch; absent: F + B.
  Recompute recompute_setting = Recompute::none;
  bool lazy_recompute = false;
  bool deferred_weight_gradient = false;

  /// Every activation is kept, and every micro-batch has its own W.
  bool plain() const { return recompute_setting == Recompute::none && !deferred_weight_gradient; }
  /// A micro-batch's way through a stage, there and back: F + B, or F + I before a deferred W.
  Int128 pass() const {
    return Int128{forward.ps} + (deferred_weight_gradient ? backward_input : backward).ps;
  }
  /// What a device's deferred W take.
  Int128 deferred_tail() const {
    return deferred_weight_gradient ? Int128{backward_weight.ps} * shape.virtual_stages : 0;
  }
};

/// Idle time over idle and busy time; nothing when nothing takes time.
std::optional<Ratio> bubble_ratio(Int128 idle, Int128 busy);

/// The bubble of GPipe and of 1F1B as a fraction of all device time: (K-1)/(M+K-1)
/// (arXiv:1811.06965, 2.3). Eager re-computation hides in the bubble except where a stage runs
/// without pause: the step is (M+K-1)(F+B) + r·R, r the number of micro-batches that are computed
/// again, and the bubble (K-1)(F+B) of it. Lazy re-computation of all of them is no more than a
/// longer backward. With a deferred weight gradient every stage ends with its W: the step is
/// (M+K-1)(F+I) + W, and the bubble (K-1)(F+I) of it. Nothing where no form covers the setting
/// (lazy, but for the last micro-batch), or nothing takes time.
std::optional<Ratio> flush_bubble(const EqualStages& equal);

}  // namespace pipesim
