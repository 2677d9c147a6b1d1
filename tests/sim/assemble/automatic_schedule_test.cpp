#include "sim/assemble/automatic_schedule.hpp"
#include "sim/assemble/assemble.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "sim/assemble/config_schedule.hpp"
#include "sim/assemble/stash_peak.hpp"
#include "sim/engine/memory_trace.hpp"
#include "sim/step/run.hpp"
#include "support/draws.hpp"
#include "support/experiments.hpp"
#include "support/models/random_pipelines.hpp"
#include "support/schedules/zero_bubble.hpp"

using namespace pipesim;
using nlohmann::json;

namespace {

// What an order takes and holds.
struct Simulated {
  Time step{};
  bool fits = false;
  Bytes peak = 0;   // Of the fullest device.
  Bytes stash = 0;  // The same of its stashes.
};

Simulated simulated(const Experiment& experiment) {
  const Run run = simulate(experiment, {.timeline = false, .breakdown = false});
  REQUIRE(!run.outcome.deadlock);
  Simulated result{.step = run.metrics.step_time, .fits = run.metrics.fits_memory};
  for (const DeviceUse& use : run.outcome.devices) result.peak = std::max(result.peak, use.peak);
  for (const Bytes bytes : stash_peaks(experiment.schedule, experiment.costs)) {
    result.stash = std::max(result.stash, bytes);
  }
  return result;
}

Config config_of(json config, std::string_view schedule) {
  config["pipeline"]["schedule"] = schedule;
  return read_config(parse_document(config.dump(), "drawn"), default_virtual_stages);
}

Simulated automatic(const json& config, int virtual_stages) {
  return simulated(assemble(config_of(config, virtual_stages == 1 ? "zb_auto" : "zb_v")));
}

json with_memory(json config, Bytes memory) {
  config["cluster"]["device"] = {{"memory", memory}};
  return config;
}

json with_limit(json config, Bytes limit) {
  config["pipeline"]["memory_limit"] = limit;
  return config;
}

// A small config whose partition is not made for memory: that one takes the least full order of
// several, not the fastest.
json drawn_config(std::mt19937& random, int virtual_stages) {
  json config = test::random_pipeline(random, {.virtual_stages = virtual_stages,
                                               .most_stages = 4 / virtual_stages + 1,
                                               .most_micro_batches = 6});
  if (config["pipeline"].value("partition", "") == "memory") config["pipeline"].erase("partition");
  return config;
}

// What the schedules of the catalog take that have the same stages on the same devices, without a
// limit.
std::vector<Simulated> of_the_catalog(const json& config, int virtual_stages) {
  std::vector<Simulated> all;
  for (const KnownSchedule& known : known_schedules()) {
    if (known.automatic || known.bidirectional) continue;
    Config named = config_of(config, known.name);
    const PipelineShape shape = shape_of(named);
    const std::vector<int> placement =
        virtual_stages == 1 ? one_stage_per_device(shape.stages) : v_placement(shape);
    const std::optional<Experiment> experiment = try_assemble(named).experiment;
    if (!experiment || experiment->schedule.placement != placement) continue;
    if (simulate(*experiment).outcome.deadlock) continue;
    all.push_back(simulated(*experiment));
  }
  return all;
}

template <class Fits>
void check_none_faster(const Simulated& automatic, const std::vector<Simulated>& others,
                       Fits fits) {
  for (const Simulated& other : others) {
    if (fits(other)) CHECK(automatic.step <= other.step);
  }
}

const Simulated& any_of(const std::vector<Simulated>& all, std::mt19937& random) {
  return all[static_cast<std::size_t>(test::draw(random, 0, static_cast<int>(all.size()) - 1))];
}

}  // namespace

TEST_SUITE_BEGIN("sim/assemble/automatic_schedule");

TEST_CASE("no order of the catalog that fits the devices is faster, and more memory never slower") {
  std::mt19937 random(41);
  for (int trial = test::draws(2000); trial > 0; --trial) {
    const int virtual_stages = test::draw(random, 1, 2);
    const json config = drawn_config(random, virtual_stages);
    const std::vector<Simulated> others = of_the_catalog(config, virtual_stages);
    if (others.empty()) continue;
    CAPTURE(config.dump());
    const Bytes less = std::max<Bytes>(1, any_of(others, random).peak);
    const Simulated limited = automatic(with_memory(config, less), virtual_stages);
    CAPTURE(less);
    CHECK(limited.fits);
    check_none_faster(limited, others, [&](const Simulated& it) { return it.peak <= less; });
    if (test::draw(random, 0, 3) == 0) {
      const Simulated unlimited = automatic(config, virtual_stages);
      CHECK(unlimited.step <= limited.step);
      check_none_faster(unlimited, others, [](const Simulated&) { return true; });
      continue;
    }
    const Bytes more = less + test::draw(random, 0, static_cast<int>(less));
    CAPTURE(more);
    const Simulated roomy = automatic(with_memory(config, more), virtual_stages);
    CHECK(roomy.fits);
    CHECK(roomy.step <= limited.step);
    check_none_faster(roomy, others, [&](const Simulated& it) { return it.peak <= more; });
  }
}

TEST_CASE("nor one whose stashes keep the memory limit, which an automatic schedule keeps too") {
  std::mt19937 random(42);
  for (int trial = test::draws(2000); trial > 0; --trial) {
    const int virtual_stages = test::draw(random, 1, 2);
    const json config = drawn_config(random, virtual_stages);
    const std::vector<Simulated> others = of_the_catalog(config, virtual_stages);
    if (others.empty()) continue;
    CAPTURE(config.dump());
    const Bytes less = any_of(others, random).stash;
    if (less == 0) continue;
    CAPTURE(less);
    const Simulated limited = automatic(with_limit(config, less), virtual_stages);
    CHECK(limited.stash <= less);
    check_none_faster(limited, others, [&](const Simulated& it) { return it.stash <= less; });
    const Bytes more = less + test::draw(random, 0, static_cast<int>(less));
    CAPTURE(more);
    const Simulated roomy = test::draw(random, 0, 3) == 0
                                ? automatic(config, virtual_stages)
                                : automatic(with_limit(config, more), virtual_stages);
    CHECK(roomy.step <= limited.step);
  }
}

TEST_CASE("what stashes hold is what the memory trace says of them") {
  std::mt19937 random(43);
  for (int trial = 0; trial < 200; ++trial) {
    json config = test::random_pipeline(random, {});
    const auto& known = known_schedules();
    const std::string_view schedule =
        known[static_cast<std::size_t>(test::draw(random, 0, 5))].name;
    const std::optional<Experiment> experiment =
        try_assemble(config_of(config, schedule)).experiment;
    if (!experiment) continue;
    CAPTURE(config.dump());
    CAPTURE(schedule);
    const Run run = simulate(*experiment);
    if (run.outcome.deadlock) continue;
    const std::vector<Bytes> peaks = stash_peaks(experiment->schedule, experiment->costs);
    for (int device = 0; device < experiment->schedule.devices(); ++device) {
      Bytes most = 0;
      for (DeviceMemory memory(experiment->schedule, experiment->costs, run.outcome.timeline,
                               device);
           !memory.done(); memory.advance()) {
        const auto& now = memory.current();
        if (now.tag == MemoryTag::stash) most = std::max(most, now.tag_total);
      }
      CHECK(peaks[static_cast<std::size_t>(device)] == most);
    }
  }
}

TEST_CASE("with nothing better it has the order of the catalog") {
  const auto run = [](const char* text) { return simulated(test::experiment_from(text)); };
  // 1F1B takes 12 s and fits the 3 bytes. W's hold nothing here and may wait: 10 s.
  const Simulated tight = run(R"({
    "model": {"kind": "stage_costs", "forward": 1, "backward_input": 1, "backward_weight": 1,
              "boundary_bytes": 1},
    "pipeline": {"stages": 2, "micro_batches": 3, "schedule": "zb_auto"},
    "cluster": {"device": {"memory": 3}}})");
  CHECK(tight.fits);
  CHECK(tight.step == 10'000'000'000_ns);
  // ZB-H1's takes 26 s within the 9 bytes.
  const Simulated kept = run(R"({
    "model": {"kind": "stage_costs", "forward": 1, "backward_input": 1,
              "backward_weight": [1, 1, 1, 1], "stash_bytes": 3, "boundary_bytes": 1},
    "pipeline": {"stages": 4, "micro_batches": 6, "recompute": "except_last",
                 "schedule": "zb_auto"},
    "cluster": {"device": {"memory": 9}}})");
  CHECK(kept.fits);
  CHECK(kept.step == 26'000'000'000_ns);
}

TEST_CASE("where 1f1b with re-computation fits, so does an automatic schedule, no slower") {
  const std::vector<std::string> again{"pipeline.recompute=full", "pipeline.schedule=1f1b"};
  const Simulated one_f_one_b = simulated(test::example("zero_bubble.json", again));
  const Simulated automatic = simulated(test::example(
      "zero_bubble.json",
      {"pipeline.recompute=full",
       "cluster={\"device\": {\"memory\": " + std::to_string(one_f_one_b.peak) + "}}"}));
  CHECK(automatic.fits);
  CHECK(automatic.step <= one_f_one_b.step);
}

TEST_CASE("zb_v of GPT-3 with re-computation of layers is no slower than v_min") {
  const auto run = [](const char* schedule) {
    return simulated(test::example("gpt3_175b.json", {"pipeline.recompute=layers",
                                                      std::string("pipeline.schedule=") + schedule,
                                                      "pipeline.virtual_stages=2"}));
  };
  const Simulated zb_v = run("zb_v");
  const Simulated v_min = run("v_min");
  REQUIRE(v_min.fits);
  CHECK(zb_v.fits);
  CHECK(zb_v.step <= v_min.step);
}

TEST_CASE("where nothing fits it lacks least") {
  const auto lacking = [](const char* schedule) {
    return simulated(
               test::example("schedules.json", {std::string("pipeline.schedule=") + schedule,
                                                "cluster={\"device\": {\"memory\": \"0.5 GiB\"}}"}))
        .peak;
  };
  CHECK(lacking("zb_auto") == Bytes{1} << 30);  // One micro-batch.
  CHECK(lacking("zb_v") == Bytes{1} << 30);
}

TEST_SUITE_END();
