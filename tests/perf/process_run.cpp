#include "tests/perf/process_run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>

namespace pipesim::perf {

Spent simulate_in_process(const std::string& config, const std::vector<std::string>& options) {
  std::vector<std::string> words{"pipesim", "simulate", config};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    execv(PIPESIM_BINARY, arguments.data());
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error("pipesim failed");
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  return {.seconds = spent.count(), .peak_bytes = 1024.0 * static_cast<double>(usage.ru_maxrss)};
}

std::string temporary_config() {
  return (std::filesystem::temp_directory_path() / fmt::format("pipesim-bench-{}.json", getpid()))
      .string();
}

}  // namespace pipesim::perf
