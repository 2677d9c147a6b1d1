#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/base/json_field.hpp"
#include "models/base/units.hpp"

namespace pipesim {

enum class PartitionKind { uniform, balanced, memory, listed };

/// What a forward pass keeps for its backward, and so what must be computed again.
enum class Recompute {
  none,         ///< Keep everything.
  full,         ///< Keep only the stage's input.
  except_last,  ///< As full, but keep everything of the last micro-batch (torchgpipe).
  /// Keep every layer's input; a layer is computed again inside the backward, directly before its
  /// own part (Megatron-LM's full re-computation, one layer at a time).
  layers,
  /// Keep all but what attention makes of the scores; that is computed again inside the backward
  /// (arXiv:2205.05198, 5).
  selective,
};

/// What of it are ops of their own: `layers` and `selective` are part of the backward.
constexpr Recompute as_ops(Recompute recompute) {
  const bool inside = recompute == Recompute::layers || recompute == Recompute::selective;
  return inside ? Recompute::none : recompute;
}

/// How a device sends and receives.
enum class Communication {
  overlapped,  ///< Beside computing: a message leaves when its op is done.
  blocking,    ///< In the device's op order: a receive holds the device until the data has arrived,
               ///< a send only posts it.
  rendezvous,  ///< In the device's op order: a send and its receive wait for each other.
};

/// "overlapped", "blocking", "rendezvous".
std::string_view name_of(Communication communication);

/// What an automatic schedule may hold from forwards for backwards, on a device.
struct MemoryLimit {
  std::optional<Bytes> bytes{};
  double micro_batches = 0;  ///< As many micro-batches' stash, where no bytes are given.
};

/// A schedule that was brought as a file.
struct ScheduleFile {
  std::string name{};  ///< For errors.
  std::string text{};
};

// Each in the order of its enum.
inline constexpr Choice partition_choices[] = {
    {"uniform", "the first L mod K stages get one layer more"},
    {"balanced", "the slowest stage as fast as possible"},
    {"memory", "the fullest device as empty as possible"},
};
inline constexpr Choice recompute_choices[] = {
    {"none", "everything is kept"},
    {"full", "only a stage's input is kept"},
    {"except_last", "as full, but all is kept of the last micro-batch"},
    {"layers", "every layer's input is kept, its backward computes it again"},
    {"selective", "of a transformer: the scores of attention are computed again"},
};
inline constexpr Choice recompute_placement_choices[] = {
    {"eager", "R waits only for its device"},
    {"lazy", "R also waits for the gradient"},
};
inline constexpr Choice communication_choices[] = {
    {"overlapped", "beside computing: a message leaves when its op is done"},
    {"blocking", "in the order of ops: a receive holds the device"},
    {"rendezvous", "in the order of ops: a send and its receive wait for each other"},
};

/// The `pipeline` section as it stands in the config.
struct PipelineSettings {
  std::string schedule = "gpipe";
  std::shared_ptr<const ScheduleFile> file{};  ///< Counts instead of `schedule`.
  int stages = 1;                              ///< Devices of one pipeline.
  int virtual_stages = 1;                      ///< Stages on each device.
  bool virtual_stages_given = false;
  int group_size = 0;  ///< As in PipelineShape.
  Communication communication = Communication::overlapped;
  std::optional<MemoryLimit> memory_limit{};
  std::optional<int> micro_batches{};
  std::optional<int> micro_batch_size{};
  PartitionKind partition = PartitionKind::uniform;
  std::vector<int> layer_counts{};  ///< Layers of each stage, when `partition` is `listed`.
  /// Layers of the first and the last device, where the others share the rest equally.
  std::optional<int> first_layers{};
  std::optional<int> last_layers{};
  bool partition_given = false;
  Recompute recompute = Recompute::none;
  bool lazy_recompute = false;  ///< R waits for the gradient too, not only for its device.

  int all_stages() const { return stages * virtual_stages; }
};

/// How many stages a device holds where the config does not say: what its schedule asks for. Reads
/// what stands before it in the section, and puts the schedule's own name where another was given.
using DefaultVirtualStages = std::function<int(PipelineSettings&, const Source&)>;

PipelineSettings read_pipeline(const Field& field, const DefaultVirtualStages& default_stages = {});

std::string_view name_of(Recompute recompute);

}  // namespace pipesim
