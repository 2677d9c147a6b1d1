#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace pipesim {

/// Text as HTML shows it, in an element or in a quoted attribute: what HTML would read otherwise is
/// escaped.
std::string html_text(std::string_view text);

/// JSON as it may stand in a <script>: nothing in it ends the element or opens a comment.
std::string script_json(const nlohmann::ordered_json& json);

/// The first `most` bytes of a UTF-8 text or a few less, whole characters, and "…" where something
/// is left out.
std::string shortened(std::string_view text, std::size_t most);

}  // namespace pipesim
