#pragma once

#include "models/base/json_field.hpp"
#include "models/network/network.hpp"

namespace pipesim {

/// `model.kind: layers`: layers whose times were measured, per sample: `forward`, `backward` and
/// optionally `name`, `parameter_bytes`, `stash_bytes` (the layer's input included),
/// `output_bytes`. `model.input_bytes` is what the first one takes.
Network read_layer_list(const Field& model);

}  // namespace pipesim
