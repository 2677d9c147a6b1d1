#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "schedules/orders/catalog.hpp"
#include "support/commands/process.hpp"

namespace pipesim::test {

namespace {

using nlohmann::json;

// F = 1 s, B = 2 s, two stages, four micro-batches. A message of 10 bytes takes the link for 1 s
// and arrives 0.5 s later.
constexpr const char* two_stages = R"({
  "name": "two",
  "model": {"kind": "stage_costs", "forward": 1, "backward": 2,
            "parameter_bytes": 100, "boundary_bytes": 10, "stash_bytes": 20},
  "cluster": {"interconnect": {"bandwidth": 10, "latency": "500 ms"}},
  "pipeline": {"stages": 2, "micro_batches": 4}})";

ProcessResult compare(std::vector<std::string> arguments, const std::string& input = two_stages) {
  arguments.insert(arguments.begin(), "compare");
  return run_pipesim(arguments, input);
}

// "gpipe none, 1f1b full": the rows of those and of data parallelism, in their order.
std::string order(const json& all) {
  std::string text;
  for (const json& row : all["rows"]) {
    if (row["schedule"] != "gpipe" && row["schedule"] != "1f1b" &&
        row["schedule"] != "data parallel") {
      continue;
    }
    text += (text.empty() ? "" : ", ") + row["schedule"].get<std::string>() + " " +
            row["recompute"].get<std::string>();
  }
  return text;
}

json row_of(const json& all, const std::string& schedule, const std::string& recompute) {
  for (const json& row : all["rows"]) {
    if (row["schedule"] == schedule && row["recompute"] == recompute) return row;
  }
  return {};
}

}  // namespace

TEST_SUITE("cli/commands/compare") {
  TEST_CASE("a row says where times are far from those that its order is made for") {
    const std::string input = R"({
      "model": {"kind": "stage_costs", "forward": 1, "backward_input": 3, "backward_weight": 1},
      "pipeline": {"stages": 2, "micro_batches": 4}})";
    const json all = json::parse(compare({"-", "--json"}, input).out);
    const std::string far = "made for F = I = W, here 1 : 3 : 1";
    CHECK(row_of(all, "zb_h1", "none")["times_unlike_order"] == far);
    CHECK(row_of(all, "v_min", "none")["times_unlike_order"] == far);
    CHECK(!row_of(all, "1f1b", "none").contains("times_unlike_order"));
    CHECK(!row_of(all, "zb_auto", "none").contains("times_unlike_order"));
    CHECK(compare({"-"}, input).out.find(far) != std::string::npos);
  }

  TEST_CASE("every schedule and data parallelism, without and with re-computation, by step time") {
    const ProcessResult result = compare({"-", "--json"});
    CHECK(result.exit_code == 0);
    CHECK(result.err.empty());
    const json all = json::parse(result.out);
    CHECK(all["name"] == "two");
    CHECK(all["command"] == "compare");
    CHECK(all["stages"] == 2);
    CHECK(all["micro_batches"] == 4);
    CHECK(order(all) ==
          "gpipe none, 1f1b none, gpipe full, 1f1b full, data parallel none, data parallel full");
  }

  TEST_CASE("every schedule has a row, with figures or the reason why not") {
    const json all = json::parse(compare({"-", "--json"}).out);
    CHECK(all["rows"].size() == 2 * (schedule_names().size() + 1));
    CHECK(row_of(all, "zb_h1", "none")["reason"] ==
          "/model/backward_input: is required by a schedule that runs I and W apart, got nothing");
    const json odd = json::parse(compare({"-", "--json", "--set", "pipeline.stages=3"}).out);
    CHECK(row_of(odd, "chimera", "none")["reason"] ==
          "/pipeline/stages: must be even: the pipeline is fed from both ends, got 3");
  }

  TEST_CASE("more stages on a device share out the same model") {
    const std::vector<std::string> equal{"-", "--json", "--set", "cluster.interconnect=ideal"};
    const json all = json::parse(compare(equal).out);
    const json row = row_of(all, "interleaved_1f1b", "none");
    CHECK(row["virtual_stages"] == 2);
    CHECK(row["forward_s"] == row_of(all, "1f1b", "none")["forward_s"]);
    CHECK(row["bubble_fraction"] == 1.0 / 9);  // (K-1) / (vM + K-1)
    CHECK(row_of(all, "1f1b", "none")["bubble_fraction"] == 1.0 / 5);
  }

  TEST_CASE("a pipeline's row is what simulate says of it") {
    const json all = json::parse(compare({"-", "--json"}).out);
    for (const char* schedule : {"gpipe", "1f1b"}) {
      for (const char* recompute : {"none", "full"}) {
        CAPTURE(schedule);
        CAPTURE(recompute);
        const json row = row_of(all, schedule, recompute);
        const json alone =
            json::parse(run_pipesim({"simulate", "-", "--json", "--set",
                                     std::string("pipeline.schedule=") + schedule, "--set",
                                     std::string("pipeline.recompute=") + recompute},
                                    two_stages)
                            .out);
        CHECK(row["step_time_s"] == alone["step_time_s"]);
        CHECK(row["bubble_fraction"] == alone["bubble_fraction"]);
        CHECK(row["recompute_s"] == alone["recompute_s"]);
        CHECK(row["fits_memory"] == alone["fits_memory"]);
        CHECK(row["peak_memory_bytes"] == std::max(alone["devices"][0]["peak_memory_bytes"],
                                                   alone["devices"][1]["peak_memory_bytes"]));
      }
    }
  }

  TEST_CASE("one row is the config as it is, whatever it sets") {
    const auto given = [](const std::vector<std::string>& settings) {
      std::vector<std::string> arguments{"examples/zero_bubble.json", "--json"};
      for (const std::string& setting : settings) {
        arguments.insert(arguments.end(), {"--set", setting});
      }
      const json all = json::parse(compare(arguments).out);
      json found;
      for (const json& row : all["rows"]) {
        if (!row["as_given"]) continue;
        CHECK(found.is_null());
        CHECK(row["set"].empty());
        found = row;
      }
      arguments.insert(arguments.begin(), "simulate");
      const json alone = json::parse(run_pipesim(arguments).out);
      CHECK(found["step_time_s"] == alone["step_time_s"]);
      CHECK(found["bubble_fraction"] == alone["bubble_fraction"]);
      CHECK(found["virtual_stages"] == alone["virtual_stages"]);
      CHECK(found["recompute"] == alone["recompute"]);
      return found["schedule"].get<std::string>();
    };
    CHECK(given({"pipeline.schedule=1f1b"}) == "1f1b");
    CHECK(given({"pipeline.schedule=1f1b", "pipeline.recompute=except_last"}) == "1f1b");
    CHECK(given({"pipeline.schedule=interleaved_1f1b", "pipeline.virtual_stages=1"}) ==
          "interleaved_1f1b");
    CHECK(given({"pipeline.schedule=zb_auto", "pipeline.memory_limit=\"3 micro-batches\""}) ==
          "zb_auto");
  }

  TEST_CASE("schedules that know no memory limit are compared without it, and say so") {
    const json all = json::parse(
        compare({"examples/zero_bubble.json", "--json", "--set", "pipeline.schedule=zb_auto",
                 "--set", "pipeline.memory_limit=\"3 micro-batches\""})
            .out);
    CHECK(row_of(all, "1f1b", "none")["set"] ==
          json{"pipeline.schedule=1f1b", "pipeline.memory_limit=null"});
    CHECK(row_of(all, "1f1b", "none").contains("step_time_s"));
  }

  TEST_CASE("GPipe's step is (M + K - 1)(F + B) and two messages more") {
    const json row = row_of(json::parse(compare({"-", "--json"}).out), "gpipe", "none");
    CHECK(row["step_time_s"] == (4 + 2 - 1) * 3.0 + 2 * 1.5);
    CHECK(row["communication_s"] == 2 * 1.5);
    CHECK(row["forward_s"] == 4.0);
    CHECK(row["backward_s"] == 8.0);
    CHECK(row["efficiency"] == 12.0 / 18);
  }

  TEST_CASE("data parallel: each device runs its share of micro-batches, then a ring all-reduce") {
    // A device holds both stages: half of the micro-batches, each 2 F and 2 B. The gradients are
    // 200 bytes; 2 (r - 1) = 2 steps of 100 bytes take 10 s and the latency of 0.5 s each.
    const json all = json::parse(compare({"-", "--json"}).out);
    const json settings = {"pipeline.schedule=1f1b",    "pipeline.stages=1",
                           "model.forward=2.0",         "model.backward=4.0",
                           "model.stash_bytes=40",      "model.boundary_bytes=10",
                           "model.parameter_bytes=200", "training.data_parallel=2",
                           "training.batch_size=2",     "pipeline.micro_batches=2"};
    CHECK(row_of(all, "data parallel", "none") == json{{"schedule", "data parallel"},
                                                       {"as_given", false},
                                                       {"set", settings},
                                                       {"virtual_stages", 1},
                                                       {"recompute", "none"},
                                                       {"weight_gradient", "accumulated"},
                                                       {"step_time_s", 2 * 2 * 3.0 + 21.0},
                                                       {"forward_s", 4.0},
                                                       {"backward_s", 8.0},
                                                       {"recompute_s", 0.0},
                                                       {"communication_s", 21.0},
                                                       {"optimizer_s", 0.0},
                                                       {"bubble_fraction", 0.0},
                                                       {"efficiency", 12.0 / 33},
                                                       {"peak_memory_bytes", 200 + 40},
                                                       {"fits_memory", true}});
    CHECK(row_of(all, "data parallel", "full")["step_time_s"] == 2 * 2 * 4.0 + 21.0);
    CHECK(row_of(all, "data parallel", "full")["recompute_s"] == 4.0);
  }

  TEST_CASE("micro-batches that do not divide among the devices are the reason for no figures") {
    const ProcessResult result = compare({"examples/unit.json", "--json"});
    CHECK(result.exit_code == 0);
    const json all = json::parse(result.out);
    CHECK(order(all) ==
          "gpipe none, 1f1b none, gpipe full, 1f1b full, data parallel none, data parallel full");
    for (const char* recompute : {"none", "full"}) {
      CHECK(row_of(all, "data parallel", recompute) ==
            json{{"schedule", "data parallel"},
                 {"as_given", false},
                 {"set", json::array()},
                 {"virtual_stages", 1},
                 {"recompute", recompute},
                 {"weight_gradient", "accumulated"},
                 {"reason", "4 micro-batches do not divide among 3 devices"}});
    }
  }

  TEST_CASE("devices that differ, and samples that do not divide, are reasons too") {
    const auto reason = [](const std::vector<std::string>& arguments) {
      return row_of(json::parse(compare(arguments).out), "data parallel", "none")["reason"];
    };
    CHECK(reason({"examples/unit.json", "--json", "--set",
                  "cluster.device=[\"p100\", \"tpu-v2\", \"p100\"]"}) == "the devices differ");
    CHECK(reason({"examples/gpipe.json", "--json", "--set", "training.batch_size=30", "--set",
                  "pipeline.micro_batches=10"}) == "30 samples do not divide among 4 devices");
  }

  TEST_CASE("a deferred weight gradient stays so where nothing is computed again") {
    const std::vector<std::string> deferred = {"examples/gpipe.json", "--set",
                                               "training.weight_gradient=deferred"};
    std::vector<std::string> as_json = deferred;
    as_json.push_back("--json");
    const json all = json::parse(compare(as_json).out);
    for (const char* schedule : {"gpipe", "1f1b"}) {
      CHECK(row_of(all, schedule, "none")["weight_gradient"] == "deferred");
      CHECK(row_of(all, schedule, "none")["optimizer_s"] == 0.0);
      CHECK(row_of(all, schedule, "full")["weight_gradient"] == "accumulated");
    }
    CHECK(row_of(all, "data parallel", "none")["weight_gradient"] == "accumulated");
    const std::string note = "Weight gradients are deferred, except with re-computation";
    CHECK(compare(deferred).out.find(note) != std::string::npos);
    CHECK(compare({"examples/gpipe.json"}).out.find(note) == std::string::npos);
  }

  TEST_CASE("what fits comes before what is faster") {
    const ProcessResult result =
        compare({"-", "--json", "--set", "cluster.device={\"memory\": \"155 B\"}"});
    CHECK(result.exit_code == 0);
    const json all = json::parse(result.out);
    CHECK(order(all) ==
          "1f1b none, 1f1b full, gpipe none, gpipe full, data parallel none, data parallel full");
    CHECK(row_of(all, "1f1b", "full")["fits_memory"] == true);
    CHECK(row_of(all, "gpipe", "none")["fits_memory"] == false);
  }

  TEST_CASE("where nothing fits the exit code is 3") {
    const ProcessResult result =
        compare({"-", "--json", "--set", "cluster.device={\"memory\": \"1 B\"}"});
    CHECK(result.exit_code == 3);
    CHECK(result.err.empty());
    const json all = json::parse(result.out);
    for (const json& row : all["rows"]) {
      CHECK((row.contains("reason") || row["fits_memory"] == false));
    }
  }

  TEST_CASE("the table has a line for each way") {
    const ProcessResult result = compare({"-", "--set", "pipeline.micro_batches=3", "--set",
                                          "cluster.device={\"memory\": \"145 B\"}"});
    CHECK(result.exit_code == 0);
    CHECK(result.err.empty());
    CHECK(result.out ==
          R"(two: 2 devices, 3 samples a step

schedule          recompute       step    forward   backward      again      comm.  optimizer    bubble  efficiency  peak memory  fits
1f1b              full            20 s        3 s        6 s        3 s        5 s       0 ps   40.00 %     45.00 %        140 B  yes
gpipe             none            15 s        3 s        6 s       0 ps        3 s       0 ps   40.00 %     60.00 %        170 B  NO, as given
1f1b              none            18 s        3 s        6 s       0 ps        6 s       0 ps   50.00 %     50.00 %        150 B  NO
gpipe             full            18 s        3 s        6 s        3 s        3 s       0 ps   33.33 %     50.00 %        150 B  NO
looped_bfs        none            19 s        3 s        6 s       0 ps      8.5 s       0 ps   52.63 %     47.37 %        180 B  NO
looped_bfs        full          20.5 s        3 s        6 s        3 s        7 s       0 ps   41.46 %     43.90 %        180 B  NO
interleaved_1f1b  none            24 s        3 s        6 s       0 ps     12.5 s       0 ps   62.50 %     37.50 %        170 B  NO
interleaved_1f1b  full            26 s        3 s        6 s        3 s     11.5 s       0 ps   53.85 %     34.62 %        170 B  NO
zb_h1             not possible: /model/backward_input: is required by a schedule that runs I and W apart, got nothing
zb_h2             not possible: /model/backward_input: is required by a schedule that runs I and W apart, got nothing
zb_auto           not possible: /model/backward_input: is required by a schedule that runs I and W apart, got nothing
zb_v              not possible: /model/backward_input: is required by a schedule that runs I and W apart, got nothing
v_half            not possible: /model/backward_input: is required by a schedule that runs I and W apart, got nothing
v_min             not possible: /model/backward_input: is required by a schedule that runs I and W apart, got nothing
dualpipe          not possible: /pipeline/micro_batches: must be even, and at least twice the stages, got 3
dualpipe_v        not possible: /pipeline/micro_batches: must be at least twice the stages, got 3
chimera           not possible: /pipeline/micro_batches: must be even: half of them go each way, got 3
data parallel     not possible: 3 micro-batches do not divide among 2 devices

forward, backward, again (re-computation): per device. comm.: what messages and the
all-reduce add to the step. efficiency: forward and backward over the step. Schedules with
several stages on a device cut the same model into as many. Data parallel: the whole model
on every device, each with its share of the samples. As given: the config as it is.
)");
  }
}

}  // namespace pipesim::test
