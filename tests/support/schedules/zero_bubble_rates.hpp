#pragma once

#include "models/base/units.hpp"

namespace pipesim::test {

/// A row of Table 8 of arXiv:2401.10241, the profiled times of a stage and of a hop, with the
/// bubble rates that its Table 5 gives. The hop occupies nothing. Interleaved 1F1B has three stages
/// on each device; its rate is that of a replay which keeps all dependencies, the published one
/// leaves some out.
struct PublishedRates {
  int stages = 0;
  int micro_batches = 0;
  Time forward{};
  Time backward_input{};
  Time backward_weight{};
  Time hop{};
  double interleaved_1f1b = 0;
  double zb_h1 = 0;
  double zb_h2 = 0;
};

inline constexpr PublishedRates zero_bubble_rates[] = {
    {8, 24, 18522_us, 18086_us, 9337_us, 601_us, 0.1090, 0.1585, 0.1083},
    {8, 32, 18513_us, 18086_us, 9331_us, 626_us, 0.0847, 0.1242, 0.0837},
    {8, 64, 18546_us, 18097_us, 9321_us, 762_us, 0.0461, 0.0674, 0.0444},
    {16, 48, 11347_us, 11248_us, 8132_us, 377_us, 0.1136, 0.1397, 0.0672},
    {16, 64, 11307_us, 11254_us, 8101_us, 379_us, 0.0878, 0.1088, 0.0516},
    {16, 128, 11325_us, 11308_us, 8109_us, 378_us, 0.0459, 0.0576, 0.0266},
};

}  // namespace pipesim::test
