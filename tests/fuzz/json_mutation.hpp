#pragma once

#include <string>

#include "fuzz/random.hpp"

namespace pipesim::test {

/// Damages a JSON text in one place: a bit, a token, or a value that becomes an extreme number or
/// another word of the config's vocabulary.
void damage_json(std::string& text, Random& random);

}  // namespace pipesim::test
