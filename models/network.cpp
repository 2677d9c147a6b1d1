#include "models/network.hpp"

namespace pipesim {

Bytes parameter_bytes(const Network& network) {
  Bytes total = 0;
  for (const Layer& layer : network.layers) {
    total = capped_sum(total, layer.parameter_bytes);
  }
  return total;
}

}  // namespace pipesim
