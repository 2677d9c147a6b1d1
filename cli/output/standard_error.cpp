#include "cli/output/standard_error.hpp"

#include <unistd.h>

#include "cli/output/progress.hpp"
#include "reports/text/output_file.hpp"

namespace pipesim::cli {

void tell(std::string_view text) noexcept {
  const auto lock = hold_progress();
  write_all(STDERR_FILENO, text);
}

}  // namespace pipesim::cli
