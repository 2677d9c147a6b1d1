#include "cli/standard_error.hpp"

#include <unistd.h>

#include "cli/progress.hpp"
#include "reports/output_file.hpp"

namespace pipesim::cli {

void tell(std::string_view text) noexcept {
  const auto lock = hold_progress();
  write_all(STDERR_FILENO, text);
}

}  // namespace pipesim::cli
