#include <algorithm>
#include <iterator>

#include "fuzz/target.hpp"
#include "schedules/check/check_schedule.hpp"
#include "schedules/check/lowering.hpp"
#include "schedules/csv/schedule_csv.hpp"
#include "sim/engine/engine.hpp"

namespace pipesim::test {

namespace {

constexpr std::string_view schedule_words[] = {",",      "\n",       ";",
                                               "(",      ")",        "'",
                                               "\"",     "\r\n",     "0",
                                               "1",      "7",        "4294967296",
                                               "F",      "B",        "I",
                                               "W",      "BW",       "R",
                                               "RECV_F", "SEND_B",   "UNSHARD",
                                               "0F0",    "1B3",      "0W",
                                               "0'F1",   "2RESHARD", "(0F1;1B0)OVERLAP_F_B"};

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

bool deadlocks(const Schedule& schedule) {
  const auto stages = static_cast<std::size_t>(schedule.stages());
  StepCosts costs{.stages = std::vector<StageCost>(stages, {.forward = 1_ns, .backward = 2_ns}),
                  .hops = std::vector<TransferCost>(stages - 1)};
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

}  // namespace

void damage_schedule(std::string& text, Random& random) {
  const std::size_t at = below(random, text.size() + 1);
  const auto [first, size] = random_cell(text, random);
  switch (below(random, 20)) {
    case 0:
    case 1:
    case 2:
      return damage_bytes(text, at, random, 6);
    case 3:
      text.insert(at, schedule_words[below(random, std::size(schedule_words))]);
      return;
    case 4:
      text.replace(first, size, schedule_words[below(random, std::size(schedule_words))]);
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

std::string schedule_outcome(const std::string& text) {
  return outcome_of([&]() -> std::string {
    const ScheduleCells cells = read_schedule_cells(text, "my.csv");
    Schedule schedule = schedule_from(cells, "my.csv");
    if (contains(schedule, communicates)) schedule.communication = Communication::blocking;
    check_schedule(schedule, [&](int device, std::size_t slot) {
      return place_of(cells, "my.csv", device, slot);
    });
    return runs(std::move(schedule)) ? "ran" : "deadlock";
  });
}

}  // namespace pipesim::test
