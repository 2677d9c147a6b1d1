#include "sim/schedule_size.hpp"

#include <fmt/format.h>

#include "schedules/catalog.hpp"
#include "sim/config_schedule.hpp"
#include "sim/machine_memory.hpp"

namespace pipesim {

namespace {

// Ops (12 bytes), arrivals (8) and intervals (16), and what else grows with them while they are
// built: 50 to 73 were
// measured, and lists that grow have room to spare.
constexpr double bytes_per_op = 100;
constexpr double bytes_per_stage = 1024;

}  // namespace

void check_schedule_size(const Config& config, bool each_replica) {
  const double stages = config.pipeline.all_stages();
  const double recomputed = as_ops(config.pipeline.recompute) == Recompute::none ? 0 : 1;
  const double messages = config.pipeline.communication == Communication::overlapped ? 0 : 4;
  const KnownSchedule* known = find_schedule(config.pipeline.schedule);
  const bool splits = known != nullptr && known->splits_backward;
  const double kinds = (splits ? 3 : 2) + recomputed + messages;  // F and B, or F, I and W.
  const double extra = config.training.deferred_weight_gradient ? 1 : 0;
  const double ops = stages * (config.training.micro_batches * kinds + extra);
  const double replicas =
      config.cluster.uneven() || each_replica ? config.training.data_parallel : 1;
  const double needed = ops * bytes_per_op + stages * replicas * bytes_per_stage;
  const auto available = static_cast<double>(available_memory());
  if (needed <= available) return;
  const bool many_stages = stages * replicas > config.training.micro_batches;
  throw config.source->error(
      many_stages ? "/pipeline/stages" : "/pipeline/micro_batches",
      fmt::format("makes a schedule of {:.0f} ops, which needs {:.1f} GB of this machine's memory",
                  ops, needed / 1e9),
      std::to_string(many_stages ? config.pipeline.stages : config.training.micro_batches),
      fmt::format("{:.1f} GB are available: simulate fewer stages or micro-batches",
                  available / 1e9));
}

}  // namespace pipesim
