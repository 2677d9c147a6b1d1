#include "models/network/amoebanet_d.hpp"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "models/keys/config_keys.hpp"
#include "models/network/convolutional_layer.hpp"

namespace pipesim {

namespace {

// Widest and largest of what can be asked for: byte totals of a layer stay exact in a double.
constexpr int most_cells = 9999;
constexpr int most_filters = 1 << 16;
constexpr int largest_image = 1 << 14;
constexpr int most_classes = 1 << 24;

enum class Step { none, average_pool, max_pool, conv_1x1, conv_3x3, conv_1x7_7x1 };

// What is done to one of a cell's states; two of them are added up to the next state.
struct Branch {
  int state;
  Step step;
};

// States 0 and 1 are what the two cells before made, each through a 1×1 convolution. The
// concatenated ones are the cell's output.
struct CellPlan {
  std::array<Branch, 10> branches;
  std::vector<int> concatenated;
  bool reduces;  // Halves the side: what is done to states 0 and 1 has stride 2.
};

// The genotype that torchgpipe took from TensorFlow's reference implementation: of the normal cell
// states 0, 3, 4 and 6 are concatenated, not 4, 5 and 6 as in the paper, which alone gives the
// parameters of GPipe's Table 1. What the paper calls a 3×3 max-pool is an average there.
const CellPlan normal_cell = {.branches = {{{1, Step::conv_1x1},
                                            {1, Step::average_pool},
                                            {1, Step::none},
                                            {0, Step::conv_1x7_7x1},
                                            {0, Step::conv_1x1},
                                            {0, Step::conv_1x7_7x1},
                                            {2, Step::average_pool},
                                            {2, Step::none},
                                            {1, Step::average_pool},
                                            {5, Step::conv_1x1}}},
                              .concatenated = {0, 3, 4, 6},
                              .reduces = false};
const CellPlan reduction_cell = {.branches = {{{0, Step::max_pool},
                                               {0, Step::average_pool},
                                               {2, Step::none},
                                               {1, Step::conv_3x3},
                                               {2, Step::conv_1x7_7x1},
                                               {2, Step::average_pool},
                                               {3, Step::none},
                                               {1, Step::max_pool},
                                               {2, Step::average_pool},
                                               {3, Step::conv_1x1}}},
                                 .concatenated = {4, 5, 6},
                                 .reduces = true};

// What a cell gets: the output of the cell before, and of the one before that.
struct CellInput {
  FeatureMaps nearer;
  FeatureMaps farther;
};

FeatureMaps relu_conv_norm(ConvolutionalLayer& layer, FeatureMaps in, int channels,
                           int kernel_area = 1, int stride = 1) {
  return layer.batch_norm(layer.convolution(layer.relu(in), channels, kernel_area, stride));
}

// Two 1×1 convolutions of stride 2, one of them shifted by a pixel, make half the channels each.
FeatureMaps factorized_reduction(ConvolutionalLayer& layer, FeatureMaps in, int channels) {
  in = layer.relu(in);
  layer.pad(in);
  layer.sum_gradients(in, 2);
  layer.convolution(in, channels / 2, 1, 2);
  const FeatureMaps half = layer.convolution(in, channels / 2, 1, 2);
  return layer.batch_norm(layer.concatenate({.channels = channels, .side = half.side}));
}

FeatureMaps apply(ConvolutionalLayer& layer, Step step, FeatureMaps in, int stride) {
  const int quarter = in.channels / 4;
  switch (step) {
    case Step::none:
      return in;
    case Step::average_pool:
      return layer.average_pool(in, stride);
    case Step::max_pool:
      return layer.max_pool(in, stride);
    case Step::conv_1x1:
      return relu_conv_norm(layer, in, in.channels, 1, stride);
    case Step::conv_3x3: {
      const FeatureMaps narrow = relu_conv_norm(layer, in, quarter);
      return relu_conv_norm(layer, relu_conv_norm(layer, narrow, quarter, 9, stride), in.channels);
    }
    case Step::conv_1x7_7x1: {
      const FeatureMaps narrow = relu_conv_norm(layer, in, quarter);
      const FeatureMaps wide = relu_conv_norm(layer, narrow, quarter, 7);
      return relu_conv_norm(layer, relu_conv_norm(layer, wide, quarter, 7), in.channels);
    }
  }
  return in;
}

// The two inputs, brought to one number of channels and one side.
std::vector<FeatureMaps> first_states(ConvolutionalLayer& layer, CellInput in, int channels) {
  const FeatureMaps nearer = relu_conv_norm(layer, in.nearer, channels);
  if (in.farther.side != in.nearer.side) {
    return {nearer, factorized_reduction(layer, in.farther, channels)};
  }
  if (in.farther.channels == channels) return {nearer, in.farther};
  return {nearer, relu_conv_norm(layer, in.farther, channels)};
}

// A state is kept once where it is pooled, and sums the gradients of all its uses.
struct StateUse {
  int count = 0;
  bool pooled = false;
};

CellInput cell(ConvolutionalLayer& layer, const CellPlan& plan, CellInput in, int channels) {
  std::vector<FeatureMaps> states = first_states(layer, in, channels);
  std::array<StateUse, 7> uses{};
  FeatureMaps result;
  for (std::size_t b = 0; b < plan.branches.size(); ++b) {
    const auto [state, step] = plan.branches[b];
    result = apply(layer, step, states[state], plan.reduces && state < 2 ? 2 : 1);
    ++uses[state].count;
    if (step == Step::average_pool || step == Step::max_pool) uses[state].pooled = true;
    if (b % 2 == 1) states.push_back(layer.add(result));
  }
  for (const int state : plan.concatenated) ++uses[state].count;
  for (std::size_t s = 0; s < states.size(); ++s) {
    layer.sum_gradients(states[s], uses[s].count);
    if (uses[s].pooled) layer.keep(states[s]);
  }
  layer.sum_gradients(in.nearer, 2);  // It goes through the cell, and past it to the next.
  const int outputs = channels * static_cast<int>(plan.concatenated.size());
  return {.nearer = layer.concatenate({.channels = outputs, .side = states.back().side}),
          .farther = in.nearer};
}

struct NetworkInProgress {
  Network network;
  CellInput state;
  int channels;
  Precision precision;

  void add_cell(std::string name, const CellPlan& plan) {
    if (plan.reduces) channels *= 2;
    ConvolutionalLayer layer(precision);
    state = cell(layer, plan, state, channels);
    network.layers.push_back(
        layer.finish(std::move(name), state.nearer.elements() + state.farther.elements()));
  }

  void add_normal_cells(int group, int count) {
    for (int i = 1; i <= count; ++i) {
      add_cell(fmt::format("cell{}_normal{}", group, i), normal_cell);
    }
  }
};

// A 3×3 convolution of stride 2; no gradient is computed for the image.
Layer first_layer(FeatureMaps image, FeatureMaps out, Precision precision) {
  ConvolutionalLayer layer(precision, false);
  relu_conv_norm(layer, image, out.channels, 9, 2);
  return layer.finish("stem1", out.elements());
}

Layer classifier(FeatureMaps in, int num_classes, Precision precision) {
  ConvolutionalLayer layer(precision);
  layer.average_all(in);
  layer.keep(in);
  layer.linear(in.channels, num_classes);
  return layer.finish("classify", num_classes);
}

}  // namespace

AmoebaNetD read_amoebanet_d(const Field& model) {
  model.allow_keys(keys_of({Section::model, Section::amoebanet_d}));
  AmoebaNetD amoebanet;
  const Field cells = model.at("normal_cells", "the L of AmoebaNet-D (L, D): a multiple of 3");
  amoebanet.normal_cells = cells.count(most_cells);
  if (amoebanet.normal_cells % 3 != 0) {
    throw cells.error("must be a multiple of 3", "three groups have as many normal cells each");
  }
  const Field filters = model.at("filters", "the D of AmoebaNet-D (L, D), such as 256");
  amoebanet.filters = static_cast<int>(filters.integer(8, most_filters));
  if (const auto size = model.find("image_size")) {
    amoebanet.image_size = static_cast<int>(size->integer(32, largest_image));
    if (amoebanet.image_size % 32 != 0) {
      throw size->error("must be a multiple of 32", "the network halves it five times");
    }
  }
  if (const auto classes = model.find("num_classes")) {
    amoebanet.num_classes = classes->count(most_classes);
  }
  return amoebanet;
}

Network amoebanet_d_network(const AmoebaNetD& model, Precision precision) {
  const FeatureMaps image{.channels = 3, .side = model.image_size};
  const FeatureMaps stem{.channels = model.filters / 4, .side = model.image_size / 2};
  NetworkInProgress made{.network = {.input_bytes = static_cast<Bytes>(image.elements()) *
                                                    bytes_per_element(precision)},
                         .state = {.nearer = stem, .farther = stem},
                         .channels = stem.channels,
                         .precision = precision};
  made.network.layers.push_back(first_layer(image, stem, precision));
  made.add_cell("stem2", reduction_cell);
  made.add_cell("stem3", reduction_cell);
  made.add_normal_cells(1, model.normal_cells / 3);
  made.add_cell("cell2_reduction", reduction_cell);
  made.add_normal_cells(3, model.normal_cells / 3);
  made.add_cell("cell4_reduction", reduction_cell);
  made.add_normal_cells(5, model.normal_cells / 3);
  made.network.layers.push_back(classifier(made.state.nearer, model.num_classes, precision));
  return std::move(made.network);
}

}  // namespace pipesim
