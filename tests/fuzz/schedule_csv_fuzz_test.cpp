#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "models/input_error.hpp"
#include "schedules/check_schedule.hpp"
#include "schedules/chimera.hpp"
#include "schedules/dualpipe.hpp"
#include "schedules/handcrafted_zero_bubble.hpp"
#include "schedules/interleaved_1f1b.hpp"
#include "schedules/lowering.hpp"
#include "schedules/one_f_one_b.hpp"
#include "schedules/recompute.hpp"
#include "schedules/schedule_csv.hpp"
#include "schedules/sharding.hpp"
#include "sim/engine.hpp"
#include "support/experiments.hpp"
#include "support/schedules.hpp"

namespace pipesim::test {

namespace {

using Random = std::mt19937;  // The same numbers on every machine, unlike the distributions.

std::size_t below(Random& random, std::size_t bound) {
  return random() % bound;
}

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

constexpr std::string_view words[] = {",",      "\n",       ";",
                                      "(",      ")",        "'",
                                      "\"",     "\r\n",     "0",
                                      "1",      "7",        "4294967296",
                                      "F",      "B",        "I",
                                      "W",      "BW",       "R",
                                      "RECV_F", "SEND_B",   "UNSHARD",
                                      "0F0",    "1B3",      "0W",
                                      "0'F1",   "2RESHARD", "(0F1;1B0)OVERLAP_F_B"};

struct Part {
  std::size_t first = 0;
  std::size_t size = 0;
  std::size_t end() const { return first + size; }
};

// The cell around a place in the text.
Part cell_at(const std::string& text, std::size_t at) {
  const std::size_t before = at == 0 ? text.npos : text.find_last_of(",\n", at - 1);
  const std::size_t first = before == text.npos ? 0 : before + 1;
  return {.first = first, .size = std::min(text.find_first_of(",\n", first), text.size()) - first};
}

Part random_cell(const std::string& text, Random& random) {
  return cell_at(text, below(random, text.size() + 1));
}

// With the one behind it, in most cases: then many files stay sound.
void swap_cells(std::string& text, Random& random) {
  const Part a = random_cell(text, random);
  const std::size_t behind = std::min(a.end() + 1, text.size());
  const Part b = below(random, 4) == 0 ? random_cell(text, random) : cell_at(text, behind);
  if (b.first <= a.end()) return;
  const std::string first = text.substr(a.first, a.size);
  const std::string second = text.substr(b.first, b.size);
  text.replace(b.first, b.size, first);
  text.replace(a.first, a.size, second);
}

void mutate(std::string& text, Random& random) {
  const std::size_t at = below(random, text.size() + 1);
  const auto [first, size] = random_cell(text, random);
  switch (below(random, 20)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(random, 8)));
      return;
    case 1:
      text.insert(at, 1, static_cast<char>(below(random, 256)));
      return;
    case 2:
      text.erase(at, 1 + below(random, 6));
      return;
    case 3:
      text.insert(at, words[below(random, std::size(words))]);
      return;
    case 4:
      text.replace(first, size, words[below(random, std::size(words))]);
      return;
    case 5:
      text.erase(first, size + 1);
      return;
    case 6:
      text.insert(first, text.substr(first, size + 1));
      return;
    default:
      return swap_cells(text, random);
  }
}

bool deadlocks(const Schedule& schedule) {
  StepCosts costs = equal_costs(schedule.stages());
  if (contains(schedule, recomputes)) costs.recompute = Recompute::full;
  return Engine(schedule).run(costs, {}, true).deadlock.has_value();
}

// Every way to run a schedule; whether all of them reach the end.
bool runs(Schedule schedule) {
  if (!contains(schedule, communicates)) return !deadlocks(schedule);
  schedule.communication = Communication::rendezvous;
  const bool met = !deadlocks(schedule);
  schedule.communication = Communication::blocking;
  const bool blocked = !deadlocks(schedule);
  const bool overlapped = !deadlocks(without_communication(schedule));
  return met && blocked && overlapped;
}

// What became of a file: "ran", "deadlock", the error, or what should never be.
std::string outcome_of(const std::string& text) {
  try {
    const ScheduleCells cells = read_schedule_cells(text, "my.csv");
    Schedule schedule = schedule_from(cells, "my.csv");
    if (contains(schedule, communicates)) schedule.communication = Communication::blocking;
    check_schedule(schedule, [&](int device, std::size_t slot) {
      return place_of(cells, "my.csv", device, slot);
    });
    return runs(std::move(schedule)) ? "ran" : "deadlock";
  } catch (const InputError& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("never: ") + error.what();
  }
}

bool is_sound_error(const std::string& text) {
  const auto hint = text.find("\n  hint: ");
  return text.starts_with("my.csv: row ") && hint != text.npos &&
         text.substr(0, hint).find(", got ") != text.npos && hint + 9 < text.size() &&
         text.size() < 500 && std::count(text.begin(), text.end(), '\n') == 1;
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
      REQUIRE(!is_sound_error(outcome_of(sound)));
      for (int i = 0; i < 1000; ++i) {
        std::string text = sound;
        for (std::size_t times = 1 + below(random, 2); times > 0; --times) mutate(text, random);
        const std::string outcome = outcome_of(text);
        ran += outcome == "ran" ? 1 : 0;
        deadlocked += outcome == "deadlock" ? 1 : 0;
        if (outcome == "ran" || outcome == "deadlock") continue;
        ++refused;
        if (!is_sound_error(outcome)) {
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
