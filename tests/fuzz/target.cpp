#include "fuzz/target.hpp"

#include <algorithm>

#include "models/base/input_error.hpp"

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
  bool sound = outcome.starts_with(place);
  while (sound && !outcome.empty()) {
    const auto end = outcome.find('\n');
    if (end == outcome.npos) return false;
    const auto next = std::min(outcome.find('\n', end + 1), outcome.size());
    const std::string_view problem = outcome.substr(0, end);
    const std::string_view hint = outcome.substr(end + 1, next - end - 1);
    sound =
        problem.find(", got ") != problem.npos && hint.starts_with("  hint: ") && hint.size() > 8;
    outcome.remove_prefix(std::min(next + 1, outcome.size()));
  }
  return sound;
}

}  // namespace pipesim::test
