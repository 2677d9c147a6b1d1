#include "models/network/layer_parts.hpp"

namespace pipesim {

void end_parts(Layer& layer) {
  if (layer.parts.empty()) return;
  for (std::vector<Operator>* operators :
       {&layer.forward, &layer.backward_input, &layer.backward_weight, &layer.recomputed}) {
    for (Operator& op : *operators) {
      if (op.part.empty()) op.part = layer.parts.back().name;
    }
  }
}

void begin_part(Layer& layer, std::string_view name) {
  end_parts(layer);
  layer.parts.push_back({.name = name});
}

}  // namespace pipesim
