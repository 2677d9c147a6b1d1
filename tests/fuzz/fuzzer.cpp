// One program for each kind of input, for clang's libFuzzer: PIPESIM_FUZZ_TARGET names the kind.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "fuzz/json_mutation.hpp"
#include "fuzz/target.hpp"

namespace {

using namespace pipesim::test;

struct Target {
  std::string (*outcome)(const std::string& text);
  void (*damage)(std::string& text, Random& random);
  std::string_view place;  ///< What every error starts with.
};

// A file that a config or a device names is blamed by its own name.
[[maybe_unused]] constexpr Target config{config_outcome, damage_json, ""};
[[maybe_unused]] constexpr Target device{device_outcome, damage_json, ""};
[[maybe_unused]] constexpr Target topology{topology_outcome, damage_json, "topology.json:"};
[[maybe_unused]] constexpr Target profile{profile_outcome, damage_profile, "my.txt:"};
[[maybe_unused]] constexpr Target schedule{schedule_outcome, damage_schedule, "my.csv:"};

constexpr const Target& target = PIPESIM_FUZZ_TARGET;

}  // namespace

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t room);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string outcome = target.outcome(text);
  if (outcome == "ran" || outcome == "deadlock" || outcome == "divided" || outcome == "large") {
    return 0;
  }
  if (is_sound_error(outcome, target.place)) return 0;
  std::fprintf(stderr, "neither ran nor was refused in two lines: %s\n", outcome.c_str());
  std::abort();
}

// Every other time the damage keeps to the grammar, and gets behind the parser.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t room, unsigned seed) {
  if (seed % 2 == 0) return LLVMFuzzerMutate(data, size, room);
  Random random(seed);
  std::string text(reinterpret_cast<const char*>(data), size);
  for (std::size_t times = 1 + below(random, 3); times > 0; --times) target.damage(text, random);
  const std::size_t kept = std::min(text.size(), room);
  std::memcpy(data, text.data(), kept);
  return kept;
}
