#pragma once

#include <vector>

#include "cli/commands/bubble_row.hpp"
#include "reports/svg/plot_page.hpp"

namespace pipesim::cli {

/// What `validate --html` and `--svg` show: the bubble over M of every schedule in the grid, and,
/// for GPipe, efficiency and memory over K. Formulas are lines, what was simulated marks on them,
/// what was executed hollow marks. Simulates what the grid does not hold.
PlotPage validation_page(const std::vector<BubbleRow>& rows, bool executed);

}  // namespace pipesim::cli
