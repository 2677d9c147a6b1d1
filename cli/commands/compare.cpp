#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "cli/commands/commands.hpp"
#include "cli/commands/comparison.hpp"
#include "cli/output/long_work.hpp"
#include "cli/output/plot_files.hpp"
#include "cli/output/progress.hpp"
#include "cli/output/standard_output.hpp"
#include "cli/support/exit_code.hpp"
#include "cli/support/options.hpp"
#include "reports/gantt/gantt_sheet.hpp"
#include "reports/gantt/svg_gantt.hpp"
#include "reports/html/report_page.hpp"
#include "reports/summary/summary_json.hpp"
#include "reports/text/json_text.hpp"
#include "reports/text/number_text.hpp"
#include "reports/text/output_file.hpp"
#include "reports/text/text_table.hpp"
#include "schedules/orders/catalog.hpp"
#include "sim/assemble/schedule_size.hpp"

namespace pipesim::cli {

namespace {

struct CompareOptions {
  ConfigOptions config{};
  bool json = false;
  bool quiet = false;
  PlotOptions files{};
};

nlohmann::ordered_json to_json(const Config& config, const std::vector<ComparedRow>& rows) {
  nlohmann::ordered_json json = {{"name", config.name},
                                 {"command", "compare"},
                                 {"stages", config.pipeline.stages},
                                 {"micro_batches", config.training.micro_batches},
                                 {"rows", nlohmann::ordered_json::array()}};
  for (const ComparedRow& row : rows) {
    const Variant& variant = row.variant;
    nlohmann::ordered_json entry = {
        {"schedule", variant.name},
        {"as_given", variant.as_given},
        {"set", variant.settings},
        {"virtual_stages", variant.virtual_stages},
        {"recompute", name_of(variant.recompute)},
        {"weight_gradient",
         weight_gradient_name({.deferred_weight_gradient = variant.deferred_weight_gradient})}};
    if (!row.possible()) {
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
      if (!row.unlike.empty()) entry["times_unlike_order"] = row.unlike;
    }
    json["rows"].push_back(std::move(entry));
  }
  return json;
}

void write_table(Output& out, const Config& config, const std::vector<ComparedRow>& rows,
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
  for (const ComparedRow& row : rows) {
    const std::string_view recompute = name_of(row.variant.recompute);
    if (!row.possible()) {
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
                   readable_bytes(row.peak),
                   fmt::format("{}{}", row.metrics.fits_memory ? "yes" : "NO",
                               row.variant.as_given ? ", as given" : "")},
         .note = row.unlike});
  }
  write_text_table(out, table, room);
  out.append(
      "\nforward, backward, again (re-computation): per device. comm.: what messages and the\n"
      "all-reduce add to the step. efficiency: forward and backward over the step. Schedules with\n"
      "several stages on a device cut the same model into as many. Data parallel: the whole model\n"
      "on every device, each with its share of the samples. As given: the config as it is.\n");
  if (std::ranges::any_of(rows, [](const ComparedRow& row) { return !row.unlike.empty(); })) {
    out.append(
        "made for: what the order assumes and these times are far from, by a factor of 2 or more;\n"
        "I includes re-computation.\n");
  }
  if (config.training.deferred_weight_gradient) {
    out.append(
        "Weight gradients are deferred, except with re-computation and in data parallel, which\n"
        "accumulate them. A deferred one updates the weights: the optimizer is part of "
        "backward.\n");
  }
}

std::vector<ComparedRow> run_all(const Config& config, Progress& progress) {
  const ReportProgress report = progress.begin("comparing", "rows");
  return compare_all(config, [&](std::size_t row, std::size_t rows, const std::string& name) {
    if (!report) return;
    report(static_cast<double>(row), static_cast<double>(rows));
    progress.rename(fmt::format("comparing, row {} of {}: {}", row + 1, rows, name));
  });
}

// All rows to one scale, in the order of the table.
void write_page(Output& out, const Config& config, const nlohmann::ordered_json& summary,
                const std::vector<ComparedRow>& rows) {
  const auto possible = std::ranges::count_if(rows, &ComparedRow::possible);
  ReportPage page(out, {.command = "compare",
                        .summary = summary,
                        .config = config,
                        .runs = static_cast<std::size_t>(possible)});
  for_each_run(rows, [&](const ComparedRow& row, const Experiment& experiment, const Run& run) {
    page.add(title_of(row), experiment, run, summary_json(experiment, run, {}));
  });
  page.finish();
}

// Draws the first rows as a figure: as many as can be told apart.
void write_figure(Output& out, const Config& config, std::vector<ComparedRow> rows) {
  constexpr std::size_t most_rows = 24;
  std::erase_if(rows, [](const ComparedRow& row) { return !row.possible(); });
  const std::size_t possible = rows.size();
  rows.resize(std::min(possible, most_rows));
  Time longest;
  std::size_t lanes = 0;
  for (const ComparedRow& row : rows) {
    longest = std::max(longest, row.metrics.step_time);
    lanes += row.devices;
  }
  GanttSheet sheet(longest, lanes, static_cast<int>(rows.size()));
  for_each_run(rows, [&](const ComparedRow& row, const Experiment& experiment, const Run& run) {
    sheet.add(fmt::format("{}: {}{}", title_of(row), figures_of(run),
                          row.metrics.fits_memory ? "" : "; does not fit the memory"),
              experiment, run);
  });
  if (possible > rows.size()) {
    sheet.add_note(fmt::format("{} more are left out.", possible - rows.size()));
  }
  sheet.write(out, {.title = config.name,
                    .subtitle = fmt::format("{} ways to run it on {} devices, to one scale",
                                            rows.size(), config.cluster.devices),
                    .description = "Timelines below each other, those that fit the memory first, "
                                   "of these the fastest first."});
}

int compare_command(const CompareOptions& options) {
  const Config config = load(options.config);
  // The variants, of which there will be many, are no larger.
  check_schedule_size(config, {.picture = options.files.html || options.files.svg});
  check_plot_options(options.files, options.json);
  std::optional<OutputFile> html;
  std::optional<OutputFile> svg;
  if (options.files.html) html.emplace(*options.files.html, "--html");
  if (options.files.svg) svg.emplace(*options.files.svg, "--svg");
  // Every schedule and data parallelism, with and without re-computation.
  const double rows_to_run = 2.0 * static_cast<double>(known_schedules().size() + 1);
  if (!options.quiet) announce_long_work("comparing", simulation_seconds(config, rows_to_run));
  Progress progress(!options.quiet);
  const std::vector<ComparedRow> rows = run_all(config, progress);
  const nlohmann::ordered_json json = to_json(config, rows);
  if (html) {
    html->report_to(progress.begin("writing " + *options.files.html, "B"));
    write_page(html->output(), config, json, rows);
    html->finish();
  }
  if (svg) {
    svg->report_to(progress.begin("writing " + *options.files.svg, "B"));
    write_figure(svg->output(), config, rows);
    svg->finish();
  }
  if (html) html->commit();
  if (svg) svg->commit();
  progress.end();
  Output out = standard_output();
  if (options.json) {
    out.append(to_text(json));
  } else if (!options.quiet && options.files.html != "-" && options.files.svg != "-") {
    const TextStyle style = standard_output_style(automatic_colour);
    write_table(out, config, rows, static_cast<std::size_t>(style.width));
  }
  out.flush();
  const bool any_fits = std::ranges::any_of(
      rows, [](const ComparedRow& row) { return row.possible() && row.metrics.fits_memory; });
  return any_fits ? done : infeasible;
}

}  // namespace

Command declare_compare() {
  auto options = std::make_shared<CompareOptions>();
  Command command{.name = "compare",
                  .description = "The same model under every schedule, and under data parallelism",
                  .run = [options] { return compare_command(*options); }};
  add_config_options(command, options->config);
  command.options.push_back(
      {.name = "--json", .into = &options->json, .description = "Print one JSON object"});
  command.options.push_back(
      {.name = "--html",
       .into = &options->files.html,
       .description = "Write a page to look at: every schedule to the same scale, with its memory",
       .value = "FILE"});
  command.options.push_back(
      {.name = "--svg",
       .into = &options->files.svg,
       .description = "Draw the same as a figure for print: the first 24 rows",
       .value = "FILE"});
  command.options.push_back(
      {.name = "--quiet", .into = &options->quiet, .description = "Print no text and no progress"});
  command.footer =
      "What fits comes first, the fastest first. Each row of --json has the settings that lead to\n"
      "it: with --set, simulate says the same of it. Exit code 3: nothing fits.";
  return command;
}

}  // namespace pipesim::cli
