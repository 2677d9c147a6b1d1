#include "models/cluster/placement.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pipesim {

namespace {

std::string_view name_of(Axis axis) {
  return axis_names[static_cast<std::size_t>(axis)];
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words{""};
  for (const char letter : text) {
    if (letter == '-') {
      words.emplace_back();
    } else {
      words.back() += letter;
    }
  }
  return words;
}

constexpr std::string_view how_to_order =
    R"(for example "tp-cp-dp-pp": ranks of the first lie side by side)";

}  // namespace

int RankGrid::size(Axis axis) const {
  const std::array sizes{tensor, context, data, pipeline};
  return sizes[static_cast<std::size_t>(axis)];
}

std::int64_t RankGrid::ranks() const {
  return capped_product(capped_product(tensor, context), capped_product(data, pipeline));
}

int RankGrid::stride(Axis axis) const {
  int stride = 1;
  for (const Axis inner : order) {
    if (inner == axis) break;
    stride *= size(inner);
  }
  return stride;
}

int RankGrid::position(Axis axis, int rank) const {
  return rank / stride(axis) % size(axis);
}

GridPosition position_of(const RankGrid& grid, int rank) {
  return {.tensor = grid.position(Axis::tensor, rank),
          .context = grid.position(Axis::context, rank),
          .data = grid.position(Axis::data, rank),
          .pipeline = grid.position(Axis::pipeline, rank)};
}

int rank_at(const RankGrid& grid, const GridPosition& position) {
  return position.tensor * grid.stride(Axis::tensor) +
         position.context * grid.stride(Axis::context) + position.data * grid.stride(Axis::data) +
         position.pipeline * grid.stride(Axis::pipeline);
}

RankGroup group_along(const RankGrid& grid, Axis axis, int rank) {
  const int stride = grid.stride(axis);
  return {.start = rank - grid.position(axis, rank) * stride,
          .stride = stride,
          .size = grid.size(axis)};
}

std::vector<int> group_over(const RankGrid& grid, const std::vector<Axis>& axes, int rank) {
  for (const Axis axis : axes) rank = group_along(grid, axis, rank).start;
  std::vector<int> ranks{rank};
  for (const Axis axis : axes) {
    const auto inner = static_cast<std::ptrdiff_t>(ranks.size());
    const int stride = grid.stride(axis);
    for (int i = 1; i < grid.size(axis); ++i) {
      for (std::ptrdiff_t j = 0; j < inner; ++j) {
        ranks.push_back(ranks[static_cast<std::size_t>(j)] + i * stride);
      }
    }
  }
  return ranks;
}

namespace {

// The ranks of the stage of `rank` that are `stride` apart from each other, `size` of them, with
// `rank` among them.
std::vector<int> among_stage(const RankGrid& grid, int rank, std::int64_t stride,
                             std::int64_t size) {
  const std::vector<int> ranks = group_over(grid, {Axis::tensor, Axis::context, Axis::data}, rank);
  const auto at = std::ranges::find(ranks, rank) - ranks.begin();
  const std::int64_t first = at / (stride * size) * (stride * size) + at % stride;
  std::vector<int> group;
  for (std::int64_t i = 0; i < size; ++i) {
    group.push_back(ranks[static_cast<std::size_t>(first + i * stride)]);
  }
  return group;
}

}  // namespace

std::vector<int> expert_group(const RankGrid& grid, const ExpertGrid& experts, int rank) {
  return among_stage(grid, rank, experts.tensor, experts.expert);
}

std::vector<int> expert_tensor_group(const RankGrid& grid, const ExpertGrid& experts, int rank) {
  return among_stage(grid, rank, 1, experts.tensor);
}

std::vector<int> expert_replica_group(const RankGrid& grid, const ExpertGrid& experts, int rank) {
  const std::int64_t share = std::int64_t{experts.tensor} * experts.expert;
  const std::int64_t ranks = std::int64_t{grid.tensor} * grid.context * grid.data;
  return among_stage(grid, rank, share, ranks / share);
}

AxisOrder read_order(const Field& field, const RankGrid& grid) {
  std::vector<Axis> order;
  for (const std::string& word : split(field.text())) {
    if (word == "ep") continue;
    const auto found = std::ranges::find(axis_names, word);
    if (found == axis_names.end()) {
      throw field.error(fmt::format("has no axis {}", in_quotes(word)),
                        fmt::format("axes: tp, cp, dp, pp, {}", how_to_order));
    }
    const auto axis = static_cast<Axis>(found - axis_names.begin());
    if (std::ranges::find(order, axis) != order.end()) {
      throw field.error(fmt::format("names {} twice", word), how_to_order);
    }
    order.push_back(axis);
  }
  for (const Axis axis : megatron_order) {
    if (std::ranges::find(order, axis) != order.end()) continue;
    if (grid.size(axis) > 1) {
      throw field.error(
          fmt::format("leaves out {}, of which there are {}", name_of(axis), grid.size(axis)),
          how_to_order);
    }
    order.push_back(axis);
  }
  AxisOrder complete{};
  std::ranges::copy(order, complete.begin());
  return complete;
}

}  // namespace pipesim
