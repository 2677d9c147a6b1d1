#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pipesim::published {

/// One published figure beside what is predicted for it.
struct Row {
  std::string label{};
  double published = 0;  ///< In the table's unit.
  double predicted = 0;
  double rounding = 0;  ///< How far apart the two may be where exactly the same is asked for.
  bool counts = true;   ///< Otherwise only reported: no tolerance is about it.
  std::string note{};
  /// Where the figure is no number; the two are then right or wrong.
  std::string published_text{};
  std::string predicted_text{};

  bool is_text() const { return !published_text.empty(); }
};

/// predicted / published - 1; of texts 0 or 1. Infinite where nothing finite was predicted.
double relative_error(const Row& row);

/// Whether the two are the same, within the row's rounding.
bool agrees(const Row& row);

/// What is asked of a table's errors, over the rows that count.
struct Tolerance {
  enum class Kind {
    exact,     ///< Every row agrees.
    worst,     ///< The largest error.
    mean,      ///< The mean of the errors' sizes.
    median,    ///< Their median.
    most_rows  ///< All rows but `outliers` have an error of at most the limit.
  };
  Kind kind = Kind::worst;
  double limit = 0;  ///< A fraction; none for `exact`.
  int outliers = 0;
};

/// Published figures of one kind, beside predictions.
struct Comparison {
  std::string id{};      ///< "sc21-throughput": for scripts.
  std::string title{};   ///< "Throughput of a GPU, Megatron-LM SC'21, Table 1".
  std::string source{};  ///< Of the published figures.
  std::string unit{};    ///< "s"; empty for plain ratios and counts.
  std::vector<Tolerance> tolerances{};
  std::vector<Row> rows{};
  /// What the source does not state, and what was assumed for it.
  std::vector<std::string> missing{};
  /// What was chosen with these very figures in view: a small error of theirs is then no proof.
  std::vector<std::string> fitted{};
  std::string skipped{};  ///< Why there are no rows; empty: it was predicted.
};

/// A tolerance held against a table.
struct Verdict {
  Tolerance tolerance{};
  double found = 0;  ///< A fraction; of `exact` and `most_rows` the number of rows outside.
  bool holds = false;
};

/// One for each tolerance; none where no row counts.
std::vector<Verdict> verdicts(const Comparison& comparison);

/// Whether all tolerances of a table hold; what was skipped breaks none.
bool holds(const Comparison& comparison);

/// The mean size of the errors of the rows that count; 0 without any.
double mean_error(const std::vector<Row>& rows);
/// Their median.
double median_error(const std::vector<Row>& rows);
/// The largest.
double worst_error(const std::vector<Row>& rows);

/// "exact", "worst", "mean", "median", "most rows".
std::string_view name_of(Tolerance::Kind kind);

}  // namespace pipesim::published
