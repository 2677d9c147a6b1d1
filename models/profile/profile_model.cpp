#include "models/profile/profile_model.hpp"

#include <algorithm>

#include "models/base/quoted_text.hpp"
#include "models/base/text_file.hpp"
#include "models/keys/config_keys.hpp"
#include "models/profile/crossing_line.hpp"

namespace pipesim {

namespace {

Bytes per_sample(Bytes of_batch, Bytes batch) {
  return of_batch / batch + (of_batch % batch >= (batch + 1) / 2 ? 1 : 0);  // To the nearest.
}

std::vector<Operator> measured(Time of_batch, int batch) {
  return {{.seconds = seconds(of_batch) / batch}};
}

}  // namespace

Network profile_network(const ProfileGraph& graph, int batch_size) {
  const ProfileGraph layers = layer_graph(graph);
  const CrossingLine line = least_crossing_line(layers);
  Network network{.input_bytes = per_sample(input_bytes(graph), batch_size),
                  .whole_stash_waits = true};
  for (std::size_t at = 0; at < line.layers.size(); ++at) {
    const ProfileNode& node = layers.nodes[static_cast<std::size_t>(line.layers[at])];
    network.layers.push_back({.name = node.name,
                              .forward = measured(node.forward, batch_size),
                              .backward_input = measured(node.backward, batch_size),
                              .parameter_bytes = node.parameter_bytes,
                              .stash_bytes = per_sample(node.activation_bytes, batch_size),
                              .output_bytes = per_sample(line.crossing_bytes[at], batch_size)});
  }
  return network;
}

Network read_profile(const Field& model) {
  model.allow_keys(keys_of({Section::model, Section::profile}));
  const Field file = model.at("profile", "the path of PipeDream's graph.txt");
  const int batch_size =
      model.at("batch_size", "the number of samples that the times were measured with").count();
  const std::string path = path_named_by(file);
  const std::string name = path == "-" ? "<stdin>" : path;
  const std::string text = read_text_file(
      path, name, "give the path of PipeDream's graph.txt, relative to the config's folder");
  return profile_network(read_profile_graph(text, abridged(name)), batch_size);
}

}  // namespace pipesim
