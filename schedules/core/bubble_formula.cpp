#include "schedules/core/bubble_formula.hpp"

namespace pipesim {

std::optional<Ratio> bubble_ratio(Int128 idle, Int128 busy) {
  return idle + busy == 0 ? std::nullopt : std::optional(Ratio{idle, idle + busy});
}

std::optional<Ratio> flush_bubble(const EqualStages& equal) {
  const Int128 fill = equal.shape.stages - 1;
  const Int128 slots = equal.shape.micro_batches + fill;
  const Int128 pass = equal.pass();
  if (equal.deferred_weight_gradient) {
    return bubble_ratio(fill * pass, equal.shape.micro_batches * pass + equal.backward_weight.ps);
  }
  if (pass + equal.recompute.ps == 0) return std::nullopt;
  if (equal.recompute_setting == Recompute::none) return Ratio{fill, slots};

  const bool all_again = equal.recompute_setting == Recompute::full;
  if (equal.lazy_recompute) return all_again ? std::optional(Ratio{fill, slots}) : std::nullopt;
  const Int128 again = equal.shape.micro_batches - (all_again ? 0 : 1);
  return Ratio{fill * pass, slots * pass + again * equal.recompute.ps};
}

}  // namespace pipesim
