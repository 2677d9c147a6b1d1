#include "reports/summary/explanation_text.hpp"

#include <doctest/doctest.h>

#include <sstream>

#include "sim/engine/engine.hpp"
#include "support/experiments.hpp"
#include "support/written.hpp"

namespace pipesim {

namespace {

std::string explained_text(const Schedule& schedule, const StepCosts& costs) {
  const Outcome outcome = Engine(schedule).run(costs, {}, true);
  return "\n" + test::written(write_explanation_text, schedule,
                              explain(schedule, costs, outcome.timeline));
}

std::string explained_text(const std::string& example, const std::vector<std::string>& settings) {
  const Experiment experiment = test::example(example, settings);
  return explained_text(experiment.schedule, experiment.costs);
}

std::string one_micro_batch(int stages) {
  return explained_text("unit.json",
                        {"pipeline.stages=" + std::to_string(stages), "pipeline.micro_batches=1"});
}

// "0 1 … 1 0": the numbers in a column of some lines, and where lines are left out.
std::string numbers_in(const std::string& text, std::size_t first, std::size_t width) {
  std::istringstream lines(text);
  std::string numbers;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream column(line.size() > first ? line.substr(first, width) : "");
    int number = 0;
    if (line.find(" more: ") != line.npos) {
      numbers += "… ";
    } else if (column >> number) {
      numbers += std::to_string(number) + " ";
    }
  }
  return numbers;
}

}  // namespace

TEST_SUITE("reports/summary/explanation_text") {
  TEST_CASE("a message that waited for a shared link names it") {
    Experiment experiment = test::experiment_from(R"({
      "model": {"kind": "stage_costs", "forward": "10 us", "backward": "20 us"},
      "pipeline": {"stages": 2, "micro_batches": 2, "schedule": "gpipe"}})");
    experiment.costs.hops = {{.occupancy = 20_us}};
    experiment.costs.links = test::one_bridge(2);
    const std::string text = explained_text(experiment.schedule, experiment.costs);
    CHECK(text.substr(0, text.find("longest")) == R"(
critical path  140 µs: F 14.29 %, B 42.86 %, messages 42.86 %
      0 ps  device 0  F0                                   1 op       10 µs
     10 µs  0 → 1     message, 10 µs of it for bridge                 40 µs
     50 µs  device 1  F1 B1                               2 ops       30 µs
     80 µs  1 → 0     message                                         20 µs
    100 µs  device 0  B1 B0                               2 ops       40 µs
)");
  }

  TEST_CASE("a path is stretches of ops on a device and the messages between them") {
    const Experiment experiment = test::experiment_from(R"({
      "model": {"kind": "stage_costs", "forward": "20 us", "backward": "40 us", "transfer": "3 us"},
      "pipeline": {"stages": 2, "micro_batches": 3}})");
    CHECK(explained_text(experiment.schedule, experiment.costs) == R"(
critical path  246 µs: F 32.52 %, B 65.04 %, messages 2.44 %
      0 ps  device 0  F0           1 op       20 µs
     20 µs  0 → 1     message                  3 µs
     23 µs  device 1  F0 … B2     4 ops      100 µs
    123 µs  1 → 0     message                  3 µs
    126 µs  device 0  B2 … B0     3 ops      120 µs
longest wait   66 µs: B2 on device 0, from 60 µs on, for B2 on device 1

device     on path     share        idle      waited   times  for
     0      140 µs   56.91 %       66 µs       66 µs       1  gradients from device 1
     1      100 µs   40.65 %       66 µs       23 µs       1  its first op (fill)
                                               43 µs       1  the others' last ops (drain)
)");
  }

  TEST_CASE("with several stages on a device ops carry their stage") {
    const Schedule schedule{
        .name = "v",
        .micro_batches = 1,
        .placement = {0, 1, 1, 0},
        .lanes = {test::lane("F0.0 F3.0 B3.0 B0.0"), test::lane("F1.0 F2.0 B2.0 B1.0")}};
    CHECK(explained_text(schedule, test::equal_costs(4)) == R"(
critical path  12 ns: F 33.33 %, B 66.67 %, messages 0.00 %
      0 ps  device 0  F0.0           1 op        1 ns
      1 ns  device 1  F1.0 F2.0     2 ops        2 ns
      3 ns  device 0  F3.0 B3.0     2 ops        3 ns
      6 ns  device 1  B2.0 B1.0     2 ops        4 ns
     10 ns  device 0  B0.0           1 op        2 ns
longest wait   4 ns: B0.0 on device 0, from 6 ns on, for B1.0 on device 1

device     on path     share        idle      waited   times  for
     0        6 ns   50.00 %        6 ns        2 ns       1  activations from device 1
                                                4 ns       1  gradients from device 1
     1        6 ns   50.00 %        6 ns        1 ns       1  its first op (fill)
                                                3 ns       1  gradients from device 0
                                                2 ns       1  the others' last ops (drain)
)");
  }

  TEST_CASE("sends and receives are seen as messages, and a sender waits to send") {
    const auto message = [](OpKind kind, int stage) {
      return Op{.kind = kind, .stage = stage, .micro_batch = 0};
    };
    const Schedule schedule{.name = "rendezvous",
                            .micro_batches = 1,
                            .placement = {0, 1},
                            .lanes = {{{.stage = 0},
                                       message(OpKind::send_forward, 0),
                                       message(OpKind::receive_backward, 0),
                                       {.kind = OpKind::backward, .stage = 0}},
                                      {message(OpKind::receive_forward, 1),
                                       {.stage = 1},
                                       {.kind = OpKind::backward, .stage = 1},
                                       message(OpKind::send_backward, 1)}},
                            .communication = Communication::rendezvous};
    StepCosts costs = test::equal_costs(2);
    costs.hops = {{.occupancy = 3_ns, .latency = 4_ns}};
    CHECK(explained_text(schedule, costs) == R"(
critical path  20 ns: F 10.00 %, B 20.00 %, messages 70.00 %
      0 ps  device 0  F0           1 op        1 ns
      1 ns  0 → 1     message                  7 ns
      8 ns  device 1  F0 B0       2 ops        3 ns
     11 ns  1 → 0     message                  7 ns
     18 ns  device 0  B0           1 op        2 ns
longest wait   14 ns: RECV_B0 on device 0, from 4 ns on, for SEND_B0 on device 1

device     on path     share        idle      waited   times  for
     0        3 ns   15.00 %       17 ns       14 ns       1  gradients from device 1
                                                3 ns       1  sends to device 1
     1        3 ns   15.00 %       17 ns        8 ns       1  its first op (fill)
                                                9 ns       1  the others' last ops (drain)
)");
  }

  TEST_CASE("of a path longer than 25 lines the first and last 12 are shown") {
    // One line for each device, there and back; of the last device only one.
    const auto path = [](int stages) {
      const std::string text = one_micro_batch(stages);
      return numbers_in(text.substr(0, text.find("longest")), 19, 2);
    };
    CHECK(path(13) == "0 1 2 3 4 5 6 7 8 9 10 11 12 11 10 9 8 7 6 5 4 3 2 1 0 ");
    CHECK(path(14) == "0 1 2 3 4 5 6 7 8 9 10 11 … 11 10 9 8 7 6 5 4 3 2 1 0 ");
    CHECK(one_micro_batch(14).find("\n         …  (3 lines more: --json lists all ops)\n") !=
          std::string::npos);
  }

  TEST_CASE("of more than 16 devices the first and last 8 are shown") {
    const auto devices = [](int stages) {
      const std::string text = one_micro_batch(stages);
      return numbers_in(text.substr(text.find("device     on path")), 0, 6);
    };
    CHECK(devices(16) == "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 ");
    CHECK(devices(18) == "0 1 2 3 4 5 6 7 … 10 11 12 13 14 15 16 17 ");
    CHECK(one_micro_batch(18).find("\n     …  (2 more: --json lists all)\n") != std::string::npos);
  }

  TEST_CASE("a step in which nothing takes time has no path, and no waits") {
    CHECK(explained_text("unit.json", {"model.forward=0", "model.backward=0"}) == R"(
critical path  0 ps: messages 0.00 %

device     on path     share        idle      waited   times  for
     0        0 ps    0.00 %        0 ps
     1        0 ps    0.00 %        0 ps
     2        0 ps    0.00 %        0 ps
)");
  }
}

}  // namespace pipesim
