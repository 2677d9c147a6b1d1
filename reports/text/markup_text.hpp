#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace pipesim {

/// Any bytes as text of an XML or HTML document: markup escaped; what XML does not allow (control
/// characters, bytes that are no UTF-8), and marks that would turn the direction of what follows,
/// become U+FFFD. Line ends and tabs too: a label is one line.
std::string xml_text(std::string_view text);

/// cut_to_width, but of no more bytes than so many columns may take: signs that combine have no
/// width.
std::string cut_to_columns(std::string_view text, std::size_t most_columns);

/// JSON as it may stand in a <script>: nothing in it ends the element or opens a comment.
std::string script_json(const nlohmann::ordered_json& json);

/// The first `most` bytes of a UTF-8 text or a few less, whole characters, and "…" where something
/// is left out.
std::string shortened(std::string_view text, std::size_t most);

}  // namespace pipesim
