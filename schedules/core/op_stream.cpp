#include "schedules/core/op_stream.hpp"

#include <algorithm>
#include <limits>

namespace pipesim {

std::vector<Op> in_order_of_time(const std::vector<OpStream>& streams, int count) {
  constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  std::vector<int> done(streams.size());
  std::vector<std::int64_t> due;
  for (const OpStream& stream : streams) due.push_back(stream.start);

  std::vector<Op> ops(streams.size() * static_cast<std::size_t>(count));
  for (Op& op : ops) {
    const auto next =
        static_cast<std::size_t>(std::min_element(due.begin(), due.end()) - due.begin());
    op = streams[next].first;
    op.micro_batch += done[next]++;
    due[next] = done[next] < count ? streams[next].time_of(done[next]) : never;
  }
  return ops;
}

}  // namespace pipesim
