#include "reports/formats/chrome_trace.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "reports/formats/memory_csv.hpp"
#include "schedules/orders/catalog.hpp"
#include "sim/step/run.hpp"
#include "support/experiments.hpp"
#include "support/written.hpp"

namespace pipesim {

namespace {

using nlohmann::json;

std::int64_t ns(const json& micros) {
  return std::llround(micros.get<double>() * 1000);
}

// Where a time of the simulation stands in the trace.
std::int64_t stamp(Time time) {
  return (time.ps + 500) / 1000 + 1;
}

struct Slice {
  std::string name{};
  int pid = 0;
  std::int64_t start = 0;
  std::int64_t finish = 0;
  double ts = 0;  // As a reader gets them, in µs.
  double dur = 0;
};

// A trace that was parsed back, its events sorted by what they are.
struct Trace {
  std::string text{};
  json document{};
  std::map<std::int64_t, std::vector<Slice>> slices{};  // By tid, in order.
  std::map<std::int64_t, std::pair<int, std::string>> threads{};
  std::map<int, std::string> processes{};
  std::map<std::int64_t, std::vector<json>> flows{};                     // By id.
  std::map<int, std::vector<std::pair<std::int64_t, double>>> memory{};  // By pid.

  const std::vector<Slice>& of(std::int64_t tid) { return slices[tid]; }
};

void check_keys(const json& event, std::initializer_list<const char*> keys) {
  for (const char* key : keys) REQUIRE(event.contains(key));
  REQUIRE(event.size() == keys.size());
}

Trace trace_of(const Experiment& experiment, const Run& run) {
  Trace trace{.text = test::written(write_chrome_trace, experiment, run)};
  trace.document = json::parse(trace.text);
  for (const json& event : trace.document["traceEvents"]) {
    const std::string phase = event["ph"];
    if (phase == "X") {
      check_keys(event, {"ph", "name", "cat", "pid", "tid", "ts", "dur", "args"});
      REQUIRE(ns(event["ts"]) > 0);
      REQUIRE(ns(event["dur"]) > 0);
      trace.slices[event["tid"]].push_back({event["name"], event["pid"], ns(event["ts"]),
                                            ns(event["ts"]) + ns(event["dur"]), event["ts"],
                                            event["dur"]});
    } else if (phase == "I") {  // A slice that takes no time.
      check_keys(event, {"ph", "s", "name", "cat", "pid", "tid", "ts", "args"});
      REQUIRE(event["s"] == "t");
      REQUIRE(ns(event["ts"]) > 0);
      trace.slices[event["tid"]].push_back(
          {event["name"], event["pid"], ns(event["ts"]), ns(event["ts"]), event["ts"], 0});
    } else if (phase == "M" && event["name"] == "thread_name") {
      REQUIRE(trace.threads.count(event["tid"]) == 0);
      trace.threads[event["tid"]] = {event["pid"], event["args"]["name"]};
    } else if (phase == "M" && event["name"] == "process_name") {
      REQUIRE(trace.processes.count(event["pid"]) == 0);
      trace.processes[event["pid"]] = event["args"]["name"];
    } else if (phase == "s" || phase == "f") {
      REQUIRE(event["id"].is_number_integer());
      trace.flows[event["id"]].push_back(event);
    } else if (phase == "C") {
      check_keys(event, {"ph", "name", "pid", "ts", "args"});
      REQUIRE(event["name"] == "memory");
      trace.memory[event["pid"]].emplace_back(ns(event["ts"]), event["args"]["MiB"]);
    } else {
      REQUIRE(phase == "M");
      const bool is_order =
          event["name"] == "thread_sort_index" || event["name"] == "process_sort_index";
      REQUIRE(is_order);
    }
  }
  return trace;
}

// "ts" and "dur" have exactly three decimals, as text; or "dur" up to six nines behind them.
void check_decimals(const std::string& text) {
  for (const std::string key : {"\"ts\":", "\"dur\":"}) {
    for (auto at = text.find(key); at != text.npos; at = text.find(key, at + 1)) {
      const auto first = at + key.size();
      const auto point = text.find_first_not_of("0123456789", first);
      const auto end = text.find_first_not_of("0123456789", point + 1);
      REQUIRE(point > first);
      REQUIRE(text[point] == '.');
      const std::string nines = text.substr(point + 4, end - point - 4);
      REQUIRE((nines.empty() || key == "\"dur\":"));
      REQUIRE(nines == std::string("999999").substr(0, nines.size()));
      const bool closed = text[end] == ',' || text[end] == '}';
      REQUIRE(closed);
    }
  }
}

void check_threads(const Trace& trace, const Experiment& experiment) {
  const int devices = experiment.schedule.devices();
  REQUIRE(trace.processes.size() == static_cast<std::size_t>(devices));
  for (int device = 0; device < devices; ++device) {
    CHECK(trace.processes.at(device + 1) == "device " + std::to_string(device));
  }
  std::int64_t next = 1;
  std::map<int, int> compute_threads;
  for (const auto& [tid, thread] : trace.threads) {
    REQUIRE(tid == next++);  // From 1, without a gap, each in one process.
    const auto& [pid, name] = thread;
    if (name == "compute") ++compute_threads[pid];
    for (const Slice& slice : trace.slices.at(tid)) REQUIRE(slice.pid == pid);
  }
  for (const auto& [tid, slices] : trace.slices) REQUIRE(trace.threads.count(tid) == 1);
  // Perfetto takes the thread whose tid is a pid for the main thread of that process.
  for (int device = 0; device < devices; ++device) {
    REQUIRE(trace.threads.at(device + 1) == std::pair{device + 1, std::string("compute")});
  }
  for (int device = 0; device < devices; ++device) CHECK(compute_threads[device + 1] == 1);
}

void check_no_overlap(const Trace& trace) {
  for (const auto& [tid, slices] : trace.slices) {
    CAPTURE(tid);
    auto first_slice = std::ranges::find_if(slices, [](const Slice& s) { return s.dur > 0; });
    if (first_slice == slices.end()) first_slice = slices.begin();
    for (std::size_t i = 1; i < slices.size(); ++i) {
      const Slice& before = slices[i - 1];
      REQUIRE(slices[i].start >= before.finish);
      // Nor in a reader's floating point, with the thread's first slice moved to 0 or without.
      const double first = first_slice->ts;
      REQUIRE(slices[i].ts >= before.ts + before.dur);
      REQUIRE(slices[i].ts - first >= (before.ts - first) + before.dur);
    }
  }
}

std::int64_t compute_tid(const Trace& trace, int device) {
  for (const auto& [tid, thread] : trace.threads) {
    if (thread == std::pair{device + 1, std::string("compute")}) return tid;
  }
  return 0;
}

void check_compute(const Trace& trace, const Experiment& experiment, const Run& run) {
  std::map<int, std::size_t> next;
  for_each_span(
      experiment.schedule, run.outcome.timeline,
      [&](int device, const Op& op, const Interval& when) {
        const auto& slices = trace.slices.at(compute_tid(trace, device));
        const Slice& slice = slices.at(next[device]++);
        const std::string kind(token(op.kind));
        REQUIRE(slice.name ==
                (op.micro_batch < 0 ? kind : kind + " " + std::to_string(op.micro_batch)));
        REQUIRE(slice.start == stamp(when.start));
        REQUIRE(slice.finish == stamp(when.finish));
      });
  for (const auto& [device, count] : next) {
    CHECK(trace.slices.at(compute_tid(trace, device)).size() == count);
  }
}

// Both sides of every message that takes time, each on a thread for that neighbour.
void check_transfers(const Trace& trace, const Experiment& experiment, const Run& run) {
  std::multiset<std::string> expected;
  const auto show = [](int pid, const std::string& thread, const std::string& name,
                       std::int64_t start, std::int64_t finish) {
    return std::to_string(pid) + " " + thread + ": " + name + " " + std::to_string(start) + "-" +
           std::to_string(finish);
  };
  for_each_transfer(
      experiment.schedule, experiment.costs, run.outcome.timeline, [&](const Transfer& transfer) {
        if (transfer.when.start == transfer.when.finish) return;
        const std::string name = std::string(transfer.is_gradient ? "gradient " : "activation ") +
                                 std::to_string(transfer.micro_batch);
        const std::int64_t start = stamp(transfer.when.start);
        const std::int64_t finish = stamp(transfer.when.finish);
        expected.insert(show(transfer.from + 1, "send to device " + std::to_string(transfer.to),
                             name, start, finish));
        expected.insert(show(transfer.to + 1,
                             "receive from device " + std::to_string(transfer.from), name, start,
                             finish));
      });
  std::multiset<std::string> found;
  for (const auto& [tid, thread] : trace.threads) {
    if (thread.second == "compute") continue;
    for (const Slice& slice : trace.slices.at(tid)) {
      found.insert(show(slice.pid, thread.second, slice.name, slice.start, slice.finish));
    }
  }
  CHECK(found == expected);
}

const Slice* slice_around(const Trace& trace, std::int64_t tid, std::int64_t at) {
  const auto& slices = trace.slices.at(tid);
  const auto after = std::partition_point(slices.begin(), slices.end(),
                                          [&](const Slice& s) { return s.finish <= at; });
  if (after == slices.end() || !(after->start < at && at < after->finish)) return nullptr;
  return &*after;
}

// An arrow for every message between ops of 2 ns and more, from one's slice to the other's.
void check_flows(const Trace& trace, const Experiment& experiment, const Run& run) {
  std::map<std::string, std::int64_t> lengths;
  for_each_span(experiment.schedule, run.outcome.timeline,
                [&](int, const Op& op, const Interval& when) {
                  lengths[describe(op)] = stamp(when.finish) - stamp(when.start);
                });
  // The op that makes or takes a message: a gradient's is B or I.
  const auto op_of = [&](const Transfer& transfer, int stage) {
    for (const OpKind kind : {OpKind::forward, OpKind::backward, OpKind::backward_input}) {
      for (const std::uint8_t copy : {std::uint8_t{0}, std::uint8_t{1}}) {
        const Op op{
            .kind = kind, .copy = copy, .stage = stage, .micro_batch = transfer.micro_batch};
        const bool fits = (kind != OpKind::forward) == transfer.is_gradient;
        if (fits && lengths.contains(describe(op))) return op;
      }
    }
    throw std::logic_error("a message that no op makes");
  };
  std::multiset<std::string> expected;
  for_each_transfer(
      experiment.schedule, experiment.costs, run.outcome.timeline, [&](const Transfer& transfer) {
        const int to = transfer.is_gradient ? transfer.stage - 1 : transfer.stage + 1;
        const Op sender = op_of(transfer, transfer.stage);
        const Op receiver = op_of(transfer, to);
        if (lengths.at(describe(sender)) < 2 || lengths.at(describe(receiver)) < 2) return;
        expected.insert(std::to_string(transfer.from) + ">" + std::to_string(transfer.to) +
                        (transfer.is_gradient ? " gradient " : " activation ") +
                        std::string(token(sender.kind)) + " " +
                        std::to_string(transfer.micro_batch));
      });
  std::multiset<std::string> found;
  for (const auto& [id, ends] : trace.flows) {
    CAPTURE(id);
    REQUIRE(ends.size() == 2);
    const bool in_order = ends[0]["ph"] == "s";
    const json& start = in_order ? ends[0] : ends[1];
    const json& finish = in_order ? ends[1] : ends[0];
    check_keys(start, {"ph", "name", "cat", "id", "pid", "tid", "ts"});
    check_keys(finish, {"ph", "bp", "name", "cat", "id", "pid", "tid", "ts"});
    REQUIRE(start["ph"] == "s");
    REQUIRE(finish["ph"] == "f");
    REQUIRE(finish["bp"] == "e");
    REQUIRE(start["cat"] == finish["cat"]);
    REQUIRE(start["name"] == finish["name"]);
    REQUIRE(ns(start["ts"]) < ns(finish["ts"]));
    const Slice* from = slice_around(trace, start["tid"], ns(start["ts"]));
    const Slice* to = slice_around(trace, finish["tid"], ns(finish["ts"]));
    REQUIRE(from != nullptr);
    REQUIRE(to != nullptr);
    REQUIRE(from->pid == start["pid"].get<int>());
    REQUIRE(to->pid == finish["pid"].get<int>());
    REQUIRE(from->name.substr(from->name.find(' ')) == to->name.substr(to->name.find(' ')));
    found.insert(std::to_string(from->pid - 1) + ">" + std::to_string(to->pid - 1) + " " +
                 start["name"].get<std::string>() + " " + from->name);
  }
  CHECK(found == expected);
}

// The last counter at a time says what the memory trace's last row at that time says.
void check_memory(const Trace& trace, const Experiment& experiment, const Run& run) {
  std::map<int, std::map<std::int64_t, double>> csv;
  std::istringstream lines(test::written(write_memory_csv, experiment, run));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    const Time at{std::stoll(line)};
    const int device = std::stoi(line.substr(line.find(',') + 1));
    csv[device + 1][stamp(at)] = std::stod(line.substr(line.rfind(',') + 1));
  }
  CHECK(trace.memory.size() == csv.size());
  for (const auto& [pid, points] : trace.memory) {
    CAPTURE(pid);
    std::map<std::int64_t, double> last;
    std::int64_t before = 0;
    double peak = 0;
    for (const auto& [at, mebibytes] : points) {
      REQUIRE(at >= before);
      before = at;
      last[at] = mebibytes * 1048576;
      peak = std::max(peak, mebibytes * 1048576);
    }
    CHECK(last == csv.at(pid));
    CHECK(peak == static_cast<double>(run.outcome.devices[static_cast<std::size_t>(pid - 1)].peak));
  }
}

void check_trace(const Experiment& experiment) {
  const Run run = simulate(experiment);
  const Trace trace = trace_of(experiment, run);
  CHECK(trace.document["displayTimeUnit"] == "ns");
  CHECK(trace.document["otherData"]["name"] == experiment.config.name);
  CHECK(trace.document["otherData"]["schedule"] == experiment.schedule.name);
  CHECK(trace.document["otherData"]["clock"] == "modeled");
  check_decimals(trace.text);
  check_threads(trace, experiment);
  check_no_overlap(trace);
  check_compute(trace, experiment, run);
  check_transfers(trace, experiment, run);
  check_flows(trace, experiment, run);
  check_memory(trace, experiment, run);
}

// Forward 10 ns; a message takes a link for 1 ns and travels 100 ns.
constexpr std::string_view far_apart = R"({
  "model": {"kind": "stage_costs", "forward": "10 ns", "backward": "20 ns", "boundary_bytes": 100,
            "stash_bytes": 3000, "parameter_bytes": 10000},
  "cluster": {"interconnect": {"bandwidth": "100 GB/s", "latency": "100 ns"}},
  "pipeline": {"stages": 3, "micro_batches": 6}})";

}  // namespace

TEST_SUITE("reports/formats/chrome_trace") {
  TEST_CASE("every example's trace holds field by field, under every setting") {
    for (const std::string& file : test::short_example_names()) {
      for (const char* schedule : {"gpipe", "1f1b"}) {
        for (const char* recompute : {"none", "full", "except_last"}) {
          CAPTURE(file);
          CAPTURE(schedule);
          CAPTURE(recompute);
          check_trace(test::example(
              file, {std::string("pipeline.schedule=") + schedule,
                     std::string("pipeline.recompute=") + recompute, "pipeline.virtual_stages=1"}));
        }
      }
    }
  }

  TEST_CASE("a trace holds with a deferred weight gradient too") {
    for (const char* schedule : {"gpipe", "1f1b"}) {
      const std::string setting = std::string("pipeline.schedule=") + schedule;
      check_trace(test::example("gpipe.json", {setting, "training.weight_gradient=deferred"}));
    }
  }

  TEST_CASE("every schedule's trace holds field by field, however devices communicate") {
    for (const KnownSchedule& known : known_schedules()) {
      for (const char* communication : {"overlapped", "blocking", "rendezvous"}) {
        CAPTURE(known.name);
        CAPTURE(communication);
        check_trace(test::experiment_from(
            far_apart,
            {"pipeline.schedule=" + std::string(known.name), "pipeline.stages=4",
             "pipeline.micro_batches=8",
             R"(model={"kind": "stage_costs", "forward": "10 ns", "backward_input": "11 ns",
                        "backward_weight": "9 ns", "boundary_bytes": 100, "stash_bytes": 3000})",
             std::string("pipeline.communication=") + communication}));
      }
    }
  }

  TEST_CASE("messages under way at the same time have threads of their own") {
    const Experiment experiment = test::experiment_from(far_apart);
    check_trace(experiment);
    const Run run = simulate(experiment);
    const Trace trace = trace_of(experiment, run);
    // A message leaves every 10 ns and is on its way for 101 ns: all six activations at once.
    std::map<std::pair<int, std::string>, int> threads;
    for (const auto& [tid, thread] : trace.threads) ++threads[thread];
    CHECK(threads[{1, "send to device 1"}] == 6);
    CHECK(threads[{2, "receive from device 0"}] == 6);
    CHECK(threads[{1, "compute"}] == 1);
  }

  TEST_CASE("ops of a nanosecond have no arrows, ops of two have") {
    const auto flows = [](const std::string& time) {
      const Experiment experiment =
          test::experiment_from(far_apart, {"model.forward=" + time, "model.backward=" + time});
      check_trace(experiment);
      return trace_of(experiment, simulate(experiment)).flows.size();
    };
    CHECK(flows("1 ns") == 0);
    CHECK(flows("2 ns") == 2 * 2 * 6);
  }

  TEST_CASE("an arrow with a short slice at one end only is left out") {
    const Experiment experiment = test::experiment_from(
        far_apart, {R"(model.forward=["1 ns", "5 ns", "5 ns"])", "model.backward=1 ns"});
    check_trace(experiment);
    CHECK(trace_of(experiment, simulate(experiment)).flows.size() == 6);
  }

  TEST_CASE("times that are no whole nanoseconds are rounded at both ends, never the duration") {
    check_trace(test::experiment_from(far_apart, {"model.forward=1499 ps", "model.backward=700 ps",
                                                  "cluster.interconnect.latency=333 ps"}));
    check_trace(test::experiment_from(far_apart, {"model.forward=499 ps", "model.backward=0"}));
  }

  TEST_CASE("a duration that would end late in floating point is shorter by as little as does") {
    const auto text_of = [](const std::string& forward) {
      const Experiment experiment = test::experiment_from(
          R"({"model": {"kind": "stage_costs", "forward": 1, "backward": 1},
              "pipeline": {"stages": 1, "micro_batches": 1}})",
          {"model.forward=" + forward});
      return test::written(write_chrome_trace, experiment, simulate(experiment));
    };
    // In doubles 0.001 + 0.002 is 0.003, and 0.001 + 0.003 is 0.004.
    CHECK(text_of("2 ns").find("\"ts\":0.001,\"dur\":0.002,") != std::string::npos);
    // 0.001 + 0.008 is above 0.009.
    CHECK(text_of("8 ns").find("\"ts\":0.001,\"dur\":0.007999999,") != std::string::npos);
    // Where doubles are further apart, by more.
    for (const std::string forward : {"7.000000001 s", "1234.567890123 s", "98765.432109877 s"}) {
      check_trace(test::experiment_from(far_apart, {"model.forward=" + forward}));
    }
  }

  TEST_CASE("ops that take no time are instants, in their place") {
    check_trace(test::experiment_from(far_apart, {"model.forward=0", "model.backward=0"}));
  }

  TEST_CASE("replicas add an all-reduce, named by its letter alone") {
    const Experiment experiment = test::experiment_from(far_apart, {"training.data_parallel=2"});
    check_trace(experiment);
    const Trace trace = trace_of(experiment, simulate(experiment));
    for (int device = 0; device < 3; ++device) {
      CHECK(trace.slices.at(compute_tid(trace, device)).back().name == "A");
    }
  }

  TEST_CASE("a name is escaped as JSON asks") {
    const Experiment experiment = test::experiment_from(far_apart, {R"(name="\" \\ \u001b é")"});
    CHECK(trace_of(experiment, simulate(experiment)).document["otherData"]["name"] ==
          "\" \\ \x1b é");
  }

  TEST_CASE("a name of any length steers no terminal, and is read back whole") {
    const std::string signs = "\x1b[31m\u009b\u202e\u2028</script>\r\n";
    for (const std::string& name : {signs, signs + std::string(1 << 20, 'x')}) {
      const Experiment experiment = test::experiment_from(far_apart, {"name=" + name});
      const Trace trace = trace_of(experiment, simulate(experiment));
      CHECK(trace.document["otherData"]["name"] == name);
      for (const std::string sign : {"\x1b", "\u009b", "\u202e", "\u2028", "\r"}) {
        CHECK(trace.text.find(sign) == std::string::npos);
      }
    }
  }
}

}  // namespace pipesim
