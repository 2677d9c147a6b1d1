#include "support/schedules/zero_bubble.hpp"

#include "schedules/search/schedule_bounds.hpp"

namespace pipesim::test {

namespace {

void clear_turn(ScheduleRequest& request) {
  if (request.shape.virtual_stages == 2) {
    request.hops[static_cast<std::size_t>(request.shape.stages) - 1] = {};
  }
}

}  // namespace

ScheduleRequest published_request(const PublishedRates& row, int hidden, int heads,
                                  int virtual_stages) {
  const PipelineShape shape{
      .stages = row.stages, .micro_batches = row.micro_batches, .virtual_stages = virtual_stages};
  const StageLoad load{.forward = row.forward,
                       .backward_input = row.backward_input,
                       .backward_weight = row.backward_weight,
                       .stash = 34 * hidden + 5 * heads * 1024,
                       .weight_stash = 32 * hidden};
  ScheduleRequest request = equal_request(shape, load, 0);
  request.hops.assign(request.hops.size(), row.hop);
  clear_turn(request);
  request.memory.clear();
  return request;
}

ScheduleRequest equal_request(const PipelineShape& shape, const StageLoad& load, Bytes memory) {
  const auto stages = static_cast<std::size_t>(shape.all_stages());
  return {.shape = shape,
          .loads = std::vector<StageLoad>(stages, load),
          .hops = std::vector<Time>(stages - 1),
          .memory = std::vector<Bytes>(static_cast<std::size_t>(shape.stages), memory)};
}

int draw(std::mt19937& random, int low, int high) {
  return low + static_cast<int>(random() % static_cast<std::uint32_t>(high - low + 1));
}

StageLoad random_load(std::mt19937& random) {
  StageLoad load{.forward = {draw(random, 10, 60)},
                 .backward_input = {draw(random, 10, 60)},
                 .backward_weight = {draw(random, 1, 60)},
                 .stash = draw(random, 20, 100)};
  load.weight_stash = draw(random, 0, static_cast<int>(load.stash));
  return load;
}

ScheduleRequest random_request(std::mt19937& random, int virtual_stages) {
  ScheduleRequest request{.shape = {.stages = draw(random, 1, 7),
                                    .micro_batches = draw(random, 1, 20),
                                    .virtual_stages = virtual_stages}};
  const bool uneven = draw(random, 0, 1) == 1;
  const int weight = draw(random, 0, 3);  // 0: no W at all; 1: a long one.
  const int longest_hop = draw(random, 0, 2) * 100;
  for (int s = 0; s < request.shape.all_stages(); ++s) {
    StageLoad load = uneven || s == 0 ? random_load(random) : request.loads[0];
    if (weight == 0) load.backward_weight = {};
    if (weight == 1) load.backward_weight = 5 * load.forward;
    if (uneven && draw(random, 0, 5) == 0) load.weight_stash = 2 * load.stash;
    if (uneven && draw(random, 0, 9) == 0) load.forward = load.backward_input = {};
    request.loads.push_back(load);
    if (s > 0) request.hops.push_back({draw(random, 0, longest_hop)});
  }
  clear_turn(request);
  const int most_tenths = 10 * draw(random, 0, 4);
  for (int d = 0; d < request.shape.stages && most_tenths > 0; ++d) {
    request.memory.push_back(least_memory(request, d) * draw(random, 10, most_tenths) / 10);
  }
  return request;
}

}  // namespace pipesim::test
