#pragma once

#include <string>

namespace pipesim {

/// Remembers an open file that the command reads, by what it is and not by what it is called, so
/// that no report takes its place. What is no regular file loses nothing by being written.
void remember_read(int descriptor);

/// Whether the command has read the file of that path, under whatever name.
bool was_read(const std::string& path);

}  // namespace pipesim
