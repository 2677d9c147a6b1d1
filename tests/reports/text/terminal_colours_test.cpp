#include "reports/text/terminal_colours.hpp"

#include <doctest/doctest.h>

#include <set>

namespace pipesim {

TEST_SUITE("reports/text/terminal_colours") {
  TEST_CASE("true colours are those of every picture") {
    CHECK(colour_escape(OpKind::forward, Colours::true_colour) ==
          "\x1b[48;2;0;114;178;38;2;255;255;255m");
    CHECK(colour_escape(OpKind::backward, Colours::true_colour) ==
          "\x1b[48;2;230;159;0;38;2;0;0;0m");
  }

  TEST_CASE("of a palette of 256 the nearest are taken: 25 is 0, 95, 175: 246 is 148 thrice") {
    CHECK(colour_escape(OpKind::forward, Colours::palette_256) == "\x1b[48;5;25;38;5;231m");
    CHECK(colour_escape(OpKind::send_forward, Colours::palette_256) == "\x1b[48;5;246;38;5;16m");
  }

  TEST_CASE("kinds that compute have colours of their own, however many there are") {
    for (const Colours colours : {Colours::sixteen, Colours::palette_256, Colours::true_colour}) {
      std::set<std::string> seen;
      for (const OpKind kind :
           {OpKind::forward, OpKind::backward, OpKind::backward_input, OpKind::backward_weight,
            OpKind::recompute, OpKind::all_reduce, OpKind::optimizer, OpKind::send_forward}) {
        CHECK(seen.insert(colour_escape(kind, colours)).second);
      }
    }
  }

  TEST_CASE("without colours there is no escape") {
    CHECK(colour_escape(OpKind::forward, Colours::none) == "");
  }
}

}  // namespace pipesim
