#include "sim/execute/memory_check.hpp"
#include "sim/assemble/assemble.hpp"

#include <doctest/doctest.h>

#include "support/models/networks.hpp"

namespace pipesim {

namespace {

using test::PipelinedMlp;

struct Step {
  Experiment experiment = assemble(PipelinedMlp{.stages = 2, .micro_batches = 2});
  Timeline simulated = simulate(experiment).outcome.timeline;
  Allocations executed{};

  Step() {
    const test::HostBatch<double> host(experiment);
    Executor<double> executor(experiment);
    executor.measure(host.batch);
    executed = test::allocations_of(executor, experiment);
  }
  std::string difference() const { return memory_difference(experiment, simulated, executed); }
};

}  // namespace

TEST_SUITE("sim/execute/memory_check") {
  TEST_CASE("an executed step differs in nothing") {
    CHECK(Step().difference() == "");
  }

  TEST_CASE("the first event that differs in tag or bytes is named, with its device") {
    Step step;
    step.executed[1][2].delta += 8;
    step.executed[1][3].delta += 8;
    // Rows of 2; stage 1 has 4 -> 8 -> 3: 15 values a sample, of 8 bytes.
    CHECK(step.difference() == "device 1, event 2: stash +240 was simulated, stash +248 executed");
    step.executed[0][1].tag = MemoryTag::optimizer;
    CHECK(step.difference() ==
          "device 0, event 1: gradients +944 was simulated, optimizer +944 executed");
  }

  TEST_CASE("events too many or too few are differences") {
    Step step;
    const auto last = step.executed[0].size() - 1;
    const AllocationEvent event = step.executed[0].back();
    step.executed[0].pop_back();
    CHECK(step.difference() == "device 0, event " + std::to_string(last) +
                                   ": stash -352 was simulated, nothing executed");
    step.executed[0].push_back(event);
    step.executed[0].push_back({.slot = 3, .tag = MemoryTag::workspace, .delta = 7});
    CHECK(step.difference() == "device 0, event " + std::to_string(last + 1) +
                                   ": nothing was simulated, workspace +7 executed");
  }
}

}  // namespace pipesim
