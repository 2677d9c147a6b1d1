#include "cli/commands/train_plots.hpp"

#include <algorithm>
#include <cmath>

namespace pipesim::cli {

namespace {

// Long trainings are drawn by the column: finer than a screen is.
constexpr std::size_t most_columns = 1000;
constexpr std::size_t most_marks = 60;
constexpr std::size_t most_rows = 1000;

std::string loss_text(double loss) {
  return std::isfinite(loss) ? fmt::format("{:.6g}", loss) : "not finite";
}

// Over powers of ten once linear steps would hide the end.
AxisScale scale_of(const std::vector<PlotPoint>& points) {
  double low = 0;
  double high = 0;
  for (const PlotPoint& point : points) {
    if (!std::isfinite(point.y)) continue;
    low = low == 0 ? point.y : std::min(low, point.y);
    high = std::max(high, point.y);
  }
  constexpr double fall = 20;
  return low > 0 && high > fall * low ? AxisScale::log10 : AxisScale::linear;
}

std::vector<PlotPoint> mini_batches(const TrainingLosses& losses) {
  std::vector<PlotPoint> points;
  for (const auto& epoch : losses) {
    for (const double loss : epoch) points.push_back({static_cast<double>(points.size()), loss});
  }
  return points;
}

// In the middle of its epoch.
std::vector<PlotPoint> epoch_means(const TrainingLosses& losses) {
  std::vector<PlotPoint> points;
  double begin = 0;
  for (std::size_t e = 0; e < losses.size(); ++e) {
    const auto size = static_cast<double>(losses[e].size());
    const double loss = mean(losses[e]);
    points.push_back({begin + (size - 1) / 2, loss,
                      fmt::format("epoch {}: mean loss {}", e + 1, loss_text(loss))});
    begin += size;
  }
  return points;
}

Plot loss_plot(const TrainingLosses& losses) {
  const std::vector<PlotPoint> all = mini_batches(losses);
  const std::vector<PlotPoint> means = epoch_means(losses);
  Plot plot{.title = "loss over mini-batches",
            .note = "before each update, and the mean of each epoch, in its middle",
            .x = {.label = "mini-batch", .whole = true},
            .y = {.label = "mean squared error", .scale = scale_of(all)}};
  plot.series.push_back({.name = "loss", .line = thinned(all, most_columns), .thin = true});
  PlotSeries& epochs = plot.series.emplace_back();
  epochs.name = "mean";
  epochs.line = thinned(means, most_columns);
  if (means.size() <= most_marks) epochs.marks = means;
  return plot;
}

}  // namespace

PlotPage training_page(const Experiment& experiment, const TrainingLosses& losses) {
  const Training& training = experiment.config.training;
  PlotPage page{.title = experiment.config.name + ": training"};
  page.paragraphs.push_back(fmt::format(
      "{}, {} stages, {} micro-batches; {} samples in batches of {}, {} with a learning rate of "
      "{}.",
      experiment.schedule.name, experiment.schedule.stages(), training.micro_batches,
      training.samples, training.batch_size, name_of(training.optimizer), training.learning_rate));
  page.plots.push_back(loss_plot(losses));
  page.head = {"epoch", "mean loss", "first mini-batch", "last mini-batch"};
  for (std::size_t e = 0; e < std::min(most_rows, losses.size()); ++e) {
    page.rows.push_back({std::to_string(e + 1), loss_text(mean(losses[e])),
                         loss_text(losses[e].front()), loss_text(losses[e].back())});
  }
  if (losses.size() > most_rows) {
    page.rows.push_back({fmt::format("… {} more", losses.size() - most_rows), "", "", ""});
  }
  return page;
}

}  // namespace pipesim::cli
