#include "sim/assemble/schedule_size.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/base/machine_memory.hpp"
#include "schedules/orders/catalog.hpp"
#include "sim/assemble/config_schedule.hpp"

namespace pipesim {

namespace {

constexpr double bytes_per_stage = 1024;

// Measured over all schedules, of 2 to 100 devices. The totals take 24 bytes an op, its own 12 in
// the lanes and 8 in the tables of arrivals among them; one that is made for its costs is held more
// than once while it is made, one from a file beside its cells. A timeline has 16 more for when an
// op ran. A picture takes up to 63 more where it shows every device, and less of many. The critical
// path has 1,200 for each of its ops, which are as many as a device has.
double bytes_per_op(const PipelineSettings& pipeline, const StepDetail& detail) {
  constexpr double pictured_devices = 16;
  const KnownSchedule* known = find_schedule(pipeline.schedule);
  const bool is_generated = pipeline.file == nullptr && known != nullptr && !known->automatic;
  double bytes = is_generated ? 25 : 64;
  if (detail.timeline || detail.picture || detail.explanation) bytes += 16;
  if (detail.picture) bytes += 64 * std::min(1.0, pictured_devices / pipeline.stages);
  if (detail.explanation) bytes += 32 + 1200.0 / pipeline.stages;
  return bytes;
}

}  // namespace

double schedule_ops(const Config& config) {
  const double stages = config.pipeline.all_stages();
  const double recomputed = as_ops(config.pipeline.recompute) == Recompute::none ? 0 : 1;
  const double messages = config.pipeline.communication == Communication::overlapped ? 0 : 4;
  const KnownSchedule* known = find_schedule(config.pipeline.schedule);
  const bool splits = known != nullptr && known->splits_backward;
  const double kinds = (splits ? 3 : 2) + recomputed + messages;  // F and B, or F, I and W.
  const double extra = config.training.deferred_weight_gradient ? 1 : 0;
  return stages * (config.training.micro_batches * kinds + extra);
}

// What the slower of two machines took: 12 million ops of a million stages in 6 s.
double simulation_seconds(const Config& config, double repeats) {
  constexpr double per_op = 0.3e-6;
  constexpr double per_stage = 3e-6;
  const double once = schedule_ops(config) * per_op + config.pipeline.all_stages() * per_stage;
  return once * repeats;
}

void check_schedule_size(const Config& config, const StepDetail& detail, bool each_replica) {
  const double stages = config.pipeline.all_stages();
  const double ops = schedule_ops(config);
  const double replicas =
      config.cluster.uneven() || each_replica ? config.training.data_parallel : 1;
  const auto bytes = [&](const StepDetail& held) {
    return ops * bytes_per_op(config.pipeline, held) + stages * replicas * bytes_per_stage;
  };
  const double needed = bytes(detail);
  const auto available = static_cast<double>(available_memory());
  if (needed <= available) return;
  const bool many_stages = stages * replicas > config.training.micro_batches;
  throw config.source->error(
      many_stages ? "/pipeline/stages" : "/pipeline/micro_batches",
      fmt::format("makes a schedule of {:.0f} ops, which needs {:.1f} GB of this machine's memory",
                  ops, needed / 1e9),
      std::to_string(many_stages ? config.pipeline.stages : config.training.micro_batches),
      fmt::format("{:.1f} GB are available{}: simulate fewer stages or micro-batches",
                  available / 1e9,
                  bytes({}) <= available ? ", which is enough for --json without reports" : ""));
}

}  // namespace pipesim
