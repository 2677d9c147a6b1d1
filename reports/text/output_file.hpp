#pragma once

#include <memory>
#include <string>
#include <utility>

#include "reports/text/compressor.hpp"
#include "reports/text/output.hpp"
#include "sim/step/progress.hpp"

namespace pipesim {

/// A file that is written whole or not at all: into a temporary file beside it, renamed when
/// complete. What is no regular file (a pipe, /dev/null, `-` for standard output) is written
/// directly. What is named `….gz` is compressed on its way.
///
/// Throws InputError, naming the path, where it can't be created or written, or would replace a
/// file that the command has read.
class OutputFile {
 public:
  /// Creates the temporary file, so that an unwritable target is found before the work starts.
  /// `option`: what errors call the place of a file that the command has read.
  explicit OutputFile(const std::string& path, std::string option = "");
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();  ///< Removes the temporary file unless committed.

  Output& output() { return output_; }
  /// Told with every block how many bytes have been written, and of how many, as they go by the
  /// share of the text that its writer says it has reached.
  void report_to(ReportProgress progress) { progress_ = std::move(progress); }
  void finish();  ///< Writes the rest. What fails, fails here, before any file is in its place.
  void commit();  ///< Finishes if that is yet to be done, then puts the file in its place.

 private:
  std::string path_;      ///< As the user gave it.
  std::string option_;    ///< What asked for it.
  std::string target_{};  ///< Where the file goes, links resolved.
  std::string temporary_{};
  int descriptor_ = -1;
  int slot_ = -1;  ///< In the list of temporary files.
  bool committed_ = false;
  std::unique_ptr<Compressor> compressor_{};  ///< Null: written as it comes.
  double written_ = 0;
  ReportProgress progress_{};
  Output output_;

  void write(std::string_view text);
  void check_not_read() const;
};

/// Where a file of that name is or will be: absolute, and behind links, those to nothing yet, too.
std::string place_of(const std::string& path);

/// Removes the temporary files of all unfinished OutputFiles. Safe in a signal handler.
void remove_temporary_files() noexcept;

/// Writes all of a text to a descriptor. Returns errno's value, 0 for success.
int write_all(int descriptor, std::string_view text);

}  // namespace pipesim
