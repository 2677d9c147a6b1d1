#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace pipesim {

/// A mistake of the user's: what is wrong, where, and what would be right. Ends in exit code 2.
/// `what()` is the two lines that are printed: the problem, then `  hint: …`.
class InputError : public std::runtime_error {
 public:
  /// `problem` already says where: "FILE: /pointer: must be positive, got -3".
  InputError(std::string_view problem, std::string_view hint);
  /// `reason`: the problem without the file, as a table says why a row can't be.
  InputError(std::string_view problem, std::string_view hint, std::string_view reason);
  /// Several at once, at least one: `what()` has the lines of all, `reason()` is the first's.
  explicit InputError(const std::vector<InputError>& all);

  const std::string& reason() const { return reason_; }

 private:
  std::string reason_;
};

/// Gathers what is wrong with an input, so that all of it is said at once.
struct Mistakes {
  static constexpr std::size_t most_shown = 20;

  std::vector<InputError> shown{};
  std::size_t more = 0;  ///< Found beyond those.

  bool none() const { return shown.empty(); }
  bool full() const { return shown.size() >= most_shown; }
  void add(InputError error);
  void add(const Mistakes& others);

  /// Does a part of the reading; what it throws is one more mistake.
  template <class Read>
  void gather(Read&& read) {
    try {
      read();
    } catch (const InputError& error) {
      add(error);
    }
  }

  /// All of them; how many more there are is said of `file`.
  InputError error(std::string_view file) const;
};

/// Where a piece of input comes from, so that an error can name it.
struct Source {
  std::string file{};                    ///< As the user gave it; `<stdin>` for `-`.
  std::string directory{};               ///< Paths inside the file are relative to it.
  std::vector<std::string> overrides{};  ///< JSON pointers that `--set` has written.

  /// The file, or `--set` where the value at `pointer` was set on the command line.
  std::string_view blame(std::string_view pointer) const;

  /// "FILE: /pointer: problem, got VALUE"; the document as a whole is `/`.
  InputError error(std::string_view pointer, std::string_view problem, std::string_view got,
                   std::string_view hint) const;
};

/// A text as JSON writes it, in ASCII: for what an error got.
std::string in_quotes(std::string_view text);

/// One step of a JSON pointer with its slash, escaped as RFC 6901 asks; control characters as \\u.
std::string pointer_step(std::string_view key);

using SourcePtr = std::shared_ptr<const Source>;

/// The entry of `known` that `word` was probably meant to be: near in meaning
/// (models/base/key_synonyms) or in its letters, for its length. Empty when none is.
std::string closest(std::string_view word, const std::vector<std::string>& known);

/// "did you mean "X"?" when one is near, then in any case the whole list: "PLURAL: a, b, c".
std::string suggestion(std::string_view word, std::string_view plural,
                       const std::vector<std::string>& known);

}  // namespace pipesim
