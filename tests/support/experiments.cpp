#include "support/experiments.hpp"

#include <sstream>
#include <stdexcept>

#include "sim/config_schedule.hpp"

namespace pipesim::test {

Experiment experiment_from(std::string_view text, const std::vector<std::string>& settings) {
  return assemble(
      read_config(parse_document(text, "config.json", settings), default_virtual_stages));
}

Experiment example(const std::string& name, const std::vector<std::string>& settings) {
  return assemble(read_config(read_document(PIPESIM_SOURCE_DIR "/examples/" + name, settings),
                              default_virtual_stages));
}

std::vector<Op> lane(std::string_view text) {
  std::vector<Op> ops;
  std::istringstream words{std::string(text)};
  char kind = 0;
  char dot = 0;
  int stage = 0;
  int micro_batch = 0;
  while (words >> kind >> stage >> dot >> micro_batch) {
    const auto number = std::string_view("FBIWRAO").find(kind);
    if (number == std::string_view::npos) throw std::logic_error("no such op in a test's lane");
    ops.push_back(
        {.kind = static_cast<OpKind>(number), .stage = stage, .micro_batch = micro_batch});
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

}  // namespace pipesim::test
