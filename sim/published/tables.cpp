#include "sim/published/tables.hpp"

#include "sim/published/sources/amoebanet_parameters.hpp"
#include "sim/published/sources/gpipe_memory.hpp"
#include "sim/published/sources/gpipe_throughput.hpp"
#include "sim/published/sources/korthikanti.hpp"
#include "sim/published/sources/megatron_sc21.hpp"
#include "sim/published/sources/pipedream.hpp"
#include "sim/published/sources/simumax_b200.hpp"
#include "sim/published/sources/torchgpipe_speed.hpp"
#include "sim/published/sources/vtrain.hpp"

namespace pipesim::published {

const std::vector<KnownTable>& known_tables() {
  static const std::vector<KnownTable> tables = {
      {.id = "gpipe-parameters", .compare = gpipe_parameters},
      {.id = "sc21-parameters", .compare = sc21_parameters},
      {.id = "amoebanet-parameters", .compare = amoebanet_parameters},
      {.id = "korthikanti-activations", .compare = korthikanti_activations},
      {.id = "gpipe-parameter-memory", .compare = gpipe_parameter_memory},
      {.id = "gpipe-activation-memory", .compare = gpipe_activation_memory},
      {.id = "gpipe-largest-model", .compare = gpipe_largest_model},
      {.id = "korthikanti-layer-times", .compare = korthikanti_layer_times},
      {.id = "korthikanti-iterations",
       .compare = korthikanti_iterations,
       .steps = korthikanti_steps},
      {.id = "sc21-throughput", .compare = sc21_throughput, .steps = sc21_steps},
      {.id = "vtrain-iterations", .compare = vtrain_iterations, .steps = vtrain_steps},
      {.id = "b200-step-times", .compare = b200_step_times, .steps = b200_steps},
      {.id = "b200-memory", .compare = b200_memory},
      {.id = "gpipe-throughput-tpu", .compare = gpipe_throughput_tpu},
      {.id = "gpipe-throughput-gpu", .compare = gpipe_throughput_gpu},
      {.id = "torchgpipe-speed-ups", .compare = torchgpipe_speed_ups},
      {.id = "pipedream-bottlenecks", .compare = pipedream_bottlenecks},
      {.id = "pipedream-replications", .compare = pipedream_replications},
  };
  return tables;
}

std::vector<std::string> external_files() {
  return {vgg16_profile};
}

std::vector<PublishedTable> compare_all(const std::vector<KnownTable>& tables,
                                        const DataFiles& data, bool with_ablations,
                                        const std::function<void(std::size_t)>& done) {
  std::vector<PublishedTable> all;
  for (const KnownTable& table : tables) {
    PublishedTable& entry = all.emplace_back();
    entry.comparison = table.compare(data);
    entry.comparison.id = table.id;
    if (with_ablations && table.steps != nullptr) entry.ablations = ablate(table.steps(data));
    if (done) done(all.size());
  }
  return all;
}

}  // namespace pipesim::published
