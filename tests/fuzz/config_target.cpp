#include <nlohmann/json.hpp>

#include "fuzz/target.hpp"
#include "models/base/document.hpp"
#include "models/cluster/topology_config.hpp"
#include "models/device/device.hpp"
#include "reports/formats/chrome_trace.hpp"
#include "reports/formats/memory_csv.hpp"
#include "reports/formats/timeline_json.hpp"
#include "reports/summary/summary_json.hpp"
#include "reports/summary/summary_text.hpp"
#include "reports/text/json_text.hpp"
#include "schedules/orders/catalog.hpp"
#include "sim/assemble/assemble.hpp"
#include "sim/step/run.hpp"

namespace pipesim::test {

namespace {

void write_all_reports(const Experiment& experiment, const Run& run) {
  Output nowhere([](std::string_view) {});
  write_summary_text(nowhere, experiment, run, {}, {});
  write_timeline_json(nowhere, experiment, run);
  write_chrome_trace(nowhere, experiment, run);
  write_memory_csv(nowhere, experiment, run);
  nowhere.append(to_text(summary_json(experiment, run, {})));
}

}  // namespace

// Steps of many ops and models of many layers are left out: they are sound, and take long. An
// automatic schedule tries dozens of orders.
std::string config_outcome(const std::string& text) {
  constexpr std::int64_t most_ops = 3000;
  constexpr std::int64_t most_to_search = 64;
  constexpr std::size_t most_layers = 500;
  return outcome_of([&]() -> std::string {
    const Config config = read_config(parse_document(text, "config.json"));
    const KnownSchedule* known = find_schedule(config.pipeline.schedule);
    const bool searches = known != nullptr && known->automatic;
    const std::int64_t ops =
        std::int64_t{config.pipeline.all_stages()} * config.training.micro_batches;
    if (ops > (searches ? most_to_search : most_ops)) return "large";
    const auto* network = std::get_if<Network>(&config.model);
    if (network != nullptr && network->layers.size() > most_layers) return "large";
    const Experiment experiment = assemble(config);
    write_all_reports(experiment, simulate(experiment));
    return "ran";
  });
}

std::string device_outcome(const std::string& text) {
  return outcome_of([&]() -> std::string {
    read_device(Field(parse_document(text, "device.json")));
    return "ran";
  });
}

std::string topology_outcome(const std::string& text) {
  return outcome_of([&]() -> std::string {
    const Topology topology(read_topology(Field(parse_document(text, "topology.json")), 2));
    return topology.links() > 0 ? "ran" : "never: no links between two devices";
  });
}

}  // namespace pipesim::test
