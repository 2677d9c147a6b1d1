#pragma once

#include <optional>
#include <vector>

#include "models/base/json_field.hpp"
#include "models/base/units.hpp"

namespace pipesim {

/// A figure for every stage: one entry that all share, or one entry each.
template <class T>
struct PerStage {
  std::vector<T> values{T{}};

  const T& operator[](int stage) const {
    return values.size() == 1 ? values.front() : values[static_cast<std::size_t>(stage)];
  }
};

/// `model.kind: stage_costs`: no layers; what one micro-batch takes in each stage, given directly.
struct GivenStages {
  PerStage<Time> forward{};
  PerStage<Time> backward{};  ///< Always set: the sum when the two parts are given.
  std::optional<PerStage<Time>> backward_input{};
  std::optional<PerStage<Time>> backward_weight{};
  PerStage<Time> recompute{};
  std::optional<PerStage<Time>> overlapped{};  ///< F together with a backward.
  PerStage<Time> transfer{};  ///< Entry s: between stages s and s + 1, either way; pure latency.
  PerStage<Bytes> stash{};    ///< All that F leaves for its backward, its input included.
  PerStage<Bytes> weight_stash{};  ///< What I leaves for W.
  PerStage<Bytes> boundary{};      ///< A stage's input.
  PerStage<Bytes> parameters{};    ///< Static bytes of a stage.
};

/// The same model cut into another number of stages, a multiple or a part of what it is: what a
/// stage takes is divided among its parts, to the picosecond and byte; neighbours are put together.
/// Each part's input is as large as the stage's, and its stash no smaller.
GivenStages recut(const GivenStages& costs, int stages, int wanted);

/// Reads it for that many (virtual) stages. A list must have that many entries.
GivenStages read_given_stages(const Field& model, int stages);

}  // namespace pipesim
