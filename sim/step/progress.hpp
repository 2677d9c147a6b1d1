#pragma once

#include <functional>

namespace pipesim {

/// Told now and then how far long work has come: `done` of `total` pieces, whatever they are; a
/// total of 0 when it is not known. Asked for so rarely that it may take microseconds; may be
/// empty.
using ReportProgress = std::function<void(double done, double total)>;

}  // namespace pipesim
