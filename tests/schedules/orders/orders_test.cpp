#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <random>

#include "models/base/key_synonyms.hpp"
#include "schedules/core/deferred_weight_gradient.hpp"
#include "schedules/core/recompute.hpp"
#include "schedules/orders/gpipe.hpp"
#include "schedules/orders/one_f_one_b.hpp"
#include "support/experiments.hpp"
#include "support/schedules/schedules.hpp"

using namespace pipesim;
using test::text_of;

TEST_SUITE_BEGIN("schedules/orders");

TEST_CASE("gpipe runs all forwards, then all backwards in reverse, on every device") {
  const Schedule schedule = gpipe({.stages = 3, .micro_batches = 4});
  REQUIRE(schedule.devices() == 3);
  for (const auto& lane : schedule.lanes) CHECK(text_of(lane) == "F0 F1 F2 F3 B3 B2 B1 B0");
  CHECK(schedule.placement == std::vector<int>{0, 1, 2});
}

TEST_CASE("1f1b runs ahead by the number of stages below, then alternates") {
  const Schedule schedule = one_f_one_b({.stages = 4, .micro_batches = 6});
  REQUIRE(schedule.devices() == 4);
  CHECK(text_of(schedule.lanes[0]) == "F0 F1 F2 F3 B0 F4 B1 F5 B2 B3 B4 B5");
  CHECK(text_of(schedule.lanes[1]) == "F0 F1 F2 B0 F3 B1 F4 B2 F5 B3 B4 B5");
  CHECK(text_of(schedule.lanes[2]) == "F0 F1 B0 F2 B1 F3 B2 F4 B3 F5 B4 B5");
  CHECK(text_of(schedule.lanes[3]) == "F0 B0 F1 B1 F2 B2 F3 B3 F4 B4 F5 B5");
}

TEST_CASE("1f1b with fewer micro-batches than stages runs ahead by all of them") {
  const Schedule schedule = one_f_one_b({.stages = 4, .micro_batches = 2});
  CHECK(text_of(schedule.lanes[0]) == "F0 F1 B0 B1");
  CHECK(text_of(schedule.lanes[1]) == "F0 F1 B0 B1");
  CHECK(text_of(schedule.lanes[2]) == "F0 F1 B0 B1");
  CHECK(text_of(schedule.lanes[3]) == "F0 B0 F1 B1");
}

TEST_CASE("re-computation stands directly before its backward") {
  const Schedule schedule = gpipe({.stages = 1, .micro_batches = 3});
  CHECK(text_of(with_recompute(schedule, Recompute::none, false).lanes[0]) == "F0 F1 F2 B2 B1 B0");
  CHECK(text_of(with_recompute(schedule, Recompute::full, false).lanes[0]) ==
        "F0 F1 F2 R2 B2 R1 B1 R0 B0");
  CHECK(text_of(with_recompute(schedule, Recompute::except_last, true).lanes[0]) ==
        "F0 F1 F2 B2 R1 B1 R0 B0");
}

TEST_CASE("re-computation serves the input's gradient where the backward is split") {
  Schedule split = gpipe({.stages = 1, .micro_batches = 1});
  split.lanes[0] = test::lane("F0.0 I0.0 W0.0");
  CHECK(text_of(with_recompute(split, Recompute::full, false).lanes[0]) == "F0 R0 I0 W0");
}

TEST_CASE("a deferred weight gradient is one W at the end, and only I before it") {
  const Schedule f_then_b = with_deferred_weight_gradient(gpipe({.stages = 2, .micro_batches = 3}));
  for (const auto& lane : f_then_b.lanes) CHECK(text_of(lane) == "F0 F1 F2 I2 I1 I0 W");
  const Schedule alternating =
      with_deferred_weight_gradient(one_f_one_b({.stages = 2, .micro_batches = 3}));
  CHECK(text_of(alternating.lanes[0]) == "F0 F1 I0 F2 I1 I2 W");
  CHECK(text_of(alternating.lanes[1]) == "F0 I0 F1 I1 F2 I2 W");
  CHECK(alternating.lanes[1].back() ==
        Op{.kind = OpKind::backward_weight, .stage = 1, .micro_batch = -1});
}

TEST_CASE("deferring takes the place of every W, and a device's stages end in their order") {
  const Schedule folded{
      .name = "folded",
      .micro_batches = 1,
      .placement = {0, 1, 1, 0},
      .lanes = {test::lane("F0.0 F3.0 I3.0 W3.0 I0.0 W0.0"), test::lane("F1.0 F2.0 B2.0 B1.0")}};
  const Schedule deferred = with_deferred_weight_gradient(folded);
  CHECK(deferred.lanes[0] == test::lane("F0.0 F3.0 I3.0 I0.0 W0.-1 W3.-1"));
  CHECK(deferred.lanes[1] == test::lane("F1.0 F2.0 I2.0 I1.0 W1.-1 W2.-1"));
}

TEST_CASE("an op is named by kind, stage and micro-batch, or without one by kind and stage") {
  CHECK(describe({.kind = OpKind::forward, .stage = 1, .micro_batch = 3}) == "F1.3");
  CHECK(describe({.kind = OpKind::backward_weight, .stage = 0, .micro_batch = -1}) == "W0");
  CHECK(label({.kind = OpKind::forward, .stage = 1, .micro_batch = 3}) == "F3");
  CHECK(label({.kind = OpKind::backward_weight, .stage = 0, .micro_batch = -1}) == "W");
}

TEST_CASE("every schedule of the catalog is found by its name") {
  for (const KnownSchedule& known : known_schedules()) {
    CAPTURE(known.name);
    CHECK(find_schedule(known.name) == &known);
    const auto schedule = test::made(known, {.stages = 2, .micro_batches = 4});
    REQUIRE(schedule);
    CHECK(schedule->name == known.name);
  }
  CHECK(find_schedule("pipedream") == nullptr);
}

TEST_CASE("what others call a schedule is it, in any spelling") {
  for (const auto& [name, meant] : std::vector<std::pair<std::string, std::string>>{
           {"GPipe", "gpipe"},
           {"1F1B", "1f1b"},
           {"Interleaved1F1B", "interleaved_1f1b"},
           {"LoopedBFS", "looped_bfs"},
           {"InterleavedZeroBubble", "zb_h1"},
           {"ZBVZeroBubble", "zb_v"},
           {"DualPipeV", "dualpipe_v"},
           {"zb1p", "zb_h1"},
           {"afab", "gpipe"},
           {"ScheduleGPipe", "gpipe"},
           {"Schedule1F1B", "1f1b"},
           {"ScheduleInterleaved1F1B", "interleaved_1f1b"},
           {"ScheduleLoopedBFS", "looped_bfs"},
           {"ScheduleInterleavedZeroBubble", "zb_h1"},
           {"ScheduleZBVZeroBubble", "zb_v"},
           {"ScheduleDualPipeV", "dualpipe_v"},
           {"scheduledualpipev", "dualpipe_v"},
           {"PipeDreamFlush", "1f1b"},
           {"pipedream_flush", "1f1b"},
           {"PipeDream-Flush", "1f1b"},
           {"DAPPLE", "1f1b"},
           {"ZBH1", "zb_h1"},
           {"zb-h1", "zb_h1"},
           {"ZB-H2", "zb_h2"},
           {"zb2p", "zb_h2"},
           {"zb-v", "zb_v"},
           {"v-half", "v_half"},
           {"FThenB", "gpipe"},
           {"VPP", "interleaved_1f1b"},
           {"one_forward_one_backward", "1f1b"},
           {"AllForwardAllBackward", "gpipe"}}) {
    CAPTURE(name);
    const KnownSchedule* known = find_schedule(name);
    REQUIRE(known != nullptr);
    CHECK(known->name == meant);
  }
  for (const char* name : {"", "schedule", "Schedule", "zb", "1f1", "gpipe2"}) {
    CHECK(find_schedule(name) == nullptr);
  }
}

TEST_CASE("no two schedules have a name in common, however it is spelled") {
  std::map<std::string, std::string_view> owner;
  for (const KnownSchedule& known : known_schedules()) {
    std::vector<std::string_view> names{known.name};
    names.insert(names.end(), known.aliases.begin(), known.aliases.end());
    for (const std::string_view name : names) {
      CAPTURE(name);
      CHECK(owner.emplace(spelled(name), known.name).first->second == known.name);
    }
  }
}

TEST_CASE("a misspelt schedule is answered with the nearest, by pipesim's own name") {
  const auto starts = [](std::string_view name, std::string_view hint) {
    CAPTURE(name);
    CHECK(schedule_hint(name).starts_with(hint));
  };
  starts("gpip", "did you mean \"gpipe\"? schedules: gpipe, 1f1b, ");
  starts("DulaPipeV", "did you mean \"dualpipe_v\"? ");
  starts("ZBVZeroBuble", "did you mean \"zb_v\"? ");
  starts("ScheduleInterleved1F1B", "did you mean \"interleaved_1f1b\"? ");
  starts("hanayo", "schedules: ");
  starts("PipeDream", "it has no flush, so weights differ within a step; with one it is 1f1b; ");
}

TEST_CASE("a slip in any name of a schedule leads back to it") {
  std::mt19937 random(9);
  const auto any = [&](std::size_t most) {
    return std::uniform_int_distribution<std::size_t>(0, most)(random);
  };
  std::vector<std::pair<std::string, std::string>> names;
  for (const KnownSchedule& known : known_schedules()) {
    names.emplace_back(known.name, known.name);
    for (const std::string_view alias : known.aliases) names.emplace_back(alias, known.name);
  }
  int tried = 0;
  int found = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto& [name, own] = names[any(names.size() - 1)];
    if (name.size() < 5) continue;
    std::string word = name;
    const std::size_t at = any(word.size() - 1);
    const char letter = static_cast<char>('a' + any(25));
    switch (any(2)) {
      case 0:
        word.insert(at, 1, letter);
        break;
      case 1:
        word.erase(at, 1);
        break;
      default:
        word[at] = letter;
    }
    if (find_schedule(word) != nullptr) continue;
    ++tried;
    found += schedule_hint(word).starts_with(fmt::format("did you mean \"{}\"?", own)) ? 1 : 0;
  }
  CHECK(tried > 2000);
  CHECK(found > tried * 97 / 100);
}

TEST_SUITE_END();
