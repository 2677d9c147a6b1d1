#include "cli/standard_output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "models/input_error.hpp"
#include "reports/output_file.hpp"

namespace pipesim::cli {

Output standard_output(bool* reader_left) {
  return Output([reader_left, has_left = false](std::string_view text) mutable {
    if (has_left) return;
    const int failure = write_all(STDOUT_FILENO, text);
    has_left = failure == EPIPE;
    if (reader_left != nullptr) *reader_left = has_left;
    if (failure == 0 || has_left) return;
    throw InputError(fmt::format("<stdout>: /: cannot be written, got {}", std::strerror(failure)),
                     "send the output somewhere that has room for it");
  });
}

int terminal_width(int descriptor) {
  winsize size{};
  const bool says = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return says ? size.ws_col : 80;
}

TextStyle standard_output_style() {
  TextStyle style;
  if (isatty(STDOUT_FILENO) == 0) return style;
  style.width = terminal_width(STDOUT_FILENO);
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::strcmp(terminal, "dumb") == 0;
  style.colour = (no_colour == nullptr || *no_colour == '\0') && !dumb;
  return style;
}

}  // namespace pipesim::cli
