#pragma once

#include "models/keys/config_keys.hpp"
#include "reports/text/output.hpp"

namespace pipesim {

/// docs/config_keys.md: every key of a config in a table by section.
void write_config_keys_markdown(Output& out);

/// What may stand under a key, in words: "whole number from 1, or list of them".
std::string values_text(const std::vector<ValueForm>& forms);

}  // namespace pipesim
