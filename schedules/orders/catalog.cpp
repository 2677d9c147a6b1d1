#include "schedules/orders/catalog.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "models/base/input_error.hpp"
#include "models/base/key_synonyms.hpp"
#include "schedules/orders/chimera.hpp"
#include "schedules/orders/controllable_memory.hpp"
#include "schedules/orders/dualpipe.hpp"
#include "schedules/orders/gpipe.hpp"
#include "schedules/orders/interleaved_1f1b.hpp"
#include "schedules/orders/looped_bfs.hpp"
#include "schedules/orders/one_f_one_b.hpp"
#include "schedules/orders/zb_auto.hpp"
#include "schedules/orders/zb_h.hpp"
#include "schedules/orders/zb_v.hpp"

namespace pipesim {

namespace {

std::vector<int> one_stage_on_each(const PipelineShape& shape) {
  return one_stage_per_device(shape.stages);
}

}  // namespace

const std::vector<KnownSchedule>& known_schedules() {
  static const std::vector<KnownSchedule> schedules = {
      {.name = "gpipe",
       .description =
           "all forwards, then all backwards in reverse: simple, holds every micro-batch",
       .aliases = {"GPipe", "AFAB", "AllForwardAllBackward", "FThenB"},
       .generate = gpipe,
       .bubble = flush_bubble},
      {.name = "1f1b",
       .description =
           "one forward, one backward: the bubble of gpipe, at most stages - k in flight on "
           "stage k",
       .aliases = {"1F1B", "PipeDreamFlush", "DAPPLE", "OneForwardOneBackward", "TrainSchedule"},
       .generate = one_f_one_b,
       .bubble = flush_bubble},
      {.name = "interleaved_1f1b",
       .description = "1f1b over several stages on each device: a bubble v times smaller, for more "
                      "messages and memory",
       .aliases = {"Interleaved1F1B", "Interleaved", "VPP"},
       .generate = interleaved_1f1b,
       .bubble = interleaved_1f1b_bubble,
       .refuse = interleaved_1f1b_refusal,
       .virtual_stages = 2,
       .any_virtual_stages = true},
      {.name = "looped_bfs",
       .description =
           "all micro-batches through each stage in turn: interleaved's bubble, holds every "
           "micro-batch",
       .aliases = {"LoopedBFS", "BreadthFirst"},
       .generate = looped_bfs,
       .bubble = looped_bfs_bubble,
       .virtual_stages = 2,
       .any_virtual_stages = true},
      {.name = "zb_h1",
       .description =
           "splits the backward, W fills gaps: about a third of 1f1b's bubble in 1f1b's memory",
       .aliases = {"ZBH1", "ZB1P", "InterleavedZeroBubble"},
       .generate = zb_h1,
       .bubble = zb_h1_bubble,
       .refuse = zb_h1_refusal,
       .any_virtual_stages = true,
       .splits_backward = true,
       .equal_times = true},
      {.name = "zb_h2",
       .description =
           "as zb_h1 with more forwards ahead: next to no bubble, about twice the memory",
       .aliases = {"ZBH2", "ZB2P"},
       .generate = zb_h2,
       .bubble = zb_h2_bubble,
       .refuse = zb_h2_refusal,
       .splits_backward = true,
       .equal_times = true},
      {.name = "zb_auto",
       .description =
           "made for the times given, within a memory limit: the smallest bubble that it finds",
       .automatic = AutomaticSchedule{.orders = zb_auto_orders, .placement = one_stage_on_each},
       .splits_backward = true},
      {.name = "zb_v",
       .description =
           "made for the times given, two stages a device, there and back: next to no bubble in "
           "1f1b's memory",
       .aliases = {"ZBVZeroBubble", "ZBV", "ZBVPP"},
       .automatic = AutomaticSchedule{.orders = zb_v_orders, .placement = v_placement},
       .virtual_stages = 2,
       .splits_backward = true},
      {.name = "v_half",
       .description =
           "two stages a device, there and back: half of 1f1b's memory and, in equal times, "
           "half its bubble",
       .aliases = {"VHalf"},
       .generate = v_half,
       .bubble = v_half_bubble,
       .refuse = v_half_refusal,
       .virtual_stages = 2,
       .splits_backward = true,
       .equal_times = true},
      {.name = "v_min",
       .description =
           "two stages a device, there and back: a third of 1f1b's memory, sensitive to uneven "
           "times",
       .aliases = {"VMin"},
       .generate = v_min,
       .bubble = v_min_bubble,
       .refuse = v_min_refusal,
       .virtual_stages = 2,
       .splits_backward = true,
       .equal_times = true},
      {.name = "dualpipe",
       .description =
           "fed from both ends, forwards overlap backwards: small bubble, two copies of the "
           "weights",
       .aliases = {"DualPipe"},
       .generate = dualpipe,
       .bubble = dualpipe_bubble,
       .refuse = dualpipe_refusal,
       .splits_backward = true,
       .bidirectional = true,
       .equal_times = true},
      {.name = "dualpipe_v",
       .description = "dualpipe folded in half: no stage twice, two stages a device",
       .aliases = {"DualPipeV", "CutInHalf"},
       .generate = dualpipe_v,
       .bubble = dualpipe_v_bubble,
       .refuse = dualpipe_v_refusal,
       .virtual_stages = 2,
       .splits_backward = true,
       .equal_times = true},
      {.name = "chimera",
       .description =
           "two directions fill each other's bubble: about half of 1f1b's, two copies of the "
           "weights",
       .generate = chimera,
       .bubble = chimera_bubble,
       .refuse = chimera_refusal,
       .bidirectional = true},
  };
  return schedules;
}

std::vector<std::string> schedule_names() {
  std::vector<std::string> names;
  for (const KnownSchedule& schedule : known_schedules()) names.emplace_back(schedule.name);
  return names;
}

namespace {

// Classes of torch.distributed.pipelining begin with it; alone it names no schedule.
constexpr std::string_view class_prefix = "schedule";

std::string without_prefix(std::string_view name) {
  std::string letters = spelled(name);
  const bool has_prefix = letters.starts_with(class_prefix) && letters != class_prefix;
  return has_prefix ? letters.substr(class_prefix.size()) : letters;
}

bool is_called(const KnownSchedule& schedule, std::string_view letters) {
  return spelled(schedule.name) == letters ||
         std::ranges::any_of(schedule.aliases,
                             [&](std::string_view alias) { return spelled(alias) == letters; });
}

// Orders of others that the catalog lacks, and the nearest that it has.
struct Absent {
  std::string_view name;
  std::string_view hint;
};
constexpr Absent absent[] = {
    {"PipeDream", "it has no flush, so weights differ within a step; with one it is 1f1b"},
    {"PipeDream2BW", "it has no flush, so weights differ within a step; with one it is 1f1b"},
};

}  // namespace

const KnownSchedule* find_schedule(std::string_view name) {
  for (const KnownSchedule& schedule : known_schedules()) {
    if (schedule.name == name) return &schedule;
  }
  const std::string letters = without_prefix(name);
  for (const KnownSchedule& schedule : known_schedules()) {
    if (is_called(schedule, letters)) return &schedule;
  }
  return nullptr;
}

std::string schedule_hint(std::string_view name) {
  const std::string letters = without_prefix(name);
  std::vector<std::string> words = schedule_names();
  const std::string all = fmt::format("schedules: {}", fmt::join(words, ", "));
  for (const auto& [other, hint] : absent) {
    if (spelled(other) == letters) return fmt::format("{}; {}", hint, all);
  }
  for (const KnownSchedule& schedule : known_schedules()) {
    words.insert(words.end(), schedule.aliases.begin(), schedule.aliases.end());
  }
  const std::string near = closest(letters, words);
  if (near.empty()) return all;
  return fmt::format("did you mean \"{}\"? {}", find_schedule(near)->name, all);
}

std::optional<Refusal> refusal_of(const KnownSchedule& schedule, const PipelineShape& shape) {
  if (!schedule.any_virtual_stages) {
    if (auto refusal = virtual_stages_refusal(shape, schedule.virtual_stages)) return refusal;
  }
  return schedule.refuse == nullptr ? std::nullopt : schedule.refuse(shape);
}

}  // namespace pipesim
