#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>

#include "schedules/orders/catalog.hpp"
#include "sim/assemble/assemble.hpp"
#include "sim/assemble/config_schedule.hpp"
#include "sim/step/run.hpp"
#include "support/draws.hpp"
#include "support/models/random_pipelines.hpp"
#include "support/schedules/zero_bubble.hpp"

// What must hold between the answers to two configs of which one follows from the other.

using namespace pipesim;
using namespace pipesim::test;
using nlohmann::json;

namespace {

struct Answer {
  Time step{};
  bool fits = false;
  Bytes peak = 0;  // Of the fullest device.
};

// Nothing where the config is refused, or its schedule deadlocks.
std::optional<Answer> answer_to(const json& config) {
  const Config read = read_config(parse_document(config.dump(), "drawn"), default_virtual_stages);
  const std::optional<Experiment> experiment = try_assemble(read).experiment;
  if (!experiment) return std::nullopt;
  const Run run = simulate(*experiment, {.timeline = false, .breakdown = false});
  if (run.outcome.deadlock) return std::nullopt;
  Answer answer{.step = run.metrics.step_time, .fits = run.metrics.fits_memory};
  for (const DeviceUse& use : run.outcome.devices) answer.peak = std::max(answer.peak, use.peak);
  return answer;
}

// A config under a schedule of the catalog, drawn as well.
json drawn(std::mt19937& random, bool automatic_too) {
  const std::vector<KnownSchedule>& all = known_schedules();
  const KnownSchedule* known = nullptr;
  do {
    known = &all[static_cast<std::size_t>(draw(random, 0, static_cast<int>(all.size()) - 1))];
  } while (known->automatic && !automatic_too);
  json config = random_pipeline(
      random, {.virtual_stages = known->virtual_stages, .most_stages = 4, .most_micro_batches = 8});
  config["pipeline"]["schedule"] = known->name;
  config["pipeline"].erase("partition");
  return config;
}

bool is_time(const std::string& text) {
  return text.ends_with(" us");
}

std::string times(const std::string& time, int factor) {
  return std::to_string(std::stoll(time) * factor) + " us";
}

// Every time that a config states, however deep it stands.
void multiply_times(json& value, int factor) {
  if (value.is_string() && is_time(value.get<std::string>())) {
    value = times(value.get<std::string>(), factor);
  } else if (value.is_structured()) {
    for (json& inside : value) multiply_times(inside, factor);
  }
}

// One of the stated times becomes shorter; false where the config states none above zero.
bool shorten_one_time(json& config, std::mt19937& random) {
  std::vector<json*> stated;
  const auto collect = [&](const auto& again, json& value) -> void {
    if (value.is_string() && is_time(value.get<std::string>())) {
      stated.push_back(&value);
    } else if (value.is_structured()) {
      for (json& inside : value) again(again, inside);
    }
  };
  collect(collect, config);
  json& chosen =
      *stated[static_cast<std::size_t>(draw(random, 0, static_cast<int>(stated.size()) - 1))];
  const int time = std::stoi(chosen.get<std::string>());
  if (time < 2) return false;
  chosen = std::to_string(draw(random, 1, time - 1)) + " us";
  return true;
}

json without_links(json config) {
  if (config.contains("cluster")) config["cluster"].erase("interconnect");
  return config;
}

}  // namespace

TEST_SUITE("sim/step/metamorphic") {
  // Over links the time of a message is rounded once for each, so that only pure latencies double.
  TEST_CASE("all times doubled double the step, exactly") {
    std::mt19937 random(20261128);
    int compared = 0;
    for (int i = draws(2000); i > 0; --i) {
      const json config = without_links(drawn(random, true));
      json doubled = config;
      multiply_times(doubled, 2);
      CAPTURE(config.dump());
      const auto once = answer_to(config);
      const auto twice = answer_to(doubled);
      REQUIRE(once.has_value() == twice.has_value());
      if (!once) continue;
      ++compared;
      CHECK(twice->step == 2 * once->step);
      CHECK(twice->peak == once->peak);
    }
    CHECK(compared > draws(2000) / 2);
  }

  TEST_CASE("more memory never turns what fits into what does not") {
    std::mt19937 random(4);
    int compared = 0;
    for (int i = draws(2000); i > 0; --i) {
      json config = drawn(random, true);
      CAPTURE(config.dump());
      const auto unlimited = answer_to(config);
      if (!unlimited || unlimited->peak == 0) continue;
      const double share = draw(random, 50, 110) / 100.0;
      const auto some = static_cast<Bytes>(static_cast<double>(unlimited->peak) * share);
      const Bytes more = some + draw(random, 1, 1000);
      CAPTURE(some);
      CAPTURE(more);
      config["cluster"]["device"] = {{"memory", std::max<Bytes>(1, some)}};
      const auto tight = answer_to(config);
      config["cluster"]["device"] = {{"memory", more}};
      const auto wide = answer_to(config);
      if (!tight || !wide) continue;
      ++compared;
      if (tight->fits) CHECK(wide->fits);
    }
    CHECK(compared > draws(2000) / 4);
  }

  // Of an order that is fixed, since a list scheduler's is not: its anomalies (Graham 1969) let a
  // shorter op lead to a longer step. Links that devices share serve who asks first and have the
  // same anomalies; none is drawn here.
  TEST_CASE("a shorter op, message or latency never slows a fixed order") {
    std::mt19937 random(6);
    int compared = 0;
    for (int i = draws(2000); i > 0; --i) {
      const json config = drawn(random, false);
      json faster = config;
      if (!shorten_one_time(faster, random)) continue;
      CAPTURE(config.dump());
      CAPTURE(faster.dump());
      const auto before = answer_to(config);
      const auto after = answer_to(faster);
      if (!before || !after) continue;
      ++compared;
      CHECK(after->step <= before->step);
    }
    CHECK(compared > draws(2000) / 2);
  }

  TEST_CASE("a faster link never slows a fixed order") {
    std::mt19937 random(7);
    int compared = 0;
    for (int i = draws(2000); i > 0; --i) {
      json config = drawn(random, false);
      if (!config.contains("cluster") || !config["cluster"].contains("interconnect")) continue;
      CAPTURE(config.dump());
      const auto before = answer_to(config);
      json& bandwidth = config["cluster"]["interconnect"]["bandwidth"];
      bandwidth = bandwidth.get<double>() * draw(random, 11, 40) / 10;
      const auto after = answer_to(config);
      if (!before || !after) continue;
      ++compared;
      CHECK(after->step <= before->step);
    }
    CHECK(compared > draws(2000) / 10);
  }
}
