#include "sim/published/sources/simumax_b200.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "sim/published/sources/simumax_step.hpp"
#include "support/commands/process.hpp"
#include "support/refusal.hpp"

namespace pipesim::published {

namespace {

constexpr const char* columns =
    "case,model,parallel,layer_num,mbc,vp_size,real_ms,real_alloc_gib\n";

DataFiles with_rows(const test::TemporaryFolder& folder, const std::string& rows) {
  test::write_text(folder / "simumax_b200.csv", columns + rows);
  return data_files_in(folder.path(), {});
}

}  // namespace

TEST_SUITE("sim/published/sources/simumax_b200") {
  TEST_CASE("a row's time is its step's in seconds, its memory the fullest device's in GiB") {
    const test::TemporaryFolder folder;
    const DataFiles data = with_rows(folder, "mine_seq2048,llama3-70b,tp2pp2,4,3,1,250,40.5\n");
    const Run run = simulate(experiment_of(config_of({.name = "mine_seq2048",
                                                      .model = "llama3-70b",
                                                      .parallel = "tp2pp2",
                                                      .layers = 4,
                                                      .micro_batches = 3},
                                                     "row"),
                                           "row"));
    const Comparison times = b200_step_times(data);
    REQUIRE(times.rows.size() == 1);
    CHECK(times.rows[0].label == "mine_seq2048");
    CHECK(times.rows[0].published == 0.25);
    CHECK(times.rows[0].predicted == seconds(run.metrics.step_time));
    const Comparison memory = b200_memory(data);
    REQUIRE(memory.rows.size() == 1);
    CHECK(memory.rows[0].published == 40.5);
    const auto fullest = std::ranges::max_element(run.outcome.devices, {}, &DeviceUse::peak);
    CHECK(memory.rows[0].predicted == static_cast<double>(fullest->peak) / 0x1p30);
  }

  TEST_CASE("virtual stages of a row make its schedule interleaved") {
    const test::TemporaryFolder folder;
    const DataFiles data = with_rows(folder,
                                     "plain,llama3-70b,tp4pp2,8,4,1,250,40.5\n"
                                     "interleaved,llama3-70b,tp4pp2,8,4,2,250,40.5\n");
    const std::vector<MeasuredStep> steps = b200_steps(data);
    CHECK(experiment_of(steps[0].config, steps[0].place).schedule.name == "1f1b");
    CHECK(experiment_of(steps[1].config, steps[1].place).schedule.name == "interleaved_1f1b");
  }

  TEST_CASE("a row that can't be is refused at its line") {
    const test::TemporaryFolder folder;
    const std::string path = folder / "simumax_b200.csv";
    const auto refusal = [&](const std::string& row) -> std::string {
      return test::refusal_of([&] { b200_step_times(with_rows(folder, row)); });
    };
    CHECK(refusal("x,llama3-8b,tp2,4,3,1,250,40\n") ==
          path +
              ":2: column \"model\": is not a known model, got \"llama3-8b\"\n"
              "  hint: models: llama3-70b, llama3-405b, deepseekv2, deepseekv3");
    CHECK(refusal("x,llama3-70b,tp2000000000cp2000000000pp2000000000,4,3,1,250,40\n") ==
          path +
              ":2: column \"parallel\": does not divide the 8 devices, got "
              "\"tp2000000000cp2000000000pp2000000000\"\n"
              "  hint: tp, cp, ep, pp, each with its number of ranks");
    CHECK(refusal("x,llama3-70b,pp8,4,3,1,250,40\n")
              .starts_with(path + ":2: /pipeline/stages: must not exceed the model's number of "
                                  "layers, 4, got 8\n"));
  }
}

}  // namespace pipesim::published
