#include "sim/execute/data/initial_weights.hpp"

#include <algorithm>
#include <boost/random/normal_distribution.hpp>
#include <cmath>

#include "sim/execute/data/random_stream.hpp"

namespace pipesim {

template <class T>
void draw_weights(std::int64_t seed, int layer, const LinearParameters<T>& parameters) {
  const double variance = 2.0 / parameters.weight.rows;
  RandomStream stream(seed, Purpose::weights, layer);
  boost::random::normal_distribution<double> normal(0, std::sqrt(variance));
  for (T& weight : parameters.weight.all()) weight = static_cast<T>(normal(stream));
  std::ranges::fill(parameters.bias, T{0});
}

template void draw_weights(std::int64_t, int, const LinearParameters<float>&);
template void draw_weights(std::int64_t, int, const LinearParameters<double>&);

}  // namespace pipesim
