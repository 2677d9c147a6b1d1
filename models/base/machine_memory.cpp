#include "models/base/machine_memory.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace pipesim {

namespace {

// What the process has mapped.
Bytes address_space() {
  std::ifstream statm("/proc/self/statm");
  Bytes pages = 0;
  statm >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

}  // namespace

Bytes available_memory() {
  Bytes available = Bytes{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  std::ifstream meminfo("/proc/meminfo");
  std::string key;
  Bytes kibibytes = 0;
  std::string unit;
  while (meminfo >> key >> kibibytes && std::getline(meminfo, unit)) {
    if (key == "MemAvailable:") available = std::min(available, kibibytes * 1024);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    available = std::min(available, static_cast<Bytes>(limit.rlim_cur) - address_space());
  }
  return std::max(available, Bytes{0});
}

Bytes peak_resident_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Bytes{usage.ru_maxrss} * 1024;  // Linux counts in KiB.
}

}  // namespace pipesim
