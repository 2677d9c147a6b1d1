#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/standard_output.hpp"
#include "models/config.hpp"
#include "models/topology_config.hpp"
#include "reports/display_width.hpp"
#include "reports/number_text.hpp"
#include "reports/summary_json.hpp"
#include "reports/text_table.hpp"
#include "schedules/catalog.hpp"

namespace pipesim::cli {

namespace {

std::string describe_device(const Device& device) {
  std::string text =
      device.memory ? fmt::format("{:>7}", readable_bytes(*device.memory)) : "no limit";
  for (std::size_t i = 0; i < precision_names.size(); ++i) {
    if (device.flops[i]) {
      text += fmt::format(", {} {}FLOP/s", precision_names[i], readable_rate(*device.flops[i]));
    }
  }
  if (device.memory_bandwidth)
    text += fmt::format(", {}B/s", readable_rate(*device.memory_bandwidth));
  return fmt::format("{} [{}]", text, device.source);
}

std::string describe_interconnect(const Interconnect& link) {
  if (!link.bandwidth) return link.source;
  return fmt::format("{}B/s each way, {} [{}]", readable_rate(*link.bandwidth),
                     readable(to_time(link.latency)), link.source);
}

std::string describe_nodes(const NodeNetwork& nodes) {
  return fmt::format("nodes of {} over {}, {} NICs of {} between them [{}]", nodes.node_size,
                     nodes.intra_node.name, nodes.nics, nodes.inter_node.name, nodes.source);
}

struct Entry {
  std::string name;
  std::string about;
};

struct Section {
  std::string_view title;
  std::vector<Entry> entries{};
};

std::vector<Section> sections() {
  Section schedules{"schedules"};
  for (const KnownSchedule& schedule : known_schedules()) {
    schedules.entries.push_back({std::string(schedule.name), std::string(schedule.about)});
  }
  Section models{"models"};
  for (const ModelKind& kind : known_model_kinds()) {
    models.entries.push_back({std::string(kind.name), std::string(kind.about)});
  }
  Section devices{"devices"};
  for (const Device& device : known_devices()) {
    devices.entries.push_back({device.name, describe_device(device)});
  }
  Section interconnects{"interconnects"};
  for (const Interconnect& link : known_interconnects()) {
    interconnects.entries.push_back({link.name, describe_interconnect(link)});
  }
  for (const NodeNetwork& nodes : known_node_networks()) {
    interconnects.entries.push_back({nodes.name, describe_nodes(nodes)});
  }
  for (const KnownTopology& topology : known_topologies()) {
    interconnects.entries.push_back({std::string(topology.name), std::string(topology.about)});
  }
  return {schedules, models, devices, interconnects};
}

int list_command(bool as_json) {
  Output out = standard_output();
  nlohmann::ordered_json json;
  const std::vector<Section> known = sections();
  std::size_t width = 0;  // The same in all sections.
  for (const Section& section : known) {
    for (const Entry& entry : section.entries) {
      json[std::string(section.title)].push_back({{"name", entry.name}, {"about", entry.about}});
      width = std::max(width, display_width(entry.name));
    }
  }
  for (const Section& section : as_json ? std::vector<Section>{} : known) {
    out.append(fmt::format("{}\n", section.title));
    TextTable table{
        .columns = {{"", width, true}, {"", 0, true}}, .gap = 1, .indent = 2, .has_header = false};
    for (const Entry& entry : section.entries) {
      table.rows.push_back({.cells = {entry.name, entry.about}});
    }
    write_text_table(out, table);
  }
  if (as_json) out.append(to_text(json));
  out.flush();
  return done;
}

}  // namespace

void add_list(CLI::App& application, Action& action) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command =
      application.add_subcommand("list", "The known schedules, models, devices and interconnects");
  command->add_flag("--json", *as_json, "Print one JSON object");
  command->callback([as_json, &action] { action = [as_json] { return list_command(*as_json); }; });
}

}  // namespace pipesim::cli
