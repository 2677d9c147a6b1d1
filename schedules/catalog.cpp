#include "schedules/catalog.hpp"

#include "schedules/chimera.hpp"
#include "schedules/controllable_memory.hpp"
#include "schedules/dualpipe.hpp"
#include "schedules/gpipe.hpp"
#include "schedules/handcrafted_zero_bubble.hpp"
#include "schedules/interleaved_1f1b.hpp"
#include "schedules/looped_bfs.hpp"
#include "schedules/one_f_one_b.hpp"
#include "schedules/schedule_bounds.hpp"
#include "schedules/zb_auto.hpp"
#include "schedules/zb_v.hpp"

namespace pipesim {

namespace {

std::vector<int> one_stage_on_each(const PipelineShape& shape) {
  return one_stage_per_device(shape.stages);
}

}  // namespace

const std::vector<KnownSchedule>& known_schedules() {
  static const std::vector<KnownSchedule> schedules = {
      {.name = "gpipe",
       .about = "all forwards, then all backwards in reverse: simple, holds every micro-batch",
       .generate = gpipe,
       .bubble = flush_bubble},
      {.name = "1f1b",
       .about = "one forward, one backward: the bubble of gpipe, at most stages - k in flight on "
                "stage k",
       .generate = one_f_one_b,
       .bubble = flush_bubble},
      {.name = "interleaved_1f1b",
       .about = "1f1b over several stages on each device: a bubble v times smaller, for more "
                "messages and memory",
       .generate = interleaved_1f1b,
       .bubble = interleaved_1f1b_bubble,
       .refuse = interleaved_1f1b_refusal,
       .virtual_stages = 2,
       .any_virtual_stages = true},
      {.name = "looped_bfs",
       .about = "all micro-batches through each stage in turn: interleaved's bubble, holds every "
                "micro-batch",
       .generate = looped_bfs,
       .bubble = looped_bfs_bubble,
       .virtual_stages = 2,
       .any_virtual_stages = true},
      {.name = "zb_h1",
       .about =
           "splits the backward, W fills gaps: about a third of 1f1b's bubble in 1f1b's memory",
       .generate = zb_h1,
       .bubble = zb_h1_bubble,
       .refuse = zb_h1_refusal,
       .splits_backward = true},
      {.name = "zb_h2",
       .about = "as zb_h1 with more forwards ahead: next to no bubble, about twice the memory",
       .generate = zb_h2,
       .bubble = zb_h2_bubble,
       .refuse = zb_h2_refusal,
       .splits_backward = true},
      {.name = "zb_auto",
       .about =
           "made for the times given, within a memory limit: the smallest bubble that it finds",
       .automatic =
           AutomaticSchedule{
               .generate = zb_auto, .least_memory = least_memory, .placement = one_stage_on_each},
       .splits_backward = true},
      {.name = "zb_v",
       .about =
           "made for the times given, two stages a device, there and back: next to no bubble in "
           "1f1b's memory",
       .automatic = AutomaticSchedule{.generate = zb_v,
                                      .least_memory = least_memory,
                                      .placement = v_placement,
                                      .usual_memory = memory_of_1f1b},
       .virtual_stages = 2,
       .splits_backward = true},
      {.name = "v_half",
       .about = "two stages a device, there and back: half of 1f1b's memory and, in equal times, "
                "half its bubble",
       .generate = v_half,
       .bubble = v_half_bubble,
       .refuse = v_half_refusal,
       .virtual_stages = 2,
       .splits_backward = true},
      {.name = "v_min",
       .about =
           "two stages a device, there and back: a third of 1f1b's memory, sensitive to uneven "
           "times",
       .generate = v_min,
       .bubble = v_min_bubble,
       .refuse = v_min_refusal,
       .virtual_stages = 2,
       .splits_backward = true},
      {.name = "dualpipe",
       .about = "fed from both ends, forwards overlap backwards: small bubble, two copies of the "
                "weights",
       .generate = dualpipe,
       .bubble = dualpipe_bubble,
       .refuse = dualpipe_refusal,
       .splits_backward = true,
       .bidirectional = true},
      {.name = "dualpipe_v",
       .about = "dualpipe folded in half: no stage twice, two stages a device",
       .generate = dualpipe_v,
       .bubble = dualpipe_v_bubble,
       .refuse = dualpipe_v_refusal,
       .virtual_stages = 2,
       .splits_backward = true},
      {.name = "chimera",
       .about = "two directions fill each other's bubble: about half of 1f1b's, two copies of the "
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

const KnownSchedule* find_schedule(std::string_view name) {
  for (const KnownSchedule& schedule : known_schedules()) {
    if (schedule.name == name) return &schedule;
  }
  return nullptr;
}

std::optional<Refusal> refusal_of(const KnownSchedule& schedule, const PipelineShape& shape) {
  if (!schedule.any_virtual_stages) {
    if (auto refusal = virtual_stages_refusal(shape, schedule.virtual_stages)) return refusal;
  }
  return schedule.refuse == nullptr ? std::nullopt : schedule.refuse(shape);
}

}  // namespace pipesim
