#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/engine/timeline.hpp"

namespace pipesim::test {

/// What an op needed of another device, as a page says it.
struct PageNeed {
  OpPlace op{};
  Time wait{};
  Time duration{};
  std::uint64_t route = 0;
};

/// Bytes that an op adds to a tag at its start and at its finish.
struct PageUse {
  int tag = 0;
  Bytes at_start = 0;
  Bytes at_finish = 0;
};

struct PageSpan {
  Op op{};
  Interval when{};
  std::vector<PageUse> memory{};
  std::optional<PageNeed> need{};
};

struct PageDevice {
  std::vector<PageSpan> spans{};
  std::vector<PageUse> held{};
};

struct PageRun {
  nlohmann::json head{};
  std::vector<PageDevice> devices{};
};

/// A report's page, read back.
struct Page {
  nlohmann::json head{};
  std::vector<PageRun> runs{};
};
Page read_page(std::string_view html);

}  // namespace pipesim::test
