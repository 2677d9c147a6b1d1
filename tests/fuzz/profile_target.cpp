#include <algorithm>
#include <iterator>

#include "fuzz/target.hpp"
#include "models/profile/linear_states.hpp"
#include "models/profile/profile_model.hpp"
#include "models/profile/replicated_partition.hpp"

namespace pipesim::test {

namespace {

constexpr std::string_view profile_words[] = {"\n",
                                              "\t",
                                              " -- ",
                                              ", ",
                                              "=",
                                              "[1.0; 2.0]",
                                              "[",
                                              "-1",
                                              "nan",
                                              "1e300",
                                              "4611686018427387904",
                                              "0.000",
                                              "node1",
                                              "node5",
                                              "node7",
                                              "node11",
                                              "Input",
                                              "__getitem__",
                                              "\tnode8 -- node4\n",
                                              "\tnode2 -- node9\n",
                                              " -- stage_id=1",
                                              "activation_size=",
                                              "\r\n",
                                              "\xff"};

// The line around a place in the text, with its end.
Part line_at(const std::string& text, std::size_t at) {
  const std::size_t before = at == 0 ? text.npos : text.rfind('\n', at - 1);
  const std::size_t first = before == text.npos ? 0 : before + 1;
  const std::size_t end = std::min(text.find('\n', first), text.size());
  return {.first = first, .size = std::min(end + 1, text.size()) - first};
}

// The digits, or the word, around a place.
Part word_at(const std::string& text, std::size_t at) {
  constexpr const char* blanks = "\n\t ,=;";
  const std::size_t before = at == 0 ? text.npos : text.find_last_of(blanks, at - 1);
  const std::size_t first = before == text.npos ? 0 : before + 1;
  return {.first = first, .size = std::min(text.find_first_of(blanks, first), text.size()) - first};
}

}  // namespace

void damage_profile(std::string& text, Random& random) {
  const std::size_t at = below(random, text.size() + 1);
  const Part line = line_at(text, at);
  const Part word = word_at(text, at);
  const std::string_view other = profile_words[below(random, std::size(profile_words))];
  switch (below(random, 12)) {
    case 0:
    case 1:
    case 2:
      return damage_bytes(text, at, random, 20);
    case 3:
      text.insert(at, other);
      return;
    case 4:
      text.replace(word.first, word.size, other);
      return;
    case 5:
      text.erase(line.first, line.size);
      return;
    case 6:
      text.insert(line.first, text.substr(line.first, line.size));
      return;
    default: {  // Another edge, which may close a cycle.
      const auto node = [&] { return "node" + std::to_string(1 + below(random, 12)); };
      text.append("\t").append(node()).append(" -- ").append(node()).append("\n");
      return;
    }
  }
}

std::string profile_outcome(const std::string& text) {
  return outcome_of([&]() -> std::string {
    const ProfileGraph graph = read_profile_graph(text, "my.txt");
    const Network network = profile_network(graph, 32);
    const std::vector<LinearState> states = linear_states(layer_graph(graph));
    if (states.back().layers != static_cast<int>(network.layers.size())) return "never: a layer";
    const auto stages = replicate(states, {.machines = 3,
                                           .bandwidth = 1e9,
                                           .straight_pipeline = text.size() % 2 == 0,
                                           .transfer_time_considered = true});
    if (stages.back().last != static_cast<int>(states.size())) return "never: a state";
    return "divided";
  });
}

}  // namespace pipesim::test
