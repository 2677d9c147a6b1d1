#include "support/commands/documented_commands.hpp"

#include <algorithm>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace pipesim::test {

namespace {

constexpr const char* measured_mark = "<!-- measured -->";

bool is_command(const std::string& text) {
  static const std::regex command(R"((pipesim|build/pipesim|\./run\.sh) \S[^]*)");
  return std::regex_match(text, command);
}

bool has_placeholder(const std::string& text) {
  static const std::regex placeholder(R"(\b(CONFIG|FILE|DIR|NAME|KEY|VALUE)\b)");
  return std::regex_search(text, placeholder);
}

// What comes from a machine's measurements for long, or is held against its page by another test.
bool takes_long(const std::string& before, const std::string& behind) {
  static const std::regex written(R"(Written by\s$)");
  static const std::regex long_one(R"(^`?[ (]*takes a minute)");
  return std::regex_search(before, written) || std::regex_search(behind, long_one);
}

bool names_a_command(const std::string& text) {
  static const std::regex bare("pipesim [a-z-]+");
  return std::regex_match(text, bare);
}

int exit_code_in(const std::string& text) {
  static const std::regex stated("exit code ([0-9]+)");
  std::smatch match;
  return std::regex_search(text, match, stated) ? std::stoi(match[1]) : 0;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t");
  return first == text.npos ? "" : text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

class DocumentedPage {
 public:
  explicit DocumentedPage(const std::string& markdown) : lines_(lines_of(markdown)) {}

  std::vector<DocumentedCommand> read() {
    while (at_ < lines_.size()) {
      const std::string line = trimmed(lines_[at_]);
      if (line.starts_with("```")) {
        read_block(line.substr(3));
      } else if (line.empty()) {
        ++at_;
      } else {
        measured_ = line == measured_mark;
        line.starts_with("|") ? read_text(1) : read_text(lines_of_paragraph());
      }
    }
    return commands_;
  }

 private:
  std::vector<std::string> lines_;
  std::size_t at_ = 0;
  bool measured_ = false;  // The mark stands in front of what comes next.
  std::vector<DocumentedCommand> commands_{};

  bool ends_block() const { return at_ >= lines_.size() || trimmed(lines_[at_]) == "```"; }

  void read_block(const std::string& language) {
    ++at_;
    while (!ends_block()) {
      if (language == "console") {
        read_prompt();
      } else if (language == "sh") {
        read_shell_line();
      } else {
        refuse_command(lines_[at_]);
        ++at_;
      }
    }
    ++at_;
    measured_ = false;
  }

  void refuse_command(const std::string& line) const {
    const std::string text = trimmed(line);
    if (is_command(text) || text.starts_with("$ ")) {
      throw std::runtime_error("line " + std::to_string(at_ + 1) +
                               ": a command in a block that is neither console nor sh: " + text);
    }
  }

  // The line here and those that continue it.
  std::string continued() {
    std::string text = lines_[at_++];
    while (text.ends_with("\\") && !ends_block()) text += "\n" + lines_[at_++];
    return text;
  }

  void read_prompt() {
    if (!lines_[at_].starts_with("$ ")) {
      throw std::runtime_error("line " + std::to_string(at_ + 1) + ": output of no command");
    }
    DocumentedCommand command{
        .line = static_cast<int>(at_) + 1, .shows_output = true, .measured = measured_};
    command.text = continued().substr(2);
    command.first_shown = static_cast<int>(at_) + 1;
    while (!ends_block() && !lines_[at_].starts_with("$ ")) command.shown.push_back(lines_[at_++]);
    while (!command.shown.empty() && command.shown.back().empty()) command.shown.pop_back();
    if (command.text == "echo $?") {
      commands_.back().exit_code = std::stoi(command.shown.at(0));
    } else {
      commands_.push_back(std::move(command));
    }
  }

  void read_shell_line() {
    const int line = static_cast<int>(at_) + 1;
    const std::string text = continued();
    if (trimmed(text).empty() || trimmed(text).starts_with("#")) return;
    commands_.push_back({.text = text,
                         .line = line,
                         .exit_code = exit_code_in(text),
                         .pattern = has_placeholder(text)});
  }

  std::size_t lines_of_paragraph() const {
    std::size_t end = at_;
    while (end < lines_.size() && !trimmed(lines_[end]).empty() &&
           !trimmed(lines_[end]).starts_with("```") && !trimmed(lines_[end]).starts_with("|")) {
      ++end;
    }
    return end - at_;
  }

  // Code spans of a paragraph or a row of a table.
  void read_text(std::size_t count) {
    std::string text;
    const std::size_t first = at_;
    for (; at_ < first + count; ++at_) {
      if (lines_[at_].starts_with("    ")) refuse_command(lines_[at_]);
      text += lines_[at_] + "\n";
    }
    static const std::regex span("`([^`]+)`");
    for (std::sregex_iterator match(text.begin(), text.end(), span), end; match != end; ++match) {
      const std::string code = std::regex_replace(match->str(1), std::regex("\n"), " ");
      if (!is_command(code)) continue;
      const std::string before = text.substr(0, static_cast<std::size_t>(match->position()));
      const auto line = first + 1 + static_cast<std::size_t>(std::ranges::count(before, '\n'));
      const std::string behind = match->suffix().str();
      commands_.push_back({.text = code,
                           .line = static_cast<int>(line),
                           .exit_code = exit_code_in(behind.substr(0, behind.find('`'))),
                           .pattern = has_placeholder(code) || names_a_command(code) ||
                                      takes_long(before, behind)});
    }
  }
};

}  // namespace

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<DocumentedCommand> commands_of_page(const std::string& markdown) {
  return DocumentedPage(markdown).read();
}

std::vector<DocumentedCommand> commands_of_config(const std::string& jsonc) {
  std::vector<DocumentedCommand> commands;
  int number = 0;
  for (const std::string& line : lines_of(jsonc)) {
    ++number;
    const auto comment = line.find("//");
    if (comment == line.npos) continue;
    const std::string text = trimmed(line.substr(comment + 2));
    if (!is_command(text)) continue;
    commands.push_back({.text = text,
                        .line = number,
                        .exit_code = exit_code_in(text),
                        .pattern = has_placeholder(text)});
  }
  return commands;
}

}  // namespace pipesim::test
