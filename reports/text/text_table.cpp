#include "reports/text/text_table.hpp"

#include <algorithm>
#include <numeric>

#include "reports/text/display_width.hpp"

namespace pipesim {

namespace {

using Widths = std::vector<std::size_t>;

Widths needed_widths(const TextTable& table) {
  Widths widths;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    std::size_t width = table.has_header ? display_width(table.columns[i].header) : 0;
    for (const TextRow& row : table.rows) {
      if (i < row.cells.size()) width = std::max(width, display_width(row.cells[i]));
    }
    widths.push_back(width);
  }
  return widths;
}

std::size_t whole_width(const TextTable& table, const Widths& widths) {
  const std::size_t gaps = widths.empty() ? 0 : (widths.size() - 1) * table.gap;
  return std::accumulate(widths.begin(), widths.end(), table.indent + gaps);
}

// Drops a column and adds its header to those that were left out, in their order.
void leave_out(TextTable& table, std::size_t column, std::string& headers) {
  headers.insert(0, fmt::format("{}{}", table.columns[column].header, headers.empty() ? "" : ", "));
  const auto place = static_cast<std::ptrdiff_t>(column);
  table.columns.erase(table.columns.begin() + place);
  for (TextRow& row : table.rows) {
    if (column < row.cells.size()) row.cells.erase(row.cells.begin() + place);
  }
}

// Leaves out columns until the rest has room.
Widths fit(TextTable& table, std::size_t room, std::string& left_out) {
  Widths needed = needed_widths(table);
  Widths widths = needed;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    widths[i] = std::max(widths[i], table.columns[i].width);
  }
  if (room == 0 || whole_width(table, widths) <= room) return widths;
  for (std::size_t i = table.columns.size(); i-- > 0 && whole_width(table, needed) > room;) {
    if (!table.columns[i].may_go) continue;
    leave_out(table, i, left_out);
    needed.erase(needed.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return needed;
}

std::string line_of(const TextTable& table, const Widths& widths, const TextRow& row) {
  std::string line(row.cells.empty() ? 0 : table.indent, ' ');
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    const std::string blanks(widths[i] - display_width(row.cells[i]), ' ');
    if (i > 0) line.append(table.gap, ' ');
    line += table.columns[i].left ? row.cells[i] + blanks : blanks + row.cells[i];
  }
  if (!row.cells.empty() && !row.note.empty()) line.append(table.gap, ' ');
  line += row.note;
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

void write_text_table(Output& out, TextTable table, std::size_t room) {
  std::string left_out;
  const Widths widths = fit(table, room, left_out);
  TextRow header;
  for (const TextColumn& column : table.columns) header.cells.emplace_back(column.header);
  if (table.has_header) out.append(line_of(table, widths, header));
  for (const TextRow& row : table.rows) {
    out.append(line_of(table, widths, row));
    out.end_of_line();
  }
  if (left_out.empty()) return;
  out.append(fmt::format("{:{}}No room for {}.\n", "", table.indent, left_out));
}

}  // namespace pipesim
