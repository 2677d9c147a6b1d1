#pragma once

#include "models/base/json_field.hpp"
#include "models/network/network.hpp"
#include "models/settings/precision.hpp"

namespace pipesim {

/// AmoebaNet-D (Real et al., arXiv:1802.01548) for ImageNet, as torchgpipe measured it and the
/// GPipe paper counts its parameters: AmoebaNet-D (normal_cells, filters).
struct AmoebaNetD {
  int normal_cells = 18;  ///< In three groups, with a reduction cell between them.
  int filters = 256;      ///< The first of three stem layers makes a quarter as many channels.
  int image_size = 224;   ///< Side of the square, three channels.
  int num_classes = 1000;
};

/// `model.kind: amoebanet_d`. Throws InputError unless normal_cells is a multiple of 3 and
/// image_size one of 32, which is halved five times.
AmoebaNetD read_amoebanet_d(const Field& model);

/// normal_cells + 6 layers: three of the stem, the cells, the classifier. A cell takes what the two
/// cells before it made and hands on its own and the nearer of those: a boundary is both tensors.
Network amoebanet_d_network(const AmoebaNetD& model, Precision precision);

}  // namespace pipesim
