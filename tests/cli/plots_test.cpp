#include <doctest/doctest.h>

#include "support/commands/process.hpp"
#include "support/places.hpp"
#include "support/written.hpp"

namespace pipesim::test {

TEST_SUITE("cli/plots") {
  TEST_CASE("validate draws the bubble of each schedule, efficiency and memory") {
    const TemporaryFolder folder;
    const ProcessResult result =
        run_pipesim({"validate", "--svg", folder / "v.svg", "--html", folder / "v.html"});
    CHECK(result.exit_code == 0);
    CHECK(contains(result.out, "56 of 56 differences are exactly 0"));
    for (const std::string& text : {read_text(folder / "v.svg"), read_text(folder / "v.html")}) {
      CHECK(contains(text, ">gpipe: bubble over micro-batches</text>"));
      CHECK(contains(text, ">1f1b: bubble over micro-batches</text>"));
      CHECK(contains(text, ">gpipe: efficiency over stages</text>"));
      CHECK(contains(text, ">48 layers of 10 MB a micro-batch, M = 8; "));
      // 56 sizes of the grid; K in 2..16 for four M, and with and without re-materialization.
      CHECK(count_of(text, "<g class=\"mark\"") == 56 + 60 + 30);
      CHECK(contains(text, ">K = 4, M = 8: 27.27 % simulated, 27.27 % by formula</title>"));
      CHECK(contains(text, ">K = 4, M = 16: 84.21 % simulated, 84.21 % by formula</title>"));
      CHECK(contains(text, ">K = 4, M = 8: 960 MB simulated, 960 MB by formula</title>"));
      CHECK(contains(text, ">K = 4, M = 8: 190 MB simulated, 190 MB by formula</title>"));
    }
    CHECK(count_of(read_text(folder / "v.html"), "<tr><td>") == 56);
  }

  TEST_CASE("every simulated point of the memory plot is what the formula says") {
    const std::string text = run_pipesim({"validate", "--svg", "-"}).out;
    std::size_t points = 0;
    const std::string simulated = " MB simulated, ";
    for (auto at = text.find(simulated); at != text.npos; at = text.find(simulated, at + 1)) {
      const auto start = text.rfind(' ', at - 1) + 1;
      const std::string figure = text.substr(start, at - start);
      CHECK(text.substr(at + simulated.size(), figure.size() + 3) == figure + " MB");
      ++points;
    }
    CHECK(points == 30);
  }

  TEST_CASE("the grid's options are those of its plots") {
    const std::string text = run_pipesim({"validate", "--stages", "3", "--micro-batches", "2,5",
                                          "--schedule", "1f1b", "--svg", "-"})
                                 .out;
    CHECK(text.starts_with("<svg"));
    CHECK(!contains(text, "gpipe: bubble"));
    CHECK(contains(text, ">K = 3, M = 5: 28.57 % simulated, 28.57 % by formula</title>"));
    CHECK(count_of(text, "<g class=\"mark\"") == 2 + 60 + 30);
  }

  TEST_CASE("what was executed is drawn as hollow marks") {
    const std::string text =
        run_pipesim({"validate", "--stages", "2", "--micro-batches", "1,2", "--schedule", "gpipe",
                     "--execute", "--repeats", "1", "--svg", "-"})
            .out;
    CHECK(count_of(text, " % executed</title>") == 2);
    CHECK(contains(text, ">lines: formula; marks: simulated; hollow marks: executed</text>"));
  }

  TEST_CASE("train draws the loss of every mini-batch and the mean of every epoch") {
    const TemporaryFolder folder;
    const ProcessResult result = run_pipesim(
        {"train", "examples/gpipe.json", "--svg", folder / "t.svg", "--html", folder / "t.html"});
    CHECK(result.exit_code == 0);
    const std::string text = read_text(folder / "t.svg");
    CHECK(count_of(text, "<g class=\"mark\"") == 3);
    const auto at = result.out.find("mean loss ") + 10;
    const std::string loss = result.out.substr(at, result.out.find('\n', at) - at);
    CHECK(contains(text, ">epoch 1: mean loss " + loss + "</title>"));
    CHECK(contains(read_text(folder / "t.html"), "<tr><td>1</td><td>" + loss + "</td>"));
    CHECK(contains(read_text(folder / "t.html"), "<h1>gpipe-k4-m8: training</h1>"));
  }

  TEST_CASE("a training that diverges is drawn up to there") {
    const std::string text = run_pipesim({"train", "examples/gpipe.json", "--set",
                                          "training.learning_rate=1e6", "--html", "-"})
                                 .out;
    CHECK(text.starts_with("<!DOCTYPE html>"));
    CHECK(contains(text, "<td>not finite</td>"));
    CHECK(!contains(text, ">nan"));
    CHECK(!contains(text, "nan "));
  }

  TEST_CASE("one place for two files, or the standard output twice, is refused before any work") {
    for (const char* command :
         {"validate", "train examples/gpipe.json", "compare examples/gpipe.json"}) {
      const std::string start =
          std::string("cd '" PIPESIM_SOURCE_DIR "' && \"$PIPESIM\" ") + command;
      const ProcessResult same = run_shell(start + " --html ./x --svg x");
      CHECK(same.exit_code == 2);
      CHECK(same.err ==
            "--svg: /: must not be where another report goes, got x\n"
            "  hint: give each report a file of its own\n");
      const ProcessResult empty = run_shell(start + " --svg ''");
      CHECK(empty.exit_code == 2);
      CHECK(empty.err ==
            "--svg: /: must name a place, got nothing\n"
            "  hint: give a path behind the option\n");
      const ProcessResult json = run_shell(start + " --json --svg -");
      CHECK(json.exit_code == 2);
      CHECK(json.err ==
            "--json: /: must have the standard output to itself, got another report for -\n"
            "  hint: write the other report to a file\n");
      const ProcessResult nowhere = run_shell(start + " --html /nowhere/x.html");
      CHECK(nowhere.exit_code == 2);
      CHECK(nowhere.out.empty());
      CHECK(nowhere.err.starts_with("/nowhere/x.html: /: "));
    }
  }

  TEST_CASE("compare draws what is possible in the order of its table, to one scale") {
    const std::string text = run_pipesim({"compare", "examples/gpipe.json", "--svg", "-"}).out;
    CHECK(text.starts_with("<svg"));
    CHECK(text.size() < (1 << 20));
    CHECK(contains(text, ">24 ways to run it on 4 devices, to one scale</text>"));
    CHECK(contains(text, " more are left out.</text>"));
    const auto gpipe = text.find(">gpipe: step time 1.872 ms, bubble 33.92 % of all device time<");
    const auto one_f_one_b = text.find(">1f1b: step time 1.831 ms, ");
    CHECK(gpipe != text.npos);
    CHECK(one_f_one_b < gpipe);
  }

  TEST_CASE("files of XML parsers' approval, where a parser is at hand") {
    if (run_shell("command -v python3").exit_code != 0) return;
    const TemporaryFolder folder;
    write_text(folder / "c.json", R"({"name": "<&\"'\u0001\u001b\u202e\uffff]]>",
      "model": {"kind": "stage_costs", "forward": 1, "backward": 1},
      "pipeline": {"stages": 2, "micro_batches": 2}})");
    run_pipesim({"simulate", folder / "c.json", "--quiet", "--svg", folder / "a.svg"});
    run_pipesim({"validate", "--svg", folder / "b.svg"});
    for (const char* name : {"a.svg", "b.svg"}) {
      const ProcessResult parsed =
          run_shell("python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' '" +
                    (folder / name) + "'");
      CHECK(parsed.err == "");
      CHECK(parsed.exit_code == 0);
    }
  }
}

}  // namespace pipesim::test
