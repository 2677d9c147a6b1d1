#include "sim/execute/train.hpp"
#include "sim/assemble/assemble.hpp"
#include "sim/execute/effort.hpp"

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands/commands.hpp"
#include "cli/commands/train_plots.hpp"
#include "cli/output/deadlock_notice.hpp"
#include "cli/output/long_work.hpp"
#include "cli/output/plot_files.hpp"
#include "cli/output/progress.hpp"
#include "cli/output/standard_output.hpp"
#include "cli/support/exit_code.hpp"
#include "cli/support/options.hpp"
#include "reports/summary/summary_text.hpp"
#include "reports/text/json_text.hpp"
#include "reports/text/number_text.hpp"

namespace pipesim::cli {

namespace {

struct TrainOptions {
  ConfigOptions config{};
  bool json = false;
  bool quiet = false;
  PlotOptions plots{};
};

// Nobody reads what training prints any more.
struct ReaderLeft {};

std::string_view precision_name(const Experiment& experiment) {
  return precision_names[static_cast<std::size_t>(experiment.config.training.precision)];
}

double samples_trained(const Training& training) {
  return static_cast<double>(training.samples) * training.epochs;
}

// A loss that is not finite becomes null in the JSON.
nlohmann::ordered_json to_json(const Experiment& experiment, const TrainingResult& result,
                               double elapsed_s) {
  const Config& config = experiment.config;
  const Training& training = config.training;
  nlohmann::ordered_json json = {{"name", config.name},
                                 {"command", "train"},
                                 {"clock", name_of(Clock::wall)},
                                 {"schedule", experiment.schedule.name},
                                 {"stages", config.pipeline.stages},
                                 {"virtual_stages", config.pipeline.virtual_stages},
                                 {"micro_batches", training.micro_batches},
                                 {"batch_size", training.batch_size},
                                 {"recompute", name_of(config.pipeline.recompute)},
                                 {"weight_gradient", weight_gradient_name(training)},
                                 {"epochs", training.epochs},
                                 {"samples", training.samples},
                                 {"seed", training.seed},
                                 {"precision", precision_name(experiment)},
                                 {"optimizer", name_of(training.optimizer)},
                                 {"learning_rate", training.learning_rate},
                                 {"deadlock", nullptr},
                                 {"fits_memory", result.prediction.metrics.fits_memory},
                                 {"losses", result.losses},
                                 {"mean_losses", nlohmann::ordered_json::array()},
                                 {"elapsed_s", elapsed_s},
                                 {"samples_per_s", samples_trained(training) / elapsed_s}};
  for (const auto& of_epoch : result.losses) json["mean_losses"].push_back(mean(of_epoch));
  if (const std::optional<Deadlock>& deadlock = result.prediction.outcome.deadlock) {
    json["deadlock"] = describe(*deadlock);
    json["samples_per_s"] = nullptr;
  }
  return json;
}

// The lines that training prints as it goes.
class TrainingText {
 public:
  TrainingText(const Experiment& experiment, bool wanted)
      : experiment_(experiment), training_(experiment.config.training), wanted_(wanted) {}

  void begin() {
    print("{}: {}, {} stages, {} micro-batches\n", short_name(experiment_.config.name),
          short_name(experiment_.schedule.name), experiment_.schedule.stages(),
          training_.micro_batches);
    print("{} samples in batches of {}, {}, {} with a learning rate of {}\n\n", training_.samples,
          training_.batch_size, precision_name(experiment_), name_of(training_.optimizer),
          training_.learning_rate);
  }

  void mini_batch(const TrainingProgress& progress) {
    if (!std::isfinite(progress.loss) && !diverged_) diverged_ = progress;
  }

  void epoch(int number, double mean_loss) {
    const std::string last = std::to_string(training_.epochs);
    print("epoch {:>{}} of {}  mean loss {}\n", number, last.size(), last,
          std::isfinite(mean_loss) ? fmt::format("{:.6g}", mean_loss) : "not finite");
    out_.flush();
    if (reader_left_) throw ReaderLeft{};
  }

  void end(const Run& prediction, double elapsed_s) {
    if (prediction.outcome.deadlock) {
      begin();
      print("{}\n", describe(*prediction.outcome.deadlock));
    } else {
      trained(elapsed_s);
    }
    if (!prediction.metrics.fits_memory) {
      print("the devices' memory does not hold it: {}\n",
            describe_overflow(experiment_, prediction));
    }
    out_.flush();
  }

 private:
  const Experiment& experiment_;
  const Training& training_;
  bool wanted_ = true;
  bool reader_left_ = false;
  Output out_ = standard_output(&reader_left_);
  std::optional<TrainingProgress> diverged_{};

  void trained(double elapsed_s) {
    const auto samples = samples_trained(training_);
    print("\n{} samples in {}: {} samples/s, {}\n", samples,
          readable(Time{static_cast<std::int64_t>(elapsed_s * 1e12)}),
          readable_rate(samples / elapsed_s),
          experiment_.schedule.devices() == 1
              ? "on one thread"
              : fmt::format("on {} threads", experiment_.schedule.devices()));
    if (diverged_) {
      print(
          "the loss left the range of {} in epoch {}, mini-batch {} of {}: try a smaller "
          "training.learning_rate\n",
          precision_name(experiment_), diverged_->epoch + 1, diverged_->mini_batch + 1,
          diverged_->mini_batches);
    }
  }

  template <class... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    if (!wanted_) return;
    fmt::format_to(std::back_inserter(out_.text()), format, std::forward<Args>(args)...);
  }
};

void tell(const ReportProgress& report, const Training& training,
          const TrainingProgress& progress) {
  if (!report) return;
  const double epochs = progress.epoch + (progress.mini_batch + 1.0) / progress.mini_batches;
  const auto samples = static_cast<double>(training.samples);
  report(epochs * samples, training.epochs * samples);
}

int train_command(const TrainOptions& options) {
  Config config = load(options.config);
  check_trainable(config);
  const Experiment experiment = assemble(std::move(config));
  PlotFiles files(options.plots, options.json);
  const bool prints_text = !options.json && !options.quiet && !files.use_standard_output();
  if (!options.quiet) announce_long_work("training", training_seconds(experiment.config));
  TrainingText text(experiment, prints_text);
  Progress line(!options.quiet);
  const ReportProgress training = line.begin("training", "samples");
  double elapsed_s = 0;
  std::vector<double> of_epoch;
  const auto report = [&](const TrainingProgress& progress) {
    if (progress.epoch == 0 && progress.mini_batch == 0) text.begin();
    elapsed_s = progress.elapsed_s;
    text.mini_batch(progress);
    tell(training, experiment.config.training, progress);
    of_epoch.push_back(progress.loss);
    if (progress.mini_batch + 1 < progress.mini_batches) return;
    text.epoch(progress.epoch + 1, mean(of_epoch));
    if (training) line.rename(fmt::format("training, epoch {}", progress.epoch + 2));
    of_epoch.clear();
  };
  TrainingResult result;
  try {
    result = train(experiment, report);
  } catch (const ReaderLeft&) {
    return done;
  }
  line.end();
  text.end(result.prediction, elapsed_s);
  if (options.quiet && !options.json) tell_deadlock(result.prediction);
  if (files.any()) files.write(training_page(experiment, result.losses));
  if (options.json) {
    Output out = standard_output();
    out.append(to_text(to_json(experiment, result, elapsed_s)));
    out.flush();
  }
  const bool answer = !result.prediction.outcome.deadlock && result.prediction.metrics.fits_memory;
  return answer ? done : infeasible;
}

}  // namespace

Command declare_train() {
  auto options = std::make_shared<TrainOptions>();
  Command command{.name = "train",
                  .description = "Train for whole epochs on the CPU, and print the loss of each",
                  .run = [options] { return train_command(*options); }};
  add_config_options(command, options->config);
  command.options.push_back({.name = "--json",
                             .into = &options->json,
                             .description = "Print one JSON object, with every mini-batch's loss"});
  command.options.push_back(
      {.name = "--quiet", .into = &options->quiet, .description = "Print no text and no progress"});
  add_plot_options(command, options->plots, "the loss over mini-batches, and of each epoch");
  command.footer =
      "The model must be an mlp, in fp32 or fp64, with a thread for each stage. Samples are\n"
      "synthetic; training.samples must be a multiple of the batch size. The same config gives\n"
      "the same losses, bit for bit, whatever the number of stages.\n"
      "Exit code 3: a device's memory does not hold it, or the schedule deadlocks.\n\n"
      "Examples:\n"
      "  pipesim train examples/gpipe.json\n"
      "  pipesim train examples/gpipe.json --set training.epochs=20 --set training.optimizer=adam";
  return command;
}

}  // namespace pipesim::cli
