#include "reports/formats/memory_csv.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <sstream>

#include "sim/step/run.hpp"
#include "support/experiments.hpp"

namespace pipesim {

namespace {

struct Row {
  std::int64_t at = 0;
  int device = 0;
  std::string tag{};
  Bytes delta = 0;
  Bytes total = 0;
  Bytes device_total = 0;
};

std::vector<Row> rows_of(const Experiment& experiment, const Run& run) {
  std::string text;
  Output out([&](std::string_view part) { text += part; });
  write_memory_csv(out, experiment, run);
  out.flush();

  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  REQUIRE(line == "time_ps,device,tag,delta_bytes,total_bytes,device_total_bytes");
  std::vector<Row> rows;
  while (std::getline(lines, line)) {
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream fields(line);
    Row row;
    std::string rest;
    const bool complete = static_cast<bool>(fields >> row.at >> row.device >> row.tag >>
                                            row.delta >> row.total >> row.device_total);
    REQUIRE(complete);
    REQUIRE_FALSE(static_cast<bool>(fields >> rest));
    rows.push_back(row);
  }
  return rows;
}

// What must hold of every trace.
void check_rows(const Experiment& experiment, const Run& run) {
  std::map<std::pair<int, std::string>, Bytes> totals;
  std::map<int, Bytes> device_totals;
  std::map<int, Bytes> peaks;
  std::pair<std::int64_t, int> before{0, 0};
  for (const Row& row : rows_of(experiment, run)) {
    REQUIRE(std::pair{row.at, row.device} >= before);
    before = {row.at, row.device};
    REQUIRE(row.delta != 0);
    REQUIRE(row.total == (totals[{row.device, row.tag}] += row.delta));
    REQUIRE(row.device_total == (device_totals[row.device] += row.delta));
    REQUIRE(row.total >= 0);
    peaks[row.device] = std::max(peaks[row.device], row.device_total);
  }
  for (int device = 0; device < experiment.schedule.devices(); ++device) {
    CAPTURE(device);
    const DeviceUse& use = run.outcome.devices[static_cast<std::size_t>(device)];
    CHECK(device_totals[device] == use.static_bytes);
    CHECK(peaks[device] == use.peak);
  }
  for (const auto& [key, total] : totals) {
    const bool is_static =
        key.second == "weights" || key.second == "gradients" || key.second == "optimizer";
    if (!is_static) CHECK(total == 0);
  }
}

Bytes peak_of(const std::vector<Row>& rows, int device, std::string_view tag) {
  Bytes peak = 0;
  for (const Row& row : rows) {
    if (row.device == device && row.tag == tag) peak = std::max(peak, row.total);
  }
  return peak;
}

std::string list(const std::vector<Bytes>& values) {
  std::string text;
  for (const Bytes value : values) text += (text.empty() ? "[" : ", ") + std::to_string(value);
  return text + "]";
}

}  // namespace

TEST_SUITE("reports/formats/memory_csv") {
  TEST_CASE("every example's trace adds up, ends where it began, and peaks where the run does") {
    for (const std::string& file : test::short_example_names()) {
      for (const char* schedule : {"gpipe", "1f1b"}) {
        for (const char* recompute : {"none", "full", "except_last"}) {
          CAPTURE(file);
          const Experiment experiment = test::example(
              file, {std::string("pipeline.schedule=") + schedule,
                     std::string("pipeline.recompute=") + recompute, "pipeline.virtual_stages=1"});
          check_rows(experiment, simulate(experiment));
        }
      }
    }
  }

  TEST_CASE("with a deferred weight gradient a trace adds up too, under every optimizer") {
    for (const char* schedule : {"gpipe", "1f1b"}) {
      for (const char* optimizer : {"sgd", "momentum", "adam", "rmsprop"}) {
        CAPTURE(schedule);
        CAPTURE(optimizer);
        const Experiment experiment =
            test::example("gpipe.json", {std::string("pipeline.schedule=") + schedule,
                                         std::string("training.optimizer=") + optimizer,
                                         "training.weight_gradient=deferred"});
        check_rows(experiment, simulate(experiment));
      }
    }
  }

  TEST_CASE("the stash peaks at the closed form over random shapes") {
    std::mt19937 random(5);
    const auto draw = [&](int least, int most) {
      return std::uniform_int_distribution(least, most)(random);
    };
    for (int round = 0; round < 300; ++round) {
      const int stages = draw(1, 8);
      const int micro_batches = draw(1, 12);
      const bool one_f_one_b = draw(0, 1) == 1;
      const bool full = draw(0, 1) == 1;
      std::vector<Bytes> boundary;
      std::vector<Bytes> stash;
      std::vector<Bytes> times;
      for (int s = 0; s < stages; ++s) {
        boundary.push_back(draw(0, 100));
        stash.push_back(boundary.back() + draw(0, 1000));
        times.push_back(draw(0, 5));
      }
      const Experiment experiment = test::experiment_from(
          R"({"model": {"kind": "stage_costs"}, "pipeline": {}})",
          {"model.forward=" + list(times), "model.backward=" + std::to_string(draw(0, 4)),
           "model.transfer=" + std::to_string(draw(0, 2)), "model.boundary_bytes=" + list(boundary),
           "model.stash_bytes=" + list(stash),
           "model.parameter_bytes=" + std::to_string(draw(0, 9)),
           "pipeline.stages=" + std::to_string(stages),
           "pipeline.micro_batches=" + std::to_string(micro_batches),
           std::string("pipeline.schedule=") + (one_f_one_b ? "1f1b" : "gpipe"),
           std::string("pipeline.recompute=") + (full ? "full" : "none"),
           std::string("pipeline.recompute_placement=") + (draw(0, 1) == 1 ? "lazy" : "eager")});
      const Run run = simulate(experiment);
      CAPTURE(round);
      check_rows(experiment, run);
      const auto rows = rows_of(experiment, run);
      for (int k = 0; k < stages; ++k) {
        const auto s = static_cast<std::size_t>(k);
        const Bytes in_flight = one_f_one_b ? std::min(stages - k, micro_batches) : micro_batches;
        const Bytes closed_form =
            full ? in_flight * boundary[s] + (stash[s] - boundary[s]) : in_flight * stash[s];
        CAPTURE(k);
        REQUIRE(peak_of(rows, k, "stash") == closed_form);
        REQUIRE(run.outcome.devices[s].peak_in_flight == in_flight);
      }
    }
  }

  TEST_CASE("static bytes are allocated at time zero, by tag") {
    const Experiment experiment = test::experiment_from(R"({
      "model": {"kind": "mlp", "layer_sizes": [3, 5]},
      "pipeline": {"stages": 1, "micro_batches": 1},
      "training": {"optimizer": "adam"}})");
    const auto rows = rows_of(experiment, simulate(experiment));
    REQUIRE(rows.size() >= 3);
    CHECK(rows[0].tag == "weights");
    CHECK(rows[0].delta == 80);
    CHECK(rows[1].tag == "gradients");
    CHECK(rows[1].delta == 80);
    CHECK(rows[2].tag == "optimizer");
    CHECK(rows[2].delta == 160);
    CHECK(rows[2].at == 0);
    CHECK(rows[2].device_total == 320);
  }

  TEST_CASE("a model that states no bytes has a trace of no rows") {
    const Experiment experiment = test::example("unit.json");
    CHECK(rows_of(experiment, simulate(experiment)).empty());
  }
}

}  // namespace pipesim
