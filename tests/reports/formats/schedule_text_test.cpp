#include "reports/formats/schedule_text.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "schedules/core/deferred_weight_gradient.hpp"
#include "schedules/orders/gpipe.hpp"
#include "schedules/orders/one_f_one_b.hpp"

namespace pipesim {

namespace {

template <class Write>
std::string written(const Write& write, const Schedule& schedule) {
  std::string text;
  Output out([&](std::string_view part) { text += part; });
  write(out, schedule);
  out.flush();
  return text;
}

}  // namespace

TEST_SUITE("reports/formats/schedule_text") {
  TEST_CASE("a schedule as text has a line for each device") {
    CHECK(written(write_schedule_text, one_f_one_b({.stages = 2, .micro_batches = 3})) ==
          "device 0: F0 F1 B0 F2 B1 B2\n"
          "device 1: F0 B0 F1 B1 F2 B2\n");
  }

  TEST_CASE("where a device holds several stages each op says which") {
    Schedule schedule = gpipe({.stages = 2, .micro_batches = 1});
    schedule.placement = {0, 0};
    schedule.lanes = {
        {{.kind = OpKind::forward, .stage = 0}, {.kind = OpKind::forward, .stage = 1}}};
    CHECK(written(write_schedule_text, schedule) == "device 0: F0.0 F1.0\n");
    CHECK(written(write_schedule_text, with_deferred_weight_gradient(schedule)) ==
          "device 0: F0.0 F1.0 W0 W1\n");
  }

  TEST_CASE("a W of the whole mini-batch has no number") {
    const Schedule schedule =
        with_deferred_weight_gradient(one_f_one_b({.stages = 2, .micro_batches = 3}));
    CHECK(written(write_schedule_text, schedule) ==
          "device 0: F0 F1 I0 F2 I1 I2 W\n"
          "device 1: F0 I0 F1 I1 F2 I2 W\n");
    const auto json = nlohmann::json::parse(written(write_schedule_json, schedule));
    CHECK(json["lanes"][1].back() ==
          nlohmann::json{{"kind", "W"}, {"stage", 1}, {"micro_batch", -1}});
  }

  TEST_CASE("a schedule as JSON holds the same lanes") {
    const Schedule schedule = one_f_one_b({.stages = 3, .micro_batches = 5});
    const auto json = nlohmann::json::parse(written(write_schedule_json, schedule));
    CHECK(json["format"] == "pipesim-schedule");
    CHECK(json["version"] == 1);
    CHECK(json["schedule"] == "1f1b");
    CHECK(json["stages"] == 3);
    CHECK(json["micro_batches"] == 5);
    CHECK(json["placement"] == nlohmann::json({0, 1, 2}));
    REQUIRE(json["lanes"].size() == 3);
    for (std::size_t device = 0; device < 3; ++device) {
      std::string lane;
      for (const auto& op : json["lanes"][device]) {
        lane += op["kind"].get<std::string>() + std::to_string(op["stage"].get<int>()) + "." +
                std::to_string(op["micro_batch"].get<int>()) + " ";
      }
      std::string expected;
      for (const Op& op : schedule.lanes[device]) expected += describe(op) + " ";
      CHECK(lane == expected);
    }
  }
}

}  // namespace pipesim
