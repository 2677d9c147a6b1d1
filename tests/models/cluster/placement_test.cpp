#include "models/cluster/placement.hpp"

#include <doctest/doctest.h>

#include <set>

namespace pipesim {

namespace {

using enum Axis;
using Ranks = std::vector<int>;

AxisOrder order(const std::string& text, const RankGrid& grid) {
  return read_order(Field(parse_document("\"" + text + "\"", "c.json")), grid);
}

}  // namespace

TEST_SUITE("models/cluster/placement") {
  TEST_CASE("Megatron's order: tensor ranks are neighbours, stages are farthest apart") {
    // 16 GPUs, two-way tensor parallel, four stages: the example that Megatron-LM's parallel_state
    // documents.
    const RankGrid grid{.tensor = 2, .data = 2, .pipeline = 4};
    CHECK(grid.ranks() == 16);
    CHECK(group_along(grid, tensor, 7) == RankGroup{.start = 6, .stride = 1, .size = 2});
    CHECK(group_along(grid, data, 3) == RankGroup{.start = 1, .stride = 2, .size = 2});
    CHECK(group_along(grid, data, 4) == RankGroup{.start = 4, .stride = 2, .size = 2});
    CHECK(group_along(grid, pipeline, 13) == RankGroup{.start = 1, .stride = 4, .size = 4});
    CHECK(group_along(grid, context, 13) == RankGroup{.start = 13, .stride = 2, .size = 1});
  }

  TEST_CASE("a rank is t + T (c + C (d + D p)), whose parts are found again") {
    const RankGrid grid{.tensor = 2, .context = 3, .data = 5, .pipeline = 7};
    const GridPosition at{.tensor = 1, .context = 2, .data = 3, .pipeline = 6};
    CHECK(rank_at(grid, at) == 1 + 2 * (2 + 3 * (3 + 5 * 6)));
    CHECK(position_of(grid, rank_at(grid, at)) == at);
  }

  TEST_CASE("along every axis, in every order, the groups hold each rank once") {
    RankGrid grid{.tensor = 2, .context = 3, .data = 4, .pipeline = 5};
    for (const char* text : {"tp-cp-dp-pp", "tp-pp-dp-cp", "pp-dp-cp-tp", "dp-tp-pp-cp"}) {
      grid.order = order(text, grid);
      CAPTURE(text);
      for (const Axis axis : megatron_order) {
        std::multiset<int> seen;
        for (int rank = 0; rank < 120; ++rank) {
          const RankGroup group = group_along(grid, axis, rank);
          if (grid.position(axis, rank) != 0) continue;
          CHECK(group.start == rank);
          for (int i = 0; i < group.size; ++i) seen.insert(group.start + i * group.stride);
        }
        CHECK(seen.size() == 120);
        CHECK(std::set<int>(seen.begin(), seen.end()).size() == 120);
      }
    }
  }

  TEST_CASE("with the pipeline inside of the replicas a stage's neighbours come closer") {
    RankGrid grid{.tensor = 2, .data = 2, .pipeline = 4};
    grid.order = order("tp-pp-dp", grid);
    CHECK(group_along(grid, pipeline, 0) == RankGroup{.start = 0, .stride = 2, .size = 4});
    CHECK(group_along(grid, data, 3) == RankGroup{.start = 3, .stride = 8, .size = 2});
  }

  TEST_CASE("gradients are shared by all that differ in context and data") {
    const RankGrid grid{.tensor = 2, .context = 2, .data = 2, .pipeline = 2};
    CHECK(group_over(grid, {context, data}, 3) == Ranks{1, 3, 5, 7});
    CHECK(group_over(grid, {context, data}, 8) == Ranks{8, 10, 12, 14});
    CHECK(group_over(grid, {}, 8) == Ranks{8});
  }

  TEST_CASE("experts are shared by consecutive ranks of context and data") {
    const RankGrid grid{.tensor = 2, .data = 4, .pipeline = 2};
    CHECK(expert_group(grid, {.tensor = 2, .expert = 2}, 0) == Ranks{0, 2});
    CHECK(expert_group(grid, {.tensor = 2, .expert = 2}, 7) == Ranks{5, 7});
    CHECK(expert_group(grid, {.tensor = 2, .expert = 4}, 11) == Ranks{9, 11, 13, 15});
    CHECK(expert_group(grid, {.tensor = 2, .expert = 1}, 11) == Ranks{11});
  }

  TEST_CASE("experts of one device each are shared by all ranks of a stage, tensor ranks first") {
    const RankGrid grid{.tensor = 2, .data = 4, .pipeline = 2};
    CHECK(expert_group(grid, {.expert = 4}, 0) == Ranks{0, 1, 2, 3});
    CHECK(expert_group(grid, {.expert = 4}, 13) == Ranks{12, 13, 14, 15});
    CHECK(expert_replica_group(grid, {.expert = 4}, 13) == Ranks{9, 13});
    CHECK(expert_tensor_group(grid, {.tensor = 4, .expert = 2}, 13) == Ranks{12, 13, 14, 15});
    CHECK(expert_group(grid, {.tensor = 4, .expert = 2}, 13) == Ranks{9, 13});
    CHECK(expert_replica_group(grid, {.tensor = 4, .expert = 2}, 13) == Ranks{13});
  }

  TEST_CASE("context ranks count before data ranks where experts are shared") {
    const RankGrid grid{.context = 2, .data = 2};
    CHECK(expert_group(grid, {.expert = 2}, 0) == Ranks{0, 1});
    CHECK(expert_replica_group(grid, {.expert = 2}, 0) == Ranks{0, 2});
  }

  TEST_CASE("an order names every axis once: one of a single rank may be left out, ep may stand") {
    const RankGrid grid{.tensor = 2, .data = 2, .pipeline = 2};
    CHECK(order("tp-cp-ep-dp-pp", grid) == megatron_order);
    CHECK(order("pp-tp-dp", grid) == AxisOrder{pipeline, tensor, data, context});
    CHECK_THROWS_WITH_AS(order("tp-pp", grid),
                         "c.json: /: leaves out dp, of which there are 2, got \"tp-pp\"\n"
                         "  hint: for example \"tp-cp-dp-pp\": ranks of the first lie side by side",
                         InputError);
    CHECK_THROWS_WITH_AS(order("tp-dp-tp-pp", grid),
                         "c.json: /: names tp twice, got \"tp-dp-tp-pp\"\n"
                         "  hint: for example \"tp-cp-dp-pp\": ranks of the first lie side by side",
                         InputError);
    CHECK_THROWS_WITH_AS(
        order("tp-mp", grid),
        "c.json: /: has no axis \"mp\", got \"tp-mp\"\n"
        "  hint: axes: tp, cp, dp, pp, for example \"tp-cp-dp-pp\": ranks of the first lie side by "
        "side",
        InputError);
  }
}

}  // namespace pipesim
