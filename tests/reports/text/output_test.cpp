#include "reports/text/output.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "reports/formats/chrome_trace.hpp"
#include "reports/formats/memory_csv.hpp"
#include "reports/formats/timeline_json.hpp"
#include "support/experiments.hpp"

namespace pipesim {

TEST_SUITE("reports/text/output") {
  TEST_CASE("text is handed on in blocks of 64 KiB and more, whole and in order") {
    std::vector<std::string> parts;
    Output out([&](std::string_view part) { parts.emplace_back(part); });
    std::string all;
    for (int line = 0; line < 20'000; ++line) {
      const std::string text = "line " + std::to_string(line) + "\n";
      all += text;
      out.append(text);
      out.end_of_line();
    }
    REQUIRE(parts.size() == 3);
    std::string joined;
    for (const std::string& part : parts) {
      CHECK(part.size() >= 65'536);
      CHECK(part.size() < 65'536 + 11);
      joined += part;
    }
    out.flush();
    joined += parts.at(3);
    CHECK(joined == all);
    out.flush();
    CHECK(parts.size() == 4);
  }

  TEST_CASE("shares of several texts in a row are shares of all of it") {
    Output out([](std::string_view) {});
    CHECK(out.share() == 0);
    out.reached(0.5);
    CHECK(out.share() == 0.5);
    for (std::size_t part = 0; part < 4; ++part) {
      out.begin_part(part, 4);
      CHECK(out.share() == (part == 0 ? 0.5 : 0.25 * static_cast<double>(part)));
      out.reached(0.5);
      CHECK(out.share() == 0.25 * static_cast<double>(part) + 0.125);
      out.reached(1);
    }
    CHECK(out.share() == 1);
  }

  TEST_CASE("every report that may take long says how far it has come, in small steps") {
    const Experiment experiment = test::example(
        "unit.json",
        {"pipeline.stages=32", "pipeline.micro_batches=1024", "model.stash_bytes=1000"});
    const Run run = simulate(experiment);
    for (const auto write : {write_timeline_json, write_chrome_trace, write_memory_csv}) {
      std::size_t text = 0;
      std::vector<double> shares = {0};
      Output out([&](std::string_view block) {
        text += block.size();
        shares.push_back(out.share());
      });
      write(out, experiment, run);
      out.flush();
      CHECK(text > 2'000'000);
      CHECK(shares.size() > 30);
      CHECK(shares.back() > 0.999);
      CHECK(shares.back() <= 1);
      for (std::size_t block = 1; block < shares.size(); ++block) {
        REQUIRE(shares[block] > shares[block - 1]);
        REQUIRE(shares[block] < shares[block - 1] + 0.1);
      }
    }
  }
}

}  // namespace pipesim
