#pragma once

#include <string_view>

namespace pipesim::cli {

/// Says on the standard error, before work begins, that it will take long: where `seconds` is over
/// a minute. "pipesim: executing takes about 4 min here; Ctrl-C ends it"
void announce_long_work(std::string_view what, double seconds);

}  // namespace pipesim::cli
