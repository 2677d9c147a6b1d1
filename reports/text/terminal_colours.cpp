#include "reports/text/terminal_colours.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "reports/text/op_style.hpp"

namespace pipesim {

namespace {

using Colour = std::array<int, 3>;  // Red, green, blue, up to 255.

Colour colour_of(std::string_view hex) {
  Colour colour{};
  for (std::size_t i = 0; i < colour.size(); ++i) {
    const std::string_view digits = hex.substr(1 + 2 * i, 2);
    std::from_chars(digits.data(), digits.data() + digits.size(), colour[i], 16);
  }
  return colour;
}

// xterm's palette from 16 on: a cube of six steps in each direction, then 24 greys.
Colour palette_colour(int number) {
  constexpr std::array<int, 6> steps{0, 95, 135, 175, 215, 255};
  if (number >= 232)
    return {8 + 10 * (number - 232), 8 + 10 * (number - 232), 8 + 10 * (number - 232)};
  const auto place = static_cast<std::size_t>(number - 16);
  return {steps[place / 36], steps[place / 6 % 6], steps[place % 6]};
}

int nearest_in_palette(const Colour& wanted) {
  int nearest = 0;
  int least = std::numeric_limits<int>::max();
  for (int number = 16; number < 256; ++number) {
    const Colour colour = palette_colour(number);
    int distance = 0;
    for (std::size_t i = 0; i < colour.size(); ++i) {
      distance += (colour[i] - wanted[i]) * (colour[i] - wanted[i]);
    }
    if (distance < least) nearest = number;
    least = std::min(least, distance);
  }
  return nearest;
}

std::string_view escape_of_sixteen(OpKind kind) {
  switch (kind) {
    case OpKind::forward:
      return "\x1b[44;97m";
    case OpKind::backward:
      return "\x1b[42;30m";
    case OpKind::backward_input:
      return "\x1b[46;30m";
    case OpKind::backward_weight:
      return "\x1b[43;30m";
    case OpKind::recompute:
      return "\x1b[45;97m";
    case OpKind::all_reduce:
      return "\x1b[41;97m";
    case OpKind::optimizer:
      return "\x1b[47;30m";
    default:
      return "\x1b[100;97m";
  }
}

}  // namespace

std::string colour_escape(OpKind kind, Colours colours) {
  const OpStyle style = style_of(kind);
  const Colour fill = colour_of(style.fill);
  const Colour ink = colour_of(style.ink);
  switch (colours) {
    case Colours::none:
      return {};
    case Colours::sixteen:
      return std::string(escape_of_sixteen(kind));
    case Colours::palette_256:
      return fmt::format("\x1b[48;5;{};38;5;{}m", nearest_in_palette(fill),
                         nearest_in_palette(ink));
    case Colours::true_colour:
      return fmt::format("\x1b[48;2;{};{};{};38;2;{};{};{}m", fill[0], fill[1], fill[2], ink[0],
                         ink[1], ink[2]);
  }
  return {};
}

}  // namespace pipesim
