#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "schedules/orders/catalog.hpp"
#include "support/commands/process.hpp"

namespace pipesim::test {

namespace {

// The first word of every line: headings at the margin, names behind two blanks.
std::string first_words(const std::string& text) {
  std::istringstream lines(text);
  std::string words;
  for (std::string line; std::getline(lines, line);) {
    const auto start = line.find_first_not_of(' ');
    const std::string word = line.substr(start, line.find(' ', start) - start);
    words += start == 0 ? (words.empty() ? "" : "\n") + word + ":" : " " + word;
  }
  return words;
}

}  // namespace

TEST_SUITE("cli/commands/list") {
  TEST_CASE("everything that a config can name is listed") {
    const ProcessResult result = run_pipesim({"list"});
    CHECK(result.exit_code == 0);
    CHECK(result.err.empty());
    CHECK(first_words(result.out) ==
          fmt::format("schedules: {}\n", fmt::join(schedule_names(), " ")) +
              "models: stage_costs mlp transformer amoebanet_d layers profile\n"
              "devices: cpu-core p40 p100 v100-16gb v100-32gb a100-40gb a100-80gb h100-80gb h200 "
              "b200 "
              "tpu-v2 tpu-v3\n"
              "interconnects: ideal pcie3 pcie4 pcie5 nvlink2 nvlink3 nvlink4 nvlink5 ib-edr "
              "ib-hdr ib-ndr ici-v2 ici-v3 dgx-v100 dgx-a100 dgx-a100-4nic dgx-h100 dgx-b200 "
              "pcie3-host tpu-v2-ring tpu-v3-ring");
  }

  TEST_CASE("--json lists the same names with what each is") {
    const nlohmann::json all = nlohmann::json::parse(run_pipesim({"list", "--json"}).out);
    std::string words;
    for (const char* section : {"schedules", "models", "devices", "interconnects"}) {
      words += (words.empty() ? "" : "\n") + std::string(section) + ":";
      for (const auto& entry : all[section]) {
        words += " " + entry["name"].get<std::string>();
        CHECK(entry["about"].get<std::string>().size() >= 20);
      }
    }
    CHECK(all.size() == 4);
    CHECK(words == first_words(run_pipesim({"list"}).out));
  }

  TEST_CASE("every listed device, interconnect and schedule can be simulated with") {
    const nlohmann::json all = nlohmann::json::parse(run_pipesim({"list", "--json"}).out);
    for (const auto& [section, key] : {std::pair{"schedules", "pipeline.schedule"},
                                       {"devices", "cluster.device"},
                                       {"interconnects", "cluster.interconnect"}}) {
      for (const auto& entry : all[section]) {
        const std::string name = entry["name"];
        CAPTURE(name);
        const ProcessResult result = run_pipesim(
            {"simulate", "examples/gpipe.json", "--quiet", "--set", key + ("=" + name)});
        CHECK(result.exit_code == 0);
        CHECK(result.err.empty());
      }
    }
  }
}

}  // namespace pipesim::test
