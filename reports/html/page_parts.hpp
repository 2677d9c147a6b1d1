#pragma once

#include <string_view>

namespace pipesim {

/// The report's page, from reports/html/page: its HTML with marks such as {{title}} where the rest
/// goes, its style sheet, and its scripts one behind the other.
extern const std::string_view page_skeleton;
extern const std::string_view page_style;
extern const std::string_view page_script;

}  // namespace pipesim
