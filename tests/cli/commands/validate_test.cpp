#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "schedules/orders/catalog.hpp"
#include "support/commands/process.hpp"

namespace pipesim::test {

namespace {

using nlohmann::json;

json rows(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"validate", "--json"});
  const ProcessResult result = run_pipesim(arguments);
  CAPTURE(result.err);
  REQUIRE(result.exit_code == 0);
  const json all = json::parse(result.out);
  CHECK(all["command"] == "validate");
  CHECK(all["agree"] == true);
  return all["rows"];
}

// "gpipe 2 1": what a row is about.
std::vector<std::string> shapes(const json& rows) {
  std::vector<std::string> texts;
  for (const json& row : rows) {
    texts.push_back(row["schedule"].get<std::string>() + " " +
                    std::to_string(row["stages"].get<int>()) + " " +
                    std::to_string(row["micro_batches"].get<int>()));
  }
  return texts;
}

}  // namespace

TEST_SUITE("cli/commands/validate") {
  TEST_CASE("the bubble is (K - 1) / (M + K - 1) exactly, in all 56 cases") {
    const json all = rows({});
    std::size_t next = 0;
    for (const char* schedule : {"gpipe", "1f1b"}) {
      for (const int stages : {2, 4, 8, 16}) {
        for (const int micro_batches : {1, 2, 4, 8, 16, 32, 64}) {
          CAPTURE(schedule);
          CAPTURE(stages);
          CAPTURE(micro_batches);
          REQUIRE(next < all.size());
          const double bubble = static_cast<double>(stages - 1) / (micro_batches + stages - 1);
          CHECK(all[next++] == json{{"schedule", schedule},
                                    {"stages", stages},
                                    {"micro_batches", micro_batches},
                                    {"formula", bubble},
                                    {"simulated", bubble},
                                    {"difference", 0.0}});
        }
      }
    }
    CHECK(next == 56);
    CHECK(all.size() == 56);
  }

  TEST_CASE("the table has 56 rows, and all of them end in 0") {
    const ProcessResult result = run_pipesim({"validate"});
    CHECK(result.exit_code == 0);
    CHECK(result.err.empty());
    std::istringstream lines(result.out);
    std::string line;
    int zeros = 0;
    int others = 0;
    for (int heading = 0; heading < 3; ++heading) std::getline(lines, line);
    CHECK(line == "schedule  stages  micro-batches    formula  simulated  difference");
    while (std::getline(lines, line) && !line.empty()) {
      (line.ends_with(" %           0") ? zeros : others) += 1;
    }
    CHECK(zeros == 56);
    CHECK(others == 0);
    std::getline(lines, line);
    CHECK(line == "56 of 56 differences are exactly 0");
  }

  TEST_CASE("every schedule with a closed form idles for exactly that") {
    const ProcessResult result = run_pipesim({"validate", "--schedule", "all", "--json"});
    CHECK(result.exit_code == 0);
    const json all = json::parse(result.out);
    CHECK(all["agree"] == true);
    std::set<std::string> names;
    for (const json& row : all["rows"]) names.insert(row["schedule"].get<std::string>());
    CHECK(names.size() >= 11);
  }

  TEST_CASE("no closed form for any of the sizes is an error") {
    const ProcessResult result =
        run_pipesim({"validate", "--schedule", "zb_h2", "--stages", "8", "--micro-batches", "2"});
    CHECK(result.exit_code == 2);
    CHECK(result.err ==
          "--schedule: /: must have a closed form for one of these sizes, got none\n"
          "  hint: choose other schedules, stages or micro-batches\n");
  }

  TEST_CASE("a table is as short as its lists") {
    const ProcessResult result = run_pipesim(
        {"validate", "--stages", "4", "--micro-batches", "8,16", "--schedule", "gpipe"});
    CHECK(result.exit_code == 0);
    CHECK(result.out ==
          "The bubble as a fraction of all device time, equal stages, free transfers.\n"
          "\n"
          "schedule  stages  micro-batches    formula  simulated  difference\n"
          "gpipe          4              8    27.27 %    27.27 %           0\n"
          "gpipe          4             16    15.79 %    15.79 %           0\n"
          "\n"
          "2 of 2 differences are exactly 0\n");
  }

  TEST_CASE("--execute puts the measured bubble beside the others") {
    const json all = rows({"--execute", "--repeats", "3", "--stages", "1,2", "--micro-batches",
                           "1,32", "--schedule", "gpipe"});
    REQUIRE(all.size() == 4);
    for (const json& row : all) {
      CHECK(row.size() == 8);
      CHECK(row["executed_difference"] ==
            row["executed"].get<double>() - row["formula"].get<double>());
    }
    CHECK(all[0]["executed"] == 0.0);
    CHECK(all[1]["executed"] == 0.0);
    CHECK(all[3]["executed"] < all[2]["executed"]);
  }

  TEST_CASE("without further ado --execute covers 2 to 8 stages under every schedule") {
    const json all = rows({"--execute", "--repeats", "1"});
    CHECK(all.size() == 2 * 3 * 6);
    CHECK(shapes(all).front() == "gpipe 2 1");
    CHECK(shapes(all).back() == "1f1b 8 32");
  }

  TEST_CASE("the executed table says what it shows, and that it is no check") {
    const ProcessResult result = run_pipesim(
        {"validate", "--execute", "--stages", "1", "--micro-batches", "4", "--schedule", "gpipe"});
    CHECK(result.exit_code == 0);
    CHECK(result.err.empty());
    CHECK(result.out ==
          "The bubble as a fraction of all device time, equal stages, free transfers.\n"
          "\n"
          "schedule  stages  micro-batches    formula  simulated  difference   executed   "
          "difference\n"
          "gpipe          1              4     0.00 %     0.00 %           0     0.00 %     +0.00 "
          "pp\n"
          "\n"
          "1 of 1 differences are exactly 0\n"
          "executed: real kernels, each timed alone and put on its device's clock; it is a "
          "measurement,\n"
          "at most 0.00 percentage points from the formula, and does not decide the exit code\n");
  }

  TEST_CASE("--repeats is for what executes") {
    const ProcessResult result = run_pipesim({"validate", "--repeats", "3"});
    CHECK(result.exit_code == 2);
    CHECK(result.out.empty());
    CHECK(result.err ==
          "--repeats: /: needs something to execute, got 3\n"
          "  hint: give it beside --execute or --machine\n");
  }

  TEST_CASE("lists are numbers, several, and ranges") {
    CHECK(shapes(rows({"--stages", "3", "--micro-batches", "1..3,7", "--schedule", "1f1b"})) ==
          std::vector<std::string>{"1f1b 3 1", "1f1b 3 2", "1f1b 3 3", "1f1b 3 7"});
    CHECK(shapes(rows({"--stages", "1,2", "--micro-batches", "5", "--schedule", "1f1b,gpipe"})) ==
          std::vector<std::string>{"1f1b 1 5", "1f1b 2 5", "gpipe 1 5", "gpipe 2 5"});
    CHECK(rows({"--stages", "1..12", "--micro-batches", "1..12"}).size() == 2 * 12 * 12);
  }

  TEST_CASE("a list that is none is refused") {
    for (const char* option : {"--stages", "--micro-batches"}) {
      for (const char* list :
           {"", "0", "-1", "a", "2.5", " 2", "1,,2", "1,2,", "1..", "..4", "1..2..3"}) {
        CAPTURE(option);
        CAPTURE(list);
        const ProcessResult result = run_pipesim({"validate", option, list});
        CHECK(result.exit_code == 2);
        CHECK(result.out.empty());
        CHECK(result.err == std::string(option) + ": /: must be numbers from 1, got \"" + list +
                                "\"\n  hint: write one, a list or a range: 4 or 2,4,8 or 1..64\n");
      }
    }
  }

  TEST_CASE("an unknown schedule is refused, with those that are known") {
    const ProcessResult result = run_pipesim({"validate", "--schedule", "gpipe,1f2b"});
    CHECK(result.exit_code == 2);
    CHECK(result.out.empty());
    CHECK(result.err == fmt::format("--schedule: /: is not known, got 1f2b\n"
                                    "  hint: did you mean \"1f1b\"? --schedule takes: {}, all\n",
                                    fmt::join(schedule_names(), ", ")));
  }

  TEST_CASE("a grid with more ops than this machine's memory holds is refused") {
    const ProcessResult result =
        run_pipesim({"validate", "--stages", "1000000", "--micro-batches", "2000000000"});
    CHECK(result.exit_code == 2);
    CHECK(result.out.empty());
    CHECK(result.err.substr(0, result.err.find(" ops, ")) ==
          "validate: /pipeline/micro_batches: makes a schedule of 4000000000000000");
  }
}

}  // namespace pipesim::test
