#include "support/experiments.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "sim/assemble/assemble.hpp"
#include "sim/assemble/config_schedule.hpp"
#include "support/places.hpp"

namespace pipesim::test {

Experiment experiment_from(std::string_view text, const std::vector<std::string>& settings) {
  return assemble(
      read_config(parse_document(text, "config.json", settings), default_virtual_stages));
}

Experiment example(const std::string& name, const std::vector<std::string>& settings) {
  return assemble(read_config(read_document(PIPESIM_SOURCE_DIR "/examples/" + name, settings),
                              default_virtual_stages));
}

namespace {

OpKind kind_named(std::string_view name) {
  for (int kind = 0; kind < op_kinds; ++kind) {
    if (token(static_cast<OpKind>(kind)) == name) return static_cast<OpKind>(kind);
  }
  throw std::logic_error("no such op in a test's lane");
}

// "F0'.1"
Op op_from(const std::string& word) {
  std::istringstream rest(word.substr(word.find_first_of("0123456789")));
  Op op{.kind = kind_named(std::string_view(word).substr(0, word.find_first_of("0123456789"))),
        .micro_batch = -1};
  rest >> op.stage;
  if (rest.peek() == '\'') op.copy = static_cast<std::uint8_t>(rest.get() == '\'');
  if (rest.get() == '.') rest >> op.micro_batch;
  return op;
}

}  // namespace

std::vector<std::string> example_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(PIPESIM_SOURCE_DIR "/examples")) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".json") && !name.ends_with(".schema.json")) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> short_example_names() {
  constexpr std::size_t most_ops = 20'000;
  std::vector<std::string> names = example_names();
  std::erase_if(names, [&](const std::string& name) {
    std::size_t ops = 0;
    for (const std::vector<Op>& lane : example(name).schedule.lanes) ops += lane.size();
    return ops > most_ops;
  });
  return names;
}

std::vector<Op> lane(std::string_view text) {
  std::vector<Op> ops;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    const std::size_t plus = word.find('+');
    ops.push_back(op_from(word.substr(0, plus)));
    if (plus == word.npos) continue;
    ops.back().with_next = true;
    ops.push_back(op_from(word.substr(plus + 1)));
  }
  return ops;
}

std::string text_of(const std::vector<Op>& ops) {
  std::string text;
  for (const Op& op : ops) text += (text.empty() ? "" : " ") + label(op);
  return text;
}

StepCosts equal_costs(int stages, const StageCost& cost) {
  return {.stages = std::vector<StageCost>(static_cast<std::size_t>(stages), cost),
          .hops = std::vector<TransferCost>(static_cast<std::size_t>(stages) - 1)};
}

SharedLinks one_bridge(int stages) {
  const std::vector<std::vector<int>> all(static_cast<std::size_t>(stages) - 1, {0});
  const LinkRoutes routes{.activation = all, .gradient = all};
  return {.names = {"bridge"}, .routes = routes, .second_routes = routes};
}

}  // namespace pipesim::test
