#include "schedules/bubble_formula.hpp"

namespace pipesim {

std::optional<Ratio> flush_bubble(const EqualStages& equal) {
  const Int128 fill = equal.shape.stages - 1;
  const Int128 slots = equal.shape.micro_batches + fill;
  const Int128 pass = Int128{equal.forward.ps} + equal.backward.ps;
  if (pass + equal.recompute.ps == 0) return std::nullopt;
  if (equal.recompute_setting == Recompute::none) return Ratio{fill, slots};
  if (equal.recompute_setting == Recompute::except_last) return std::nullopt;
  if (equal.lazy_recompute) return Ratio{fill, slots};
  return Ratio{fill * pass, slots * pass + Int128{equal.shape.micro_batches} * equal.recompute.ps};
}

}  // namespace pipesim
