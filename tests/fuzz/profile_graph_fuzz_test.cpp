#include <doctest/doctest.h>

#include "fuzz/target.hpp"
#include "support/commands/process.hpp"
#include "support/places.hpp"

namespace pipesim::test {

TEST_SUITE("fuzz") {
  TEST_CASE("a damaged profile is divided into stages, or is refused in two lines") {
    Random random(20260103);
    const std::string sound = read_text(PIPESIM_SOURCE_DIR "/examples/profiles/resnet_block.txt");
    REQUIRE(profile_outcome(sound) == "divided");
    int divided = 0;
    int refused = 0;
    for (int i = 0; i < 6000; ++i) {
      std::string text = sound;
      for (std::size_t times = 1 + below(random, 3); times > 0; --times)
        damage_profile(text, random);
      const std::string outcome = profile_outcome(text);
      if (outcome == "divided") {
        ++divided;
        continue;
      }
      ++refused;
      if (!is_sound_error(outcome, "my.txt:")) {
        CAPTURE(text);
        CAPTURE(outcome);
        FAIL_CHECK("neither divided nor refused in two lines");
      }
    }
    // Neither of the two goes untested.
    CHECK(divided >= 500);
    CHECK(refused >= 1000);
  }
}

}  // namespace pipesim::test
