#pragma once

#include <string>

#include "models/base/input_error.hpp"

namespace pipesim::test {

/// What the action is refused with, as the user reads it; "accepted" where it is not.
template <class Action>
std::string refusal_of(const Action& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace pipesim::test
