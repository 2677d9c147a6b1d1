#pragma once

#include <string>

#include "sim/published/tables.hpp"

namespace pipesim {

/// How figures of published tables are written, in text and Markdown alike.

/// Four significant digits, whole numbers in full; a text as it is; with the table's unit.
std::string published_text(const published::Row& row, const std::string& unit);
std::string predicted_text(const published::Row& row, const std::string& unit);

/// "+1.23 %", "0", "wrong" of a text that is; in brackets where the row doesn't count.
std::string error_text(const published::Row& row);

/// "mean error 4.58 %, at most 5 %", "all rows exact", "2 rows differ, exact is asked for".
std::string verdict_text(const published::Verdict& verdict);

/// "ok", "BROKEN", "skipped" or "reported only".
std::string_view verdict_word(const published::Comparison& comparison);

/// "mean error 12.3 %, worst 25 % (every operator at 43.1 % of the peak rate)".
std::string ablation_text(const published::AblationResult& result);

/// How many tables say so.
struct PublishedCount {
  std::size_t ok = 0;
  std::size_t broken = 0;
  std::size_t skipped = 0;
  std::size_t reported_only = 0;
};
PublishedCount count_of(const std::vector<published::PublishedTable>& tables);

/// "9 tables: 8 ok, 1 BROKEN".
std::string count_text(const PublishedCount& count);

}  // namespace pipesim
