#include "sim/execute/data/data_set.hpp"

#include <algorithm>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>

#include "sim/execute/data/random_stream.hpp"

namespace pipesim {

template <class T>
void draw_samples(std::int64_t seed, std::int64_t first, Matrix<T> inputs, Matrix<T> targets) {
  for (int row = 0; row < inputs.rows; ++row) {
    RandomStream stream(seed, Purpose::samples, first + row);
    boost::random::normal_distribution<double> normal;
    for (T& input : inputs.slice(row, 1).all()) input = static_cast<T>(normal(stream));

    boost::random::uniform_int_distribution<int> classes(0, targets.columns - 1);
    std::ranges::fill(targets.slice(row, 1).all(), T{0});
    targets.row(row)[classes(stream)] = 1;
  }
}

template void draw_samples(std::int64_t, std::int64_t, Matrix<float>, Matrix<float>);
template void draw_samples(std::int64_t, std::int64_t, Matrix<double>, Matrix<double>);

}  // namespace pipesim
