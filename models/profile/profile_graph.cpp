#include "models/profile/profile_graph.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "models/base/quoted_text.hpp"
#include "models/base/text_file.hpp"
#include "models/base/trimmed.hpp"
#include "models/profile/graph_cycle.hpp"

namespace pipesim {

namespace {

constexpr std::size_t most_nodes = 1 << 13;
constexpr std::size_t most_edges = 1 << 20;

struct EdgeLine {
  ProfileLine line;
  ProfileEdge edge{};
};

// "node2" before "node10".
bool shorter_first(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : rest_(text), file_(file) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
    graph_.file = file;
  }

  ProfileGraph read() {
    for (int number = 1; !rest_.empty(); ++number) read_line({file_, number, take_line()});
    if (graph_.nodes.empty()) {
      throw InputError(file_ + ":1: must hold a node, got nothing",
                       "a profile is PipeDream's graph.txt: a line for each node, then one for "
                       "each edge");
    }
    sort_nodes();
    resolve_edges();
    check_cycles();
    const auto twice = std::ranges::unique(graph_.edges);
    graph_.edges.erase(twice.begin(), twice.end());
    return std::move(graph_);
  }

 private:
  std::string_view rest_;
  const std::string& file_;
  ProfileGraph graph_{};
  std::vector<EdgeLine> edge_lines_{};
  std::unordered_map<std::string, int> place_of_{};  // A node's line at first, then its index.
  ProfileNode total_{};

  std::string_view take_line() {
    const auto end = rest_.find('\n');
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
    return line;
  }

  void read_line(const ProfileLine& line) {
    if (line.text.find_first_not_of(blanks) == line.text.npos) return;
    if (!is_utf8(line.text)) {
      throw error_in(line, "must be UTF-8 text", line.text, "a profile is a text file");
    }
    if (blanks.find(line.text.front()) == blanks.npos) return add_node(line);
    if (edge_lines_.size() == most_edges) {
      throw error_in(line, fmt::format("has more than {} edges", most_edges), line.text,
                     "merge layers that always run together");
    }
    edge_lines_.push_back({.line = line});
  }

  void add_node(const ProfileLine& line) {
    const ProfileNode& node = graph_.nodes.emplace_back(read_profile_node(line));
    const auto [first, is_new] = place_of_.emplace(node.name, line.number);
    if (!is_new) {
      throw error_in(line, fmt::format("stands on line {} already", first->second), node.name,
                     "every node has a name of its own");
    }
    if (graph_.nodes.size() > most_nodes) {
      throw error_in(line, fmt::format("has more than {} nodes", most_nodes), node.name,
                     "merge layers that always run together");
    }
    total_.forward = capped_sum(total_.forward, capped_sum(node.forward, node.backward));
    total_.activation_bytes = capped_sum(total_.activation_bytes, node.activation_bytes);
    total_.parameter_bytes = capped_sum(total_.parameter_bytes, node.parameter_bytes);
    const bool fits = total_.forward < Time::limit() && total_.activation_bytes < bytes_limit &&
                      total_.parameter_bytes < bytes_limit;
    if (!fits) {
      throw error_in(line, "makes the nodes' total too large", line.text,
                     "all nodes' times in ps, activations and parameters in bytes each add up to "
                     "less than 2^62");
    }
  }

  void sort_nodes() {
    std::ranges::sort(graph_.nodes, shorter_first, &ProfileNode::name);
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      place_of_[graph_.nodes[i].name] = static_cast<int>(i);
    }
  }

  void resolve_edges() {
    for (EdgeLine& found : edge_lines_) {
      const std::string_view text = trimmed(found.line.text);
      const auto middle = text.find(" -- ");
      if (middle == text.npos) {
        throw error_in(found.line, "is no edge", text,
                       "behind a tab stands an edge: node1 -- node2");
      }
      found.edge = {.from = node_named(text.substr(0, middle), found.line),
                    .to = node_named(text.substr(middle + 4), found.line)};
      graph_.edges.push_back(found.edge);
    }
    std::ranges::sort(graph_.edges);
  }

  int node_named(std::string_view name, const ProfileLine& line) const {
    const auto found = place_of_.find(std::string(name));
    if (found != place_of_.end()) return found->second;
    throw error_in(line, "leads from or to a node that is not in the file", name,
                   "the two ends of an edge are names of nodes: node1 -- node2");
  }

  // Blames the last line of the cycle, without which it would be none.
  void check_cycles() const {
    const std::vector<ProfileEdge> cycle =
        find_cycle(static_cast<int>(graph_.nodes.size()), graph_.edges);
    if (cycle.empty()) return;
    const std::set<ProfileEdge> on_cycle(cycle.begin(), cycle.end());
    const auto closing =
        std::find_if(edge_lines_.rbegin(), edge_lines_.rend(),
                     [&](const EdgeLine& found) { return on_cycle.contains(found.edge); });
    constexpr std::size_t most_shown = 8;
    const auto name = [&](int node) {
      return abridged(graph_.nodes[static_cast<std::size_t>(node)].name, 24);
    };
    std::vector<std::string> names = {name(cycle.front().from)};
    for (std::size_t i = 0; i < std::min(cycle.size(), most_shown); ++i) {
      names.push_back(name(cycle[i].to));
    }
    throw InputError(fmt::format("{}:{}: closes a cycle, got {}{}", file_, closing->line.number,
                                 fmt::join(names, " -- "), cycle.size() > most_shown ? " …" : ""),
                     "a layer can't wait for what comes of it: remove one of these edges");
  }
};

// The graph of the nodes that are kept.
ProfileGraph kept_nodes(const ProfileGraph& graph, const std::vector<bool>& keep) {
  ProfileGraph kept{.file = graph.file};
  std::vector<int> place(graph.nodes.size(), -1);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!keep[i]) continue;
    place[i] = static_cast<int>(kept.nodes.size());
    kept.nodes.push_back(graph.nodes[i]);
  }
  for (const ProfileEdge& edge : graph.edges) {
    const ProfileEdge moved{.from = place[static_cast<std::size_t>(edge.from)],
                            .to = place[static_cast<std::size_t>(edge.to)]};
    if (moved.from >= 0 && moved.to >= 0) kept.edges.push_back(moved);
  }
  return kept;
}

// Which nodes have an edge at this end.
std::vector<bool> with_edge(const ProfileGraph& graph, int ProfileEdge::*end) {
  std::vector<bool> has(graph.nodes.size());
  for (const ProfileEdge& edge : graph.edges) has[static_cast<std::size_t>(edge.*end)] = true;
  return has;
}

std::vector<bool> unless_described(const ProfileGraph& graph, std::string_view description,
                                   std::vector<bool> keep) {
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!graph.nodes[i].description.starts_with(description)) keep[i] = true;
  }
  return keep;
}

std::vector<bool> are_layers(const ProfileGraph& graph) {
  return unless_described(graph, "Input", with_edge(graph, &ProfileEdge::to));
}

}  // namespace

ProfileGraph read_profile_graph(std::string_view text, const std::string& file) {
  return Reader(text, file).read();
}

ProfileGraph layer_graph(const ProfileGraph& graph) {
  const ProfileGraph layers = kept_nodes(graph, are_layers(graph));
  return kept_nodes(layers,
                    unless_described(layers, "__getitem__", with_edge(layers, &ProfileEdge::from)));
}

void check_has_layer(const ProfileGraph& layers) {
  if (!layers.nodes.empty()) return;
  throw InputError(layers.file + ": /: must hold a layer, got inputs alone",
                   "a node whose description begins with \"Input\" is no layer unless it takes "
                   "something");
}

Bytes input_bytes(const ProfileGraph& graph) {
  const std::vector<bool> layers = are_layers(graph);
  Bytes sum = 0;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!layers[i]) sum += graph.nodes[i].activation_bytes;
  }
  return sum;
}

}  // namespace pipesim
