#include <doctest/doctest.h>

#include "fuzz/target.hpp"
#include "schedules/check/lowering.hpp"
#include "schedules/check/sharding.hpp"
#include "schedules/core/recompute.hpp"
#include "schedules/csv/schedule_csv.hpp"
#include "schedules/orders/chimera.hpp"
#include "schedules/orders/dualpipe.hpp"
#include "schedules/orders/interleaved_1f1b.hpp"
#include "schedules/orders/one_f_one_b.hpp"
#include "schedules/orders/zb_h.hpp"
#include "support/schedules/schedules.hpp"

namespace pipesim::test {

namespace {

std::vector<std::string> sound_files() {
  const PipelineShape small{.stages = 2, .micro_batches = 4};
  const PipelineShape folded{.stages = 2, .micro_batches = 4, .virtual_stages = 2};
  return {csv(one_f_one_b({.stages = 3, .micro_batches = 4})),
          csv(with_recompute(interleaved_1f1b(folded), Recompute::full, false)),
          csv(add_reduce_grad(add_unshard_reshard(zb_h1(small), 1))),
          csv(dualpipe_v(folded)),
          csv(chimera(small)),
          csv(receives_before_use(one_f_one_b(small))),
          csv(add_sends_and_receives(interleaved_1f1b(folded)).value())};
}

}  // namespace

TEST_SUITE("fuzz") {
  TEST_CASE("a damaged schedule file runs, deadlocks, or is refused in two lines") {
    Random random(20260102);
    int ran = 0;
    int deadlocked = 0;
    int refused = 0;
    for (const std::string& sound : sound_files()) {
      CAPTURE(sound);
      REQUIRE(!is_sound_error(schedule_outcome(sound), "my.csv: row "));
      for (int i = 0; i < 1000; ++i) {
        std::string text = sound;
        for (std::size_t times = 1 + below(random, 2); times > 0; --times)
          damage_schedule(text, random);
        const std::string outcome = schedule_outcome(text);
        ran += outcome == "ran" ? 1 : 0;
        deadlocked += outcome == "deadlock" ? 1 : 0;
        if (outcome == "ran" || outcome == "deadlock") continue;
        ++refused;
        if (!is_sound_error(outcome, "my.csv: row ")) {
          CAPTURE(text);
          CAPTURE(outcome);
          FAIL_CHECK("neither ran nor was refused in two lines");
        }
      }
    }
    // None of the three goes untested.
    CHECK(ran >= 1000);
    CHECK(deadlocked >= 200);
    CHECK(refused >= 1000);
  }
}

}  // namespace pipesim::test
