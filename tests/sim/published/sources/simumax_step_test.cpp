#include "sim/published/sources/simumax_step.hpp"
#include "sim/assemble/assemble.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <vector>

#include "models/config/config.hpp"
#include "sim/step/run.hpp"
#include "support/places.hpp"

namespace pipesim {

namespace {

using published::config_of;
using published::SimumaxStep;

Run predicted(const SimumaxStep& step) {
  return simulate(assemble(read_config(parse_document(config_of(step, "row"), "row", {}))),
                  {.timeline = false, .breakdown = false});
}

struct Measured {
  SimumaxStep step{};
  double ms = 0;
  double gib = 0;
};

// case,model,parallel,layer_num,mbc,vp_size,pp_comm_async,real_ms,perf_ms,real_alloc_gib,…
std::vector<Measured> measured_steps() {
  std::ifstream file(PIPESIM_SOURCE_DIR "/../shared/data/simumax_b200.csv");
  std::vector<Measured> steps;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<std::string> cells;
    std::istringstream row(line);
    for (std::string cell; std::getline(row, cell, ',');) cells.push_back(cell);
    steps.push_back({.step = {.name = cells[0],
                              .model = cells[1],
                              .parallel = cells[2],
                              .layers = std::stoi(cells[3]),
                              .micro_batches = std::stoi(cells[4]),
                              .virtual_stages = std::stoi(cells[5])},
                     .ms = std::stod(cells[7]),
                     .gib = std::stod(cells[9])});
  }
  return steps;
}

Bytes most_memory(const Run& run) {
  Bytes most = 0;
  for (const DeviceUse& device : run.outcome.devices) most = std::max(most, device.peak);
  return most;
}

}  // namespace

TEST_SUITE("sim/published/sources/simumax_step") {
  TEST_CASE("step times and memory on B200 are as measured, on average within 4 and 1.5 %") {
    const std::vector<Measured> steps = measured_steps();
    if (steps.empty()) {
      MESSAGE("skipped: ../shared/data/simumax_b200.csv is not here");
      return;
    }
    double time_error = 0;
    double memory_error = 0;
    for (const Measured& measured : steps) {
      const Run run = predicted(measured.step);
      time_error += std::abs(seconds(run.metrics.step_time) * 1e3 / measured.ms - 1);
      const double gib = static_cast<double>(most_memory(run)) / 0x1p30;
      memory_error += std::abs(gib / measured.gib - 1);
    }
    const auto count = static_cast<double>(steps.size());
    CHECK(time_error / count < 0.04);
    CHECK(memory_error / count < 0.015);
  }

  TEST_CASE("a row says how its 8 devices are shared: the vocabulary is padded for all of them") {
    const Config config = read_config(parse_document(config_of({.name = "x_seq32768_mbc4",
                                                                .model = "llama3-70b",
                                                                .parallel = "tp2cp4pp1",
                                                                .layers = 12,
                                                                .micro_batches = 4},
                                                               "row"),
                                                     "row", {}));
    CHECK(config.training.parallel.tensor == 2);
    CHECK(config.training.parallel.context == 4);
    CHECK(config.training.data_parallel == 1);
    CHECK(config.training.micro_batches == 4);
    CHECK(std::get<Network>(config.model).layers.size() == 12);
    CHECK(config_of({.name = "x", .model = "llama3-70b", .parallel = "tp8pp1"}, "row")
              .find(R"("vocab_size":129024)") != std::string::npos);
  }

  TEST_CASE("a row that is none of SimuMax's is refused where it stands") {
    CHECK_THROWS_WITH_AS(config_of({.model = "gpt", .parallel = "tp1"}, "b.csv:3"),
                         "b.csv:3: column \"model\": is not a known model, got \"gpt\"\n"
                         "  hint: models: llama3-70b, llama3-405b, deepseekv2, deepseekv3",
                         InputError);
    CHECK_THROWS_WITH_AS(config_of({.model = "deepseekv2", .parallel = "tp1xp2"}, "b.csv:3"),
                         "b.csv:3: column \"parallel\": is not like tp2cp4pp1, got \"tp1xp2\"\n"
                         "  hint: tp, cp, ep, pp, each with its number of ranks",
                         InputError);
    CHECK_THROWS_WITH_AS(config_of({.model = "deepseekv2", .parallel = "tp3pp1"}, "b.csv:3"),
                         "b.csv:3: column \"parallel\": does not divide the 8 devices, got "
                         "\"tp3pp1\"\n  hint: tp, cp, ep, pp, each with its number of ranks",
                         InputError);
  }
}

}  // namespace pipesim
