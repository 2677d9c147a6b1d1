#include <memory>
#include <optional>
#include <thread>

#include "cli/commands/commands.hpp"
#include "cli/output/progress.hpp"
#include "cli/output/standard_output.hpp"
#include "cli/support/exit_code.hpp"
#include "models/base/input_error.hpp"
#include "reports/formats/device_json.hpp"
#include "reports/text/number_text.hpp"
#include "reports/text/output_file.hpp"
#include "reports/text/text_table.hpp"
#include "sim/execute/calibrate.hpp"

namespace pipesim::cli {

namespace {

struct CalibrateArguments {
  std::optional<std::string> out{};
  bool json = false;
  bool quiet = false;
  int busy = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::string> precisions{"fp32", "fp64"};
};

void write_text(Output& out, const Device& device, const CalibrateArguments& options) {
  fmt::format_to(std::back_inserter(out.text()), "{}\n\n", printable(device.source));
  out.append("GFLOP/s of the products of a 1024 x 1024 layer whose weights come from memory:\n");
  TextTable table{.columns = {{"precision", 10, true},
                              {"rows", 6},
                              {"forward", 12},
                              {"input gradient", 15},
                              {"weight gradient", 15}},
                  .gap = 1};
  for (std::size_t p = 0; p < precision_names.size(); ++p) {
    const KernelRates& rates = device.kernel_rates[p];
    if (rates.empty()) continue;
    for (const int rows : {4, 16, 64}) {
      const auto rate = [&](Kernel kernel) {
        return fmt::format("{:.1f}", rates.rate(kernel, rows, 1 << 20, 1 << 26) / 1e9);
      };
      table.rows.push_back(
          {.cells = {std::string(precision_names[p]), std::to_string(rows), rate(Kernel::forward),
                     rate(Kernel::input_gradient), rate(Kernel::weight_gradient)}});
    }
  }
  write_text_table(out, table);
  fmt::format_to(std::back_inserter(out.text()), "\nupdate {}B/s, in a cache {}B/s, a message {}\n",
                 readable_rate(device.memory_bandwidth.value_or(0)),
                 readable_rate(device.cache_bandwidth.value_or(0)),
                 readable(to_time(device.interconnect.value_or(Interconnect{}).latency)));
  if (options.out) {
    fmt::format_to(
        std::back_inserter(out.text()),
        "\nUse it with --set cluster.device={}, or in a config, with the path as seen from "
        "the config's folder.\n",
        printable(*options.out));
  } else {
    out.append("\nNothing was kept: --out device.json writes a file that cluster.device takes.\n");
  }
}

int calibrate_command(const CalibrateArguments& options) {
  if (options.out && options.out->empty()) {
    throw InputError("--out: /: must name a place, got nothing", "give a path behind the option");
  }
  std::unique_ptr<OutputFile> file;
  if (options.out) file = std::make_unique<OutputFile>(*options.out, "--out");
  CalibrateOptions measured{.busy = options.busy, .precisions = {}};
  for (const std::string& name : options.precisions) {
    measured.precisions.push_back(name == "fp64" ? Precision::fp64 : Precision::fp32);
  }
  Progress progress(!options.quiet);
  const ReportProgress report = progress.begin("calibrating");
  const Device device = calibrate(measured, [&](double done) {
    if (report) report(done, 1);
  });
  progress.end();
  if (file) {
    write_device_json(file->output(), device);
    file->commit();
  }
  Output out = standard_output();
  if (options.json) {
    write_device_json(out, device);
  } else if (!options.quiet && options.out != "-") {
    write_text(out, device, options);
  }
  out.flush();
  return done;
}

}  // namespace

Command declare_calibrate() {
  auto options = std::make_shared<CalibrateArguments>();
  Command command{
      .name = "calibrate",
      .description = "Measure this machine and write a device file for predictions about it",
      .run = [options] { return calibrate_command(*options); }};
  command.options.push_back({.name = "--out",
                             .into = &options->out,
                             .description = "Write the device here, for cluster.device",
                             .value = "FILE"});
  command.options.push_back(
      {.name = "--busy",
       .into = &options->busy,
       .description =
           "Cores that compute at once while measuring: as many as devices will on the wall "
           "clock, 1 for the measured clock",
       .value = "N",
       .least = 1,
       .most = 256,
       .shows_default = true});
  command.options.push_back({.name = "--precision",
                             .into = &options->precisions,
                             .description = "Precisions, separated by commas",
                             .words = {"fp32", "fp64"},
                             .separator = ','});
  command.options.push_back(
      {.name = "--json", .into = &options->json, .description = "Print the device as JSON"});
  command.options.push_back({.name = "--quiet",
                             .into = &options->quiet,
                             .description = "Print nothing, and no progress"});
  command.footer =
      "Takes about ten seconds for each precision; keep the machine idle meanwhile.\n\n"
      "Examples:\n"
      "  pipesim calibrate --out device.json\n"
      "  pipesim execute examples/imbalanced.json --set cluster.device=device.json";
  return command;
}

}  // namespace pipesim::cli
