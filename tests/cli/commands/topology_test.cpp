#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "support/commands/process.hpp"

namespace pipesim::test {

namespace {

using nlohmann::json;

// So many layers of 5 µs forward and 7 µs backward, which hand on 10 kB.
json layers(int count) {
  const json layer = {
      {"forward", "5 us"}, {"backward", "7 us"}, {"output_bytes", 10000}, {"parameter_bytes", 0}};
  return {{"kind", "layers"}, {"layers", std::vector(static_cast<std::size_t>(count), layer)}};
}

json link(const char* from, const char* to, const json& interconnect) {
  return {{"between", {from, to}}, {"interconnect", interconnect}};
}

json wire(const char* bandwidth, const char* latency) {
  return {{"bandwidth", bandwidth}, {"latency", latency}};
}

// Two devices, each behind a switch, and one bridge of 1 GB/s between these: a message of 10 kB
// takes it for 10 µs, and arrives 2 µs later. Two pipelines in opposite directions.
json over_bridge(const char* duplex) {
  json bridge = link("left", "right", wire("1 GB/s", "1 us"));
  bridge["duplex"] = duplex;
  const json end = {{"latency", "0.5 us"}};
  return {{"name", "bridge"},
          {"model", layers(2)},
          {"cluster",
           {{"topology",
             {{"devices", 2},
              {"switches", {"left", "right"}},
              {"links", {link("gpu0", "left", end), bridge, link("right", "gpu1", end)}}}}}},
          {"pipeline", {{"schedule", "chimera"}, {"stages", 2}, {"micro_batches", 2}}},
          {"training", {{"batch_size", 2}}}};
}

// Three stages on a, b and c, of which b and c have no link: a passes on.
json around_a() {
  return {
      {"name", "around a"},
      {"model", layers(3)},
      {"cluster",
       {{"topology",
         {{"devices", {"a", "b", "c"}},
          {"links",
           {link("a", "b", wire("1 GB/s", "1 us")), link("a", "c", wire("0.5 GB/s", "2 us"))}}}}}},
      {"pipeline", {{"schedule", "gpipe"}, {"stages", 3}, {"micro_batches", 1}}},
      {"training", {{"batch_size", 1}}}};
}

// Four replicas of 8 MB, and a bridge of 1 GB/s and 1 µs between those on the left and those on
// the right.
json four_replicas(const json& devices, const char* duplex) {
  json bridge = link("left", "right", wire("1 GB/s", "1 us"));
  bridge["duplex"] = duplex;
  json links = {bridge};
  for (const char* name : {"l0", "l1"}) links.push_back(link(name, "left", "ideal"));
  for (const char* name : {"r0", "r1"}) links.push_back(link(name, "right", "ideal"));
  return {
      {"name", "replicas"},
      {"model",
       {{"kind", "layers"},
        {"layers", {{{"forward", "1 ms"}, {"backward", "2 ms"}, {"parameter_bytes", 8'000'000}}}}}},
      {"cluster",
       {{"topology", {{"devices", devices}, {"switches", {"left", "right"}}, {"links", links}}}}},
      {"pipeline", {{"stages", 1}, {"micro_batches", 1}}},
      {"training", {{"batch_size", 4}, {"data_parallel", 4}}}};
}

std::string simulate(const json& config, std::vector<std::string> more) {
  more.insert(more.begin(), {"simulate", "-"});
  const ProcessResult result = run_pipesim(more, config.dump());
  CHECK(result.exit_code == 0);
  CHECK(result.err == "");
  return result.out;
}

json summary_of(const json& config, std::vector<std::string> more = {}) {
  more.emplace_back("--json");
  return json::parse(simulate(config, more));
}

std::string line_with(const std::string& text, const std::string& what) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.substr(at, text.find('\n', at) - at);
}

// "gpu0-left: busy 40 µs, 4 messages, 40000 bytes, waited 10 µs"
std::string uses(const json& summary) {
  std::string text;
  for (const json& use : summary["links"]) {
    text += fmt::format("{}: busy {:g} µs, {} messages, {} bytes, waited {:g} µs\n",
                        use["link"].get<std::string>(), use["busy_s"].get<double>() * 1e6,
                        use["messages"].get<int>(), use["bytes"].get<int>(),
                        use["waited_s"].get<double>() * 1e6);
  }
  return text;
}

double all_reduce_ms(const json& config) {
  const json timeline = json::parse(simulate(config, {"--timeline", "-", "--quiet"}));
  for (const json& span : timeline["spans"]) {
    if (span["kind"] != "A") continue;
    return (span["finish"].get<double>() - span["start"].get<double>()) / 1e9;
  }
  FAIL("no all-reduce");
  return 0;
}

// What is said of a config with one value changed, which must be refused.
std::string refusal(json config, const std::string& pointer, const json& value) {
  config[json::json_pointer(pointer)] = value;
  const ProcessResult result = run_pipesim({"simulate", "-"}, config.dump());
  CHECK(result.exit_code == 2);
  CHECK(result.out == "");
  return result.err;
}

}  // namespace

TEST_SUITE("cli/commands/topology") {
  TEST_CASE("two messages that meet at a half-duplex bridge pass it one behind the other") {
    // Both ask at 5 µs, and again at 29 (device 1) and 39 (device 0, when it has just become free).
    const json timeline =
        json::parse(simulate(over_bridge("half"), {"--timeline", "-", "--quiet"}));
    std::string text;
    for (const json& transfer : timeline["transfers"]) {
      text += fmt::format("{} → {} {} {}: {}-{}\n", transfer["from"].get<int>(),
                          transfer["to"].get<int>(), transfer["kind"].get<std::string>(),
                          transfer["micro_batch"].get<int>(),
                          transfer["start"].get<std::int64_t>() / 1'000'000,
                          transfer["finish"].get<std::int64_t>() / 1'000'000);
    }
    CHECK(text ==
          "0 → 1 activation 0: 5-17\n0 → 1 gradient 1: 39-51\n"
          "1 → 0 activation 1: 15-27\n1 → 0 gradient 0: 29-41\n");
  }

  TEST_CASE("the summary names the bridge as the bottleneck, and what it did") {
    const json summary = summary_of(over_bridge("half"));
    CHECK(summary["bottleneck_link"] == "left-right");
    CHECK(uses(summary).find("left-right: busy 40 µs, 4 messages, 40000 bytes, waited 10 µs\n") !=
          std::string::npos);
    CHECK(summary["pipeline_time_s"].get<double>() == doctest::Approx(58e-6).epsilon(1e-12));
    CHECK(line_with(simulate(over_bridge("half"), {}), "link  ") ==
          "link         left-right: busy 68.97 %, messages waited 10 µs for it");
  }

  TEST_CASE("a full-duplex bridge serves one pair in each direction, so that no link is shared") {
    const json summary = summary_of(over_bridge("full"));
    CHECK_FALSE(summary.contains("links"));
    CHECK_FALSE(summary.contains("bottleneck_link"));
    // F, message, F, B, message, B.
    CHECK(summary["pipeline_time_s"].get<double>() ==
          doctest::Approx((5 + 12 + 5 + 7 + 12 + 7) * 1e-6).epsilon(1e-12));
  }

  TEST_CASE("the critical path tells which link a message waited for") {
    CHECK(line_with(simulate(over_bridge("half"), {"--explain"}), "5 µs  1 → 0") ==
          "5 µs  1 → 0     message, 10 µs of it for left-right                 22 µs");
    const json path =
        summary_of(over_bridge("half"), {"--explain"})["explanation"]["critical_path"];
    json held;
    for (const json& op : path["ops"]) {
      if (!op["link"].is_null()) held.push_back({op["link"], op["waited_s"], op["transfer_s"]});
    }
    REQUIRE(held.size() == 1);
    CHECK(held[0][0] == "left-right");
    CHECK(held[0][1].get<double>() == doctest::Approx(10e-6));
    CHECK(held[0][2].get<double>() == doctest::Approx(22e-6));
  }

  TEST_CASE(
      "a trace shows messages from when they take the links, and no two of a thread at once") {
    const std::vector<std::string> four{"--set", "pipeline.micro_batches=4", "--set",
                                        "training.batch_size=4", "--quiet"};
    const auto with = [&](const char* option) {
      std::vector<std::string> arguments = four;
      arguments.insert(arguments.end(), {option, "-"});
      return json::parse(simulate(over_bridge("half"), arguments));
    };
    std::multimap<double, double> expected;  // In µs; the trace's clock begins at 1 ns.
    const json timeline = with("--timeline");
    for (const json& transfer : timeline["transfers"]) {
      for (int side = 0; side < 2; ++side) {
        expected.emplace(transfer["start"].get<double>() / 1e6 + 0.001,
                         transfer["finish"].get<double>() / 1e6 + 0.001);
      }
    }
    CHECK(expected.size() == 16);
    std::multimap<double, double> drawn;
    std::map<int, std::map<double, double>> threads;
    const json trace = with("--chrome-trace");
    for (const json& event : trace["traceEvents"]) {
      if (event["ph"] != "X") continue;
      const double start = event["ts"].get<double>();
      const double finish = start + event["dur"].get<double>();
      CHECK(threads[event["tid"].get<int>()].emplace(start, finish).second);
      if (event["cat"] == "transfer") drawn.emplace(start, finish);
    }
    REQUIRE(drawn.size() == expected.size());
    for (auto a = drawn.begin(), b = expected.begin(); a != drawn.end(); ++a, ++b) {
      CHECK(a->first == doctest::Approx(b->first).epsilon(1e-9));
      CHECK(std::abs(a->second - b->second) < 1e-6);  // A slice may be a little short.
    }
    for (const auto& [tid, slices] : threads) {
      double free_at = 0;
      for (const auto& [start, finish] : slices) {
        CHECK(start >= free_at - 1e-6);
        free_at = finish;
      }
    }
  }

  TEST_CASE("devices without a link of their own reach each other through a third one") {
    // a to b: 10 + 1 µs. b to c, by a, at the rate of the narrower link: 20 + 3 µs.
    const json summary = summary_of(around_a());
    CHECK(summary["pipeline_time_s"].get<double>() ==
          doctest::Approx((3 * (5 + 7) + 2 * (11 + 23)) * 1e-6).epsilon(1e-12));
    CHECK(uses(summary) ==
          "a>b: busy 30 µs, 2 messages, 20000 bytes, waited 0 µs\n"
          "b>a: busy 30 µs, 2 messages, 20000 bytes, waited 0 µs\n"
          "a>c: busy 20 µs, 1 messages, 10000 bytes, waited 0 µs\n"
          "c>a: busy 20 µs, 1 messages, 10000 bytes, waited 0 µs\n");
    CHECK(summary["bottleneck_link"].is_null());
  }

  TEST_CASE("a link between two devices is the shortest way, whatever it takes") {
    json config = around_a();
    config["cluster"]["topology"]["links"].push_back(link("c", "b", wire("0.1 GB/s", "50 us")));
    CHECK(summary_of(config)["pipeline_time_s"].get<double>() ==
          doctest::Approx((3 * (5 + 7) + 2 * (11 + 150)) * 1e-6).epsilon(1e-12));
  }

  TEST_CASE("in a ring of replicas each hop over a bridge in one direction gets its part of it") {
    // 2 · 3 steps of 2 MB. Neighbours first: one hop each way. In turn: two each way.
    CHECK(all_reduce_ms(four_replicas({"l0", "l1", "r0", "r1"}, "full")) ==
          doctest::Approx(6 * (2 + 0.001)));
    CHECK(all_reduce_ms(four_replicas({"l0", "r0", "l1", "r1"}, "full")) ==
          doctest::Approx(6 * (4 + 0.001)));
    CHECK(all_reduce_ms(four_replicas({"l0", "l1", "r0", "r1"}, "half")) ==
          doctest::Approx(6 * (4 + 0.001)));
    CHECK(all_reduce_ms(four_replicas({"l0", "r0", "l1", "r1"}, "half")) ==
          doctest::Approx(6 * (8 + 0.001)));
  }

  TEST_CASE("eight replicas under two PCIe switches cross the host once each way") {
    json config = four_replicas({"l0", "l1", "r0", "r1"}, "full");
    config["cluster"] = {{"interconnect", "pcie3-host"}};
    config["training"] = {{"batch_size", 8}, {"data_parallel", 8}};
    // 2 · 7 steps of 1 MB at 10 GB/s, and 50 µs from device to device.
    CHECK(all_reduce_ms(config) == doctest::Approx(14 * (0.1 + 0.05)));
  }

  TEST_CASE("a pipeline under two PCIe switches shares every inner device's link") {
    json config = around_a();
    config["cluster"] = {{"interconnect", "pcie3-host"}};
    // 1 µs and 50 µs a message.
    const json summary = summary_of(config);
    CHECK(summary["pipeline_time_s"].get<double>() ==
          doctest::Approx((3 * (5 + 7) + 4 * 51) * 1e-6).epsilon(1e-12));
    CHECK(uses(summary).find("gpu1>switch0: busy 2 µs, 2 messages, 20000 bytes, waited 0 µs\n") !=
          std::string::npos);
  }

  TEST_CASE("a topology that is none is refused where it stands: exit code 2") {
    const json sound = around_a();
    CHECK(refusal(sound, "/cluster/topology/links/1/between/1", "d") ==
          "<stdin>: /cluster/topology/links/1/between/1: is no device or switch of the "
          "topology, got \"d\"\n  hint: devices and switches: a, b, c\n");
    CHECK(refusal(sound, "/cluster/topology/links/1/between/1", "b") ==
          "<stdin>: /cluster/topology: does not connect \"a\" with \"c\", got "
          "{\"devices\":[\"a\",\"b\",\"c\"],\"links\":[{\"between\":[\"a\",\"b\"],\"inte…\n"
          "  hint: add a link, or a switch that both are linked to\n");
    CHECK(refusal(sound, "/cluster/topology/devices", 2) ==
          "<stdin>: /cluster/topology/devices: has fewer than the 3 devices that are asked "
          "for, got 2\n  hint: every rank is one of the topology's devices, in this order\n");
    CHECK(refusal(sound, "/cluster/topology/links/0/between", "a") ==
          "<stdin>: /cluster/topology/links/0/between: must be a list, got \"a\"\n"
          "  hint: write a list here; this is a text\n");
    CHECK(refusal(sound, "/cluster/topology/links/0", 7) ==
          "<stdin>: /cluster/topology/links/0: must be an object, got 7\n"
          "  hint: write an object here; this is a number\n");
    CHECK(refusal(sound, "/cluster/topology/wires", 7) ==
          "<stdin>: /cluster/topology/wires: is not a known key, got 7\n"
          "  hint: known here: name, devices, switches, links\n");
    CHECK(refusal(sound, "/cluster/topology", "pcie3-host") ==
          "<stdin>: /cluster/topology: must describe a graph of links, got \"pcie3-host\"\n"
          "  hint: what has a name goes to cluster.interconnect\n");
  }
}

}  // namespace pipesim::test
