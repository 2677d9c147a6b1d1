#include "sim/replica_exchange.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/experiments.hpp"

namespace pipesim {

namespace {

// One stage of so many bytes on so many replicas; a link moves 1 GB/s and takes 10 µs.
Experiment replicas(int count, int parameter_bytes) {
  return test::experiment_from(fmt::format(R"({{
    "model": {{"kind": "layers", "layers": [{{"forward": "1 ms", "backward": "2 ms",
                                            "parameter_bytes": {}}}]}},
    "cluster": {{"interconnect": {{"bandwidth": "1 GB/s", "latency": "10 us"}}}},
    "pipeline": {{"stages": 1, "micro_batches": 1}},
    "training": {{"batch_size": {}, "data_parallel": {}}}}})",
                                           parameter_bytes, count, count));
}

}  // namespace

TEST_SUITE("sim/replica_exchange") {
  TEST_CASE("r replicas sum n bytes in 2 (r - 1) steps of n / r bytes, each with one latency") {
    for (const int r : {2, 4, 8}) {
      CAPTURE(r);
      CHECK(gradient_sum_time(replicas(r, 8'000'000), 0, 1, true) ==
            2 * (r - 1) * (8'000 / r * 1'000'000_ps + 10_us));
    }
  }

  TEST_CASE("what has no weights is not summed, and takes no latency") {
    CHECK(gradient_sum_time(replicas(8, 0), 0, 1, true) == Time{});
    CHECK(gradient_sum_time(replicas(1, 8'000'000), 0, 1, true) == Time{});
  }
}

}  // namespace pipesim
