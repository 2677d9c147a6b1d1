#include <doctest/doctest.h>

#include "schedules/check/runs_through.hpp"
#include "schedules/orders/chimera.hpp"
#include "schedules/orders/controllable_memory.hpp"
#include "schedules/orders/dualpipe.hpp"
#include "schedules/orders/gpipe.hpp"
#include "schedules/orders/interleaved_1f1b.hpp"
#include "schedules/orders/looped_bfs.hpp"
#include "schedules/orders/one_f_one_b.hpp"
#include "schedules/orders/zb_h.hpp"
#include "support/schedules/orders.hpp"

using namespace pipesim;

namespace {

std::optional<Refusal> never(const PipelineShape&) {
  return std::nullopt;
}

struct Generated {
  std::string_view name{};
  Schedule (*generate)(const PipelineShape&) = nullptr;
  std::optional<Refusal> (*refusal)(const PipelineShape&) = nullptr;
  bool several_stages = true;  // On a device; otherwise only shapes with one are asked for.
  int accepted = 0;            // Of the 9 * 14 * 3 shapes below.
};

const Generated all_generated[] = {
    {"gpipe", gpipe, never, false, 126},
    {"1f1b", one_f_one_b, never, false, 126},
    {"interleaved_1f1b", interleaved_1f1b, interleaved_1f1b_refusal, true, 336},
    {"looped_bfs", looped_bfs, never, true, 378},
    {"zb_h1", zb_h1, zb_h1_refusal, true, 378},
    {"zb_h2", zb_h2, zb_h2_refusal, true, 126},
    {"v_half", v_half, v_half_refusal, true, 126},
    {"v_min", v_min, v_min_refusal, true, 126},
    {"dualpipe", dualpipe, dualpipe_refusal, true, 12},
    {"dualpipe_v", dualpipe_v, dualpipe_v_refusal, true, 49},
    {"chimera", chimera, chimera_refusal, true, 28},
};

}  // namespace

TEST_SUITE_BEGIN("schedules/every_order");

TEST_CASE("whatever is not refused runs every op once and runs through") {
  for (const Generated& known : all_generated) {
    int accepted = 0;
    for (int stages = 1; stages <= 9; ++stages) {
      for (int micro_batches = 1; micro_batches <= 14; ++micro_batches) {
        for (int virtual_stages = 1; virtual_stages <= 3; ++virtual_stages) {
          if (virtual_stages > 1 && !known.several_stages) continue;
          const PipelineShape shape{
              .stages = stages, .micro_batches = micro_batches, .virtual_stages = virtual_stages};
          if (known.refusal(shape)) continue;
          ++accepted;
          const Schedule schedule = known.generate(shape);
          CAPTURE(known.name);
          CAPTURE(stages);
          CAPTURE(micro_batches);
          CAPTURE(virtual_stages);
          CHECK(schedule.name == known.name);
          CHECK(schedule.stages() == shape.all_stages());
          CHECK(test::every_op_once(schedule));
          CHECK(runs_through(schedule));
        }
      }
    }
    CHECK(accepted == known.accepted);
  }
}

TEST_SUITE_END();
