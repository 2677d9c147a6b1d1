#include "fuzz/target.hpp"

#include <algorithm>

#include "models/input_error.hpp"

namespace pipesim::test {

std::string outcome_of(const std::function<std::string()>& read) {
  try {
    return read();
  } catch (const InputError& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("never: ") + error.what();
  }
}

bool is_sound_error(std::string_view outcome, std::string_view place) {
  const auto hint = outcome.find("\n  hint: ");
  return outcome.starts_with(place) && hint != outcome.npos &&
         outcome.substr(0, hint).find(", got ") != outcome.npos && hint + 9 < outcome.size() &&
         std::count(outcome.begin(), outcome.end(), '\n') == 1;
}

}  // namespace pipesim::test
