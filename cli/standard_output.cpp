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

Output standard_output() {
  return Output([reader_left = false](std::string_view text) mutable {
    if (reader_left) return;
    const int failure = write_all(STDOUT_FILENO, text);
    reader_left = failure == EPIPE;
    if (failure == 0 || reader_left) return;
    throw InputError(fmt::format("<stdout>: /: cannot be written, got {}", std::strerror(failure)),
                     "send the output somewhere that has room for it");
  });
}

TextStyle standard_output_style() {
  TextStyle style;
  if (isatty(STDOUT_FILENO) == 0) return style;
  winsize size{};
  style.width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
  if (style.width == 0) style.width = 80;
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::strcmp(terminal, "dumb") == 0;
  style.colour = (no_colour == nullptr || *no_colour == '\0') && !dumb;
  return style;
}

}  // namespace pipesim::cli
