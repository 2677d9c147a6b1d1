#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "fuzz/random.hpp"

namespace pipesim::test {

/// What became of a text that is read as one kind of input: "ran", "deadlock", "large" where it was
/// left out because it would take long, the two lines of an InputError, or "never: …" for what must
/// not happen.
std::string config_outcome(const std::string& text);
std::string device_outcome(const std::string& text);
std::string topology_outcome(const std::string& text);
std::string profile_outcome(const std::string& text);
std::string schedule_outcome(const std::string& text);

/// What `read` returns, or what it throws as an outcome.
std::string outcome_of(const std::function<std::string()>& read);

/// Whether an outcome is an error as the contract asks for it: "PLACE…, got VALUE", then a hint; or
/// several such.
bool is_sound_error(std::string_view outcome, std::string_view place);

/// Damage a text of one kind in one place.
void damage_profile(std::string& text, Random& random);
void damage_schedule(std::string& text, Random& random);

}  // namespace pipesim::test
