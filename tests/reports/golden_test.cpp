#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "reports/formats/chrome_trace.hpp"
#include "reports/formats/memory_csv.hpp"
#include "reports/formats/timeline_json.hpp"
#include "reports/summary/summary_json.hpp"
#include "reports/text/json_text.hpp"
#include "sim/step/run.hpp"
#include "support/commands/process.hpp"
#include "support/experiments.hpp"
#include "support/places.hpp"
#include "support/written.hpp"

namespace pipesim {

namespace {

// Every file that a simulation writes, held against tests/golden. What differs is left beside the
// golden file as FILE.new, to be looked at and, if right, renamed.
void check_golden(const std::string& name, const std::string& text) {
  const std::string path = PIPESIM_SOURCE_DIR "/tests/golden/" + name;
  const bool same = test::read_text(path) == text;
  if (!same) test::write_text(path + ".new", text);
  INFO("compare ", path, " with ", path, ".new");
  CHECK(same);
}

}  // namespace

TEST_SUITE("reports/golden") {
  TEST_CASE("the textbook example's timeline") {
    const Experiment experiment = test::example("unit.json");
    check_golden("unit.timeline.json",
                 test::written(write_timeline_json, experiment, simulate(experiment)));
  }

  TEST_CASE("all files of a small pipeline with transfers and memory") {
    const Experiment experiment = test::experiment_from(R"({
      "name": "small",
      "model": {"kind": "stage_costs", "forward": "1.5 us", "backward": "3 us",
                "boundary_bytes": 1000, "stash_bytes": 4000, "parameter_bytes": "1 MiB"},
      "cluster": {"interconnect": {"bandwidth": "1 GB/s", "latency": "1 us"}},
      "pipeline": {"schedule": "1f1b", "stages": 2, "micro_batches": 2, "recompute": "full"},
      "training": {"batch_size": 8, "data_parallel": 2}})");
    const Run run = simulate(experiment);
    check_golden("small.timeline.json", test::written(write_timeline_json, experiment, run));
    check_golden("small.trace.json", test::written(write_chrome_trace, experiment, run));
    check_golden("small.memory.csv", test::written(write_memory_csv, experiment, run));
    check_golden("small.summary.json", to_text(summary_json(experiment, run, {})));
  }
}

}  // namespace pipesim
