#pragma once

#include <string>
#include <string_view>

namespace pipesim::cli {

/// What is said before work that takes long: empty up to a minute, else
/// "pipesim: executing takes about 4 min on this machine; Ctrl-C ends it\n".
/// `seconds`: an estimate.
std::string long_work_notice(std::string_view what, double seconds);

/// Says it on the standard error.
void announce_long_work(std::string_view what, double seconds);

}  // namespace pipesim::cli
