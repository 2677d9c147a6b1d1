#pragma once

#include <string>
#include <string_view>

#include "models/base/json_field.hpp"

namespace pipesim {

/// All of a file, or of standard input for `-`. `name` is what errors call it, `hint` says what to
/// give instead. Standard input and pipes, which can be read once, are kept for whoever asks again:
/// a config is read once more for every other way to run its model.
/// Throws InputError: a folder, unreadable, larger than 256 MiB.
std::string read_text_file(const std::string& path, const std::string& name, std::string_view hint);

/// Whether all of a text is UTF-8.
bool is_utf8(std::string_view text);

/// Where the file is that a value of a config names: relative to the config's folder; what the
/// command line sets may also be meant from where it is typed. `-` stays what it is.
std::string path_named_by(const Field& field);

/// For the hint when it is not there: what it is relative to, and every path that was tried.
std::string where_looked(const Field& field);

}  // namespace pipesim
