#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "models/base/text_file.hpp"
#include "reports/schema/config_settings.hpp"
#include "sim/assemble/assemble.hpp"
#include "support/commands/process.hpp"
#include "support/draws.hpp"
#include "support/places.hpp"

// What a user gives may be of any length and hold anything; the error that repeats it stays two
// short lines of printable text.
namespace pipesim::test {

namespace {

using Random = std::mt19937;

const char* const alphabets[] = {"a", "é", "漢", "😀", "\"",   "\\", "\n", "\x1b[2J",
                                 "/", ".", "~",  " ", "a, b", "9",  "\t", "\x7f"};

std::string long_text(Random& random) {
  const std::string sign = alphabets[random() % std::size(alphabets)];
  const std::string other = alphabets[random() % std::size(alphabets)];
  std::string text(random() % 4, 'x');
  const std::size_t size = 300 + random() % 3000;
  while (text.size() < size) text += random() % 8 == 0 ? other : sign;
  return text;
}

// As a text, and inside of what may hold one.
nlohmann::json long_value(Random& random) {
  const std::string text = long_text(random);
  switch (random() % 6) {
    case 0:
      return {{text, 1}};
    case 1:
      return {text, text};
    case 2:
      return std::vector<nlohmann::json>{{{text, text}}};
    default:
      return text;
  }
}

const std::vector<std::string>& configs() {
  static const std::vector<std::string> texts = [] {
    std::vector<std::string> found;
    for (const char* name :
         {"gpipe", "unit", "gpt3_175b", "mixture", "amoebanet", "profile", "schedules", "uneven"}) {
      found.push_back(PIPESIM_SOURCE_DIR "/examples/" + std::string(name) + ".json");
    }
    return found;
  }();
  return texts;
}

// The longest line of an error whose value is short: its hint may list many names.
constexpr std::size_t longest_problem = 400;
constexpr std::size_t longest_hint = 2500;

// Two lines for each mistake.
void check_readable(const std::string& error) {
  CAPTURE(error.substr(0, 2000));
  CHECK(is_utf8(error));
  const auto is_control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f;
  };
  CHECK(std::ranges::none_of(error, is_control));
  std::istringstream lines(error);
  std::string problem;
  std::string hint;
  while (std::getline(lines, problem)) {
    REQUIRE(std::getline(lines, hint));
    CHECK(problem.size() <= longest_problem);
    CHECK(hint.starts_with("  hint: "));
    CHECK(hint.size() <= longest_hint);
  }
}

}  // namespace

TEST_SUITE("cli/long_values") {
  TEST_CASE("an overlong value of any key gives an error of two short, printable lines") {
    const std::vector<Setting> settings = config_settings();
    Random random(17);
    int refused = 0;
    for (int draw = 0; draw < draws(2000); ++draw) {
      const std::string& config = configs()[random() % configs().size()];
      const std::string path =
          random() % 8 == 0 ? long_text(random) : settings[random() % settings.size()].path;
      const std::string setting = path + "=" + long_value(random).dump();
      try {
        assemble(read_config(read_document(config, {setting})));
      } catch (const InputError& error) {
        ++refused;
        CAPTURE(draw);
        check_readable(error.what());
      }
    }
    CHECK(refused > draws(2000) / 2);
  }

  TEST_CASE("an overlong option or argument gives an error of two short, printable lines") {
    const std::string gpipe = "examples/gpipe.json";
    Random random(18);
    for (int draw = 0; draw < 4; ++draw) {
      const std::string text = long_text(random);
      CAPTURE(text);
      const std::vector<std::string> lines[] = {
          {text},
          {"--" + text},
          {"simulate", text},
          {"simulate", gpipe, text},
          {"simulate", gpipe, "--" + text},
          {"simulate", gpipe, "--stages", text},
          {"simulate", gpipe, "--set", text},
          {"simulate", gpipe, "--set", text + "=1"},
          {"simulate", gpipe, "--set", "pipeline.schedule=" + text},
          {"simulate", gpipe, "--set", "pipeline.schedule.a=" + text},
          {"simulate", gpipe, "--schedule-file", text},
          {"simulate", gpipe, "--timeline", text},
          {"simulate", gpipe, "--out", text},
          {"simulate", gpipe, "--timeline", text, "--svg", text},
          {"simulate", gpipe, "--color", text},
          {"execute", gpipe, "--steps", text},
          {"execute", gpipe, "--clock", text},
          {"validate", "--stages", text},
          {"validate", "--schedule", text},
          {"validate", "--published", "--published-data", text},
          {"completion", text},
          {"calibrate", "--busy", text},
          {"calibrate", "--out", text},
          {"schedule", gpipe, "--format", text},
      };
      for (const std::vector<std::string>& arguments : lines) {
        CAPTURE(arguments.back().substr(0, 40));
        const ProcessResult result = run_pipesim(arguments);
        CHECK(result.exit_code == 2);
        REQUIRE(result.err.ends_with('\n'));
        check_readable(result.err.substr(0, result.err.size() - 1));
      }
    }
  }

  TEST_CASE("a schedule's name of 3,000 characters is cut") {
    const ProcessResult result = run_pipesim({"simulate", "examples/gpipe.json", "--set",
                                              "pipeline.schedule=" + std::string(3000, 'x')});
    CHECK(result.exit_code == 2);
    CHECK(result.err.starts_with("--set: /pipeline/schedule: is not a known schedule, got \"" +
                                 std::string(59, 'x') + "…\n  hint: "));
  }
}

}  // namespace pipesim::test
