#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/json_field.hpp"

namespace pipesim {

/// The ways in which training is spread over ranks.
enum class Axis { tensor, context, data, pipeline };

/// As an order names them: "tp", "cp", "dp", "pp".
constexpr std::array<std::string_view, 4> axis_names{"tp", "cp", "dp", "pp"};

using AxisOrder = std::array<Axis, 4>;

/// Megatron-LM's: tensor-parallel ranks are neighbours, pipeline stages are far apart.
constexpr AxisOrder megatron_order{Axis::tensor, Axis::context, Axis::data, Axis::pipeline};

/// How many ranks there are along each axis, and which of them a number is: the first axis of the
/// order counts fastest. By default rank = t + T·(c + C·(d + D·p)).
struct RankGrid {
  int tensor = 1;
  int context = 1;
  int data = 1;
  int pipeline = 1;
  AxisOrder order = megatron_order;

  int size(Axis axis) const;
  /// Of all axes together; at most bytes_limit.
  std::int64_t ranks() const;
  /// From one rank to the next along an axis.
  int stride(Axis axis) const;
  int position(Axis axis, int rank) const;
};

/// Ranks at equal distances.
struct RankGroup {
  int start = 0;
  int stride = 1;
  int size = 1;

  bool operator==(const RankGroup&) const = default;
};

/// Where a rank is along each axis, and back.
struct GridPosition {
  int tensor = 0;
  int context = 0;
  int data = 0;
  int pipeline = 0;

  bool operator==(const GridPosition&) const = default;
};
GridPosition position_of(const RankGrid& grid, int rank);
int rank_at(const RankGrid& grid, const GridPosition& position);

/// The ranks that differ from `rank` along this axis alone, with itself.
RankGroup group_along(const RankGrid& grid, Axis axis, int rank);

/// The ranks that differ along these axes alone, in order of the first axis, then the next: data
/// and context together share their gradients.
std::vector<int> group_over(const RankGrid& grid, const std::vector<Axis>& axes, int rank);

/// How the experts of a layer lie on the ranks of a stage, in order of tensor, context, data: so
/// many neighbours share each expert's matrices, so many groups of them share the experts, and that
/// repeats. `tensor` · `expert` must divide tensor × context × data.
struct ExpertGrid {
  int tensor = 1;
  int expert = 1;
};

/// Of the ranks of a stage: those that share the experts with `rank`, each with others; those that
/// share its experts' matrices; and those that hold what it holds.
std::vector<int> expert_group(const RankGrid& grid, const ExpertGrid& experts, int rank);
std::vector<int> expert_tensor_group(const RankGrid& grid, const ExpertGrid& experts, int rank);
std::vector<int> expert_replica_group(const RankGrid& grid, const ExpertGrid& experts, int rank);

/// "tp-cp-dp-pp", the fastest first. An axis of one rank may be left out; "ep" says nothing, since
/// expert groups lie among the data and context ranks.
AxisOrder read_order(const Field& field, const RankGrid& grid);

}  // namespace pipesim
