#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/options.hpp"
#include "cli/progress.hpp"
#include "cli/standard_output.hpp"
#include "reports/number_text.hpp"
#include "reports/summary_json.hpp"
#include "reports/text_table.hpp"
#include "sim/run.hpp"
#include "sim/variants.hpp"

namespace pipesim::cli {

namespace {

struct CompareOptions {
  ConfigOptions config{};
  bool json = false;
  bool quiet = false;
};

// One way to run the model, simulated.
struct Row {
  Variant variant{};
  Metrics metrics{};
  Bytes peak = 0;
  std::size_t devices = 1;

  Time per_device(Time total) const { return {total.ps / static_cast<std::int64_t>(devices)}; }
  Time busy(OpKind kind) const {
    return per_device(metrics.busy_by_kind[static_cast<std::size_t>(kind)]);
  }
  Time backward() const {
    return busy(OpKind::backward) + busy(OpKind::backward_input) + busy(OpKind::backward_weight);
  }
  // What messages between stages and the all-reduce add to the step.
  Time communication() const { return metrics.breakdown.communication_time + metrics.all_reduce; }
  // The part of the step in which a device computes what one pass over the batch takes.
  double efficiency() const {
    const Time useful = busy(OpKind::forward) + backward();
    return metrics.step_time == Time{} ? 0 : seconds(useful) / seconds(metrics.step_time);
  }
};

void simulate_row(Row& row) {
  const Attempt attempt = try_assemble(row.variant.config);
  row.variant.reason = attempt.reason;
  if (!attempt.experiment) return;
  const Run run = simulate(*attempt.experiment, {.timeline = false});
  if (run.outcome.deadlock) {
    row.variant.reason = describe(*run.outcome.deadlock);
    return;
  }
  row.metrics = run.metrics;
  row.devices = run.outcome.devices.size();
  for (const DeviceUse& use : run.outcome.devices) row.peak = std::max(row.peak, use.peak);
}

std::vector<Row> run_all(const Config& config, Progress& progress) {
  std::vector<Row> rows;
  std::vector<Variant> variants = contrasts(config);
  const ReportProgress report = progress.begin("comparing", "rows");
  for (Variant& variant : variants) {
    if (report) {
      report(static_cast<double>(rows.size()), static_cast<double>(variants.size()));
      progress.rename(fmt::format("comparing, row {} of {}: {}", rows.size() + 1, variants.size(),
                                  variant.name));
    }
    Row row{.variant = std::move(variant)};
    if (row.variant.reason.empty()) simulate_row(row);
    rows.push_back(std::move(row));
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    const auto rank = [](const Row& row) {
      return !row.variant.reason.empty() ? 2 : row.metrics.fits_memory ? 0 : 1;
    };
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return a.metrics.step_time < b.metrics.step_time;
  });
  return rows;
}

nlohmann::ordered_json to_json(const Config& config, const std::vector<Row>& rows) {
  nlohmann::ordered_json json = {{"name", config.name},
                                 {"command", "compare"},
                                 {"stages", config.pipeline.stages},
                                 {"micro_batches", config.training.micro_batches},
                                 {"rows", nlohmann::ordered_json::array()}};
  for (const Row& row : rows) {
    const Config& variant = row.variant.config;
    nlohmann::ordered_json entry = {{"schedule", row.variant.name},
                                    {"virtual_stages", variant.pipeline.virtual_stages},
                                    {"recompute", name_of(variant.pipeline.recompute)},
                                    {"weight_gradient", weight_gradient_name(variant.training)}};
    if (!row.variant.reason.empty()) {
      entry["reason"] = row.variant.reason;
    } else {
      entry.update({{"step_time_s", seconds(row.metrics.step_time)},
                    {"forward_s", seconds(row.busy(OpKind::forward))},
                    {"backward_s", seconds(row.backward())},
                    {"recompute_s", seconds(row.busy(OpKind::recompute))},
                    {"communication_s", seconds(row.communication())},
                    {"optimizer_s", seconds(row.metrics.optimizer)},
                    {"bubble_fraction", row.metrics.bubble_fraction.value()},
                    {"efficiency", row.efficiency()},
                    {"peak_memory_bytes", row.peak},
                    {"fits_memory", row.metrics.fits_memory}});
    }
    json["rows"].push_back(std::move(entry));
  }
  return json;
}

void write_table(Output& out, const Config& config, const std::vector<Row>& rows,
                 std::size_t room) {
  fmt::format_to(std::back_inserter(out.text()), "{}: {} devices, {} samples a step\n\n",
                 short_name(config.name), config.cluster.devices,
                 config.training.batch_size * config.training.data_parallel);
  TextTable table{.columns = {{"schedule", 16, true},
                              {"recompute", 9, true},
                              {"step", 9},
                              {"forward", 9, false, true},
                              {"backward", 9, false, true},
                              {"again", 9, false, true},
                              {"comm.", 9, false, true},
                              {"optimizer", 9, false, true},
                              {"bubble", 8},
                              {"efficiency", 10},
                              {"peak memory", 11},
                              {"fits", 0, true}}};
  std::set<std::pair<std::string, std::string>> explained;
  for (const Row& row : rows) {
    const std::string_view recompute = name_of(row.variant.config.pipeline.recompute);
    if (!row.variant.reason.empty()) {
      if (!explained.emplace(row.variant.name, row.variant.reason).second) continue;
      table.rows.push_back({.cells = {short_name(row.variant.name)},
                            .note = "not possible: " + printable(row.variant.reason)});
      continue;
    }
    table.rows.push_back(
        {.cells = {short_name(row.variant.name), std::string(recompute),
                   readable(row.metrics.step_time), readable(row.busy(OpKind::forward)),
                   readable(row.backward()), readable(row.busy(OpKind::recompute)),
                   readable(row.communication()), readable(row.metrics.optimizer),
                   percent(row.metrics.bubble_fraction.value()), percent(row.efficiency()),
                   readable_bytes(row.peak), row.metrics.fits_memory ? "yes" : "NO"}});
  }
  write_text_table(out, table, room);
  out.append(
      "\nforward, backward, again (re-computation): per device. comm.: what messages and the\n"
      "all-reduce add to the step. efficiency: forward and backward over the step. Schedules with\n"
      "several stages on a device cut the same model into as many. Data parallel: the whole model\n"
      "on every device, each with its share of the samples.\n");
  if (config.training.deferred_weight_gradient) {
    out.append(
        "Weight gradients are deferred, except with re-computation and in data parallel, which\n"
        "accumulate them. A deferred one updates the weights: the optimizer is part of "
        "backward.\n");
  }
}

int compare_command(const CompareOptions& options) {
  const Config config = load(options.config);
  Progress progress(!options.quiet);
  const std::vector<Row> rows = run_all(config, progress);
  progress.end();
  Output out = standard_output();
  if (options.json) {
    out.append(to_text(to_json(config, rows)));
  } else if (!options.quiet) {
    const TextStyle style = standard_output_style(automatic_colour);
    write_table(out, config, rows, static_cast<std::size_t>(style.width));
  }
  out.flush();
  const bool any_fits = std::any_of(rows.begin(), rows.end(), [](const Row& row) {
    return row.variant.reason.empty() && row.metrics.fits_memory;
  });
  return any_fits ? done : answer_is_no;
}

}  // namespace

void add_compare(CLI::App& application, Action& action) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* command = application.add_subcommand(
      "compare", "The same model under every schedule, and under data parallelism");
  add_config_options(*command, options->config);
  command->add_flag("--json", options->json, "Print one JSON object");
  command->add_flag("--quiet", options->quiet, "Print no text and no progress");
  command->footer("What fits comes first, the fastest first. Exit code 3: nothing fits.");
  command->callback(
      [options, &action] { action = [options] { return compare_command(*options); }; });
}

}  // namespace pipesim::cli
