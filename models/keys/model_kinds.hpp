#pragma once

#include <string_view>
#include <vector>

#include "models/keys/config_keys.hpp"

namespace pipesim {

/// A kind of model, as `model.kind` names it.
struct ModelKind {
  std::string_view name;
  std::string_view description;   ///< What it is, in one line.
  std::vector<Section> sections;  ///< The sections whose keys it takes, beside `kind`.
};

/// All kinds of model, in the order in which they are listed. `read_config` has the reader of each.
const std::vector<ModelKind>& known_model_kinds();

}  // namespace pipesim
