#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "reports/published/published_figures.hpp"
#include "reports/published/published_json.hpp"
#include "reports/published/published_markdown.hpp"
#include "reports/published/published_text.hpp"
#include "support/written.hpp"

namespace pipesim::test {

namespace {

using published::Ablation;
using published::PublishedTable;
using published::Row;
using published::Tolerance;

PublishedTable times() {
  return {.comparison = {.id = "times",
                         .title = "Times of steps",
                         .source = "Somebody, 2026",
                         .unit = "s",
                         .tolerances = {{.kind = Tolerance::Kind::mean, .limit = 0.05},
                                        {.kind = Tolerance::Kind::worst, .limit = 0.08}},
                         .rows = {{.label = "a | b", .published = 10, .predicted = 9.5},
                                  {.label = "µ", .published = 1.25, .predicted = 1.375},
                                  {.label = "c",
                                   .published = 2,
                                   .predicted = 3,
                                   .counts = false,
                                   .note = "other hardware"}},
                         .missing = {"the vocabulary"},
                         .fitted = {"the links"}},
          .ablations = {{.mean_error = 0.075, .worst_error = 0.1},
                        {.ablation = Ablation::varied_efficiency,
                         .mean_error = 0.2,
                         .worst_error = 0.25,
                         .fraction = 0.437}}};
}

PublishedTable partitions() {
  return {
      .comparison = {.id = "partitions",
                     .title = "Replicas",
                     .source = "Somebody else",
                     .tolerances = {{.kind = Tolerance::Kind::exact}},
                     .rows = {{.label = "4", .published_text = "3 1", .predicted_text = "3 1"}}}};
}

PublishedTable skipped() {
  return {
      .comparison = {
          .id = "profile", .title = "Profiles", .source = "Others", .skipped = "needs vgg16.txt"}};
}

std::string text_of(const std::vector<PublishedTable>& tables, bool every_row = false) {
  return written(write_published_text, tables, every_row);
}

}  // namespace

TEST_SUITE("reports/published/published") {
  TEST_CASE("a table as text: aligned rows, what is asked of them, and the last word") {
    CHECK(
        text_of({times(), partitions(), skipped()}) ==
        "Times of steps\n"
        "  Somebody, 2026\n"
        "         published  predicted       error\n"
        "  a | b       10 s      9.5 s     -5.00 %\n"
        "  µ         1.25 s    1.375 s    +10.00 %\n"
        "  c            2 s        3 s  (+50.00 %)  other hardware\n"
        "  mean error 7.5 %, at most 5 %: BROKEN\n"
        "  worst error 10 %, at most 8 %: BROKEN\n"
        "  full model: mean error 7.5 %, worst 10 %\n"
        "  constant efficiency: mean error 20 %, worst 25 % (every operator at 43.7 % of the peak "
        "rate)\n"
        "\n"
        "Replicas\n"
        "  Somebody else\n"
        "     published  predicted  error\n"
        "  4        3 1        3 1      0\n"
        "  every row exact: ok\n"
        "\n"
        "Profiles\n"
        "  Others\n"
        "  skipped: needs vgg16.txt\n"
        "\n"
        "3 tables: 1 ok, 1 BROKEN, 1 skipped\n"
        "BROKEN: times\n");
  }

  TEST_CASE(
      "of a table of more than 12 rows the three farthest off are shown, unless all are asked "
      "for") {
    PublishedTable table = times();
    table.comparison.rows.clear();
    for (int i = 0; i < 13; ++i) {
      table.comparison.rows.push_back({.label = "row" + std::to_string(i),
                                       .published = 100,
                                       .predicted = 100.0 + (i % 2 == 0 ? -i : i)});
    }
    const std::string brief = text_of({table});
    CHECK(brief.find("  13 rows; the 3 farthest off:\n"
                     "         published  predicted     error\n"
                     "  row12      100 s       88 s  -12.00 %\n"
                     "  row11      100 s      111 s  +11.00 %\n"
                     "  row10      100 s       90 s  -10.00 %\n"
                     "  mean ") != std::string::npos);
    const std::string full = text_of({table}, true);
    CHECK(full.find("row0 ") != std::string::npos);
    CHECK(full.find("  not stated: the vocabulary\n  chosen on these figures: the links\n") !=
          std::string::npos);
  }

  TEST_CASE("a page has a line for each table, then those that were predicted") {
    const std::string page = written(write_published_markdown,
                                     std::vector<PublishedTable>{times(), partitions(), skipped()});
    CHECK(page.find("| Times of steps | 3 | mean error 7.5 %, at most 5 %; worst error 10 %, at "
                    "most 8 % | BROKEN | in part |\n"
                    "| Replicas | 1 | every row exact | ok |  |\n"
                    "| Profiles | 0 | needs vgg16.txt | skipped |  |\n"
                    "\n3 tables: 1 ok, 1 BROKEN, 1 skipped.\n"
                    "\n## Times of steps\n\nSomebody, 2026\n\n") != std::string::npos);
    CHECK(page.find("| a \\| b | 10 s | 9.5 s | -5.00 % |  |\n") != std::string::npos);
    CHECK(page.find("\nNot stated by the source:\n\n- the vocabulary\n"
                    "\nChosen on these very figures:\n\n- the links\n") != std::string::npos);
    CHECK(page.find("## Profiles") == std::string::npos);
  }

  TEST_CASE("as JSON, errors are percents and a prediction that is none is null") {
    PublishedTable table = times();
    table.comparison.rows[1].predicted = std::numeric_limits<double>::quiet_NaN();
    const nlohmann::json json =
        nlohmann::json::parse(published_json({table, partitions(), skipped()}).dump());
    CHECK(json["command"] == "validate");
    CHECK(json["holds"] == false);
    const nlohmann::json& first = json["tables"][0];
    CHECK(first["rows"][0] == nlohmann::json{{"label", "a | b"},
                                             {"published", 10.0},
                                             {"predicted", 9.5},
                                             {"error_percent", -5.0000000000000044},
                                             {"agrees", false},
                                             {"counts", true}});
    CHECK(first["rows"][1]["predicted"].is_null());
    CHECK(first["rows"][1]["error_percent"].is_null());
    CHECK(first["tolerances"][0]["holds"] == false);
    CHECK(first["not_stated"] == nlohmann::json{"the vocabulary"});
    CHECK(first["fitted"] == nlohmann::json{"the links"});
    CHECK(first["ablations"][1]["fraction_of_peak"] == 0.437);
    CHECK(json["tables"][1]["tolerances"][0] == nlohmann::json{{"kind", "exact"},
                                                               {"rows_allowed_outside", 0},
                                                               {"rows_outside", 0.0},
                                                               {"holds", true}});
    CHECK(json["tables"][2]["skipped"] == "needs vgg16.txt");
  }

  TEST_CASE("verdicts say what was found and what may be") {
    const auto text = [](Tolerance::Kind kind, double limit, int outliers, double found,
                         bool holds) {
      return verdict_text({.tolerance = {.kind = kind, .limit = limit, .outliers = outliers},
                           .found = found,
                           .holds = holds});
    };
    CHECK(text(Tolerance::Kind::most_rows, 0.1, 1, 2, false) ==
          "2 rows off by more than 10 %, at most 1 may be");
    CHECK(text(Tolerance::Kind::median, 0.045, 0, 0.03217, true) ==
          "median error 3.22 %, at most 4.5 %");
    CHECK(text(Tolerance::Kind::exact, 0, 0, 1, false) == "1 row not exact, where all must be");
  }
}

}  // namespace pipesim::test
