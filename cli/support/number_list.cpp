#include "cli/support/number_list.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <string_view>

#include "models/base/input_error.hpp"
#include "models/base/quoted_text.hpp"

namespace pipesim::cli {

namespace {

constexpr std::size_t most_numbers = 1 << 16;
constexpr std::string_view forms = "write one, a list or a range: 4 or 2,4,8 or 1..64";

class Reader {
 public:
  Reader(const std::string& option, const std::string& text) : option_(option), text_(text) {}

  std::vector<int> read() {
    std::string_view left = text_;
    for (bool more = true; more;) {
      const auto comma = left.find(',');
      add(left.substr(0, comma));
      more = comma != left.npos;
      if (more) left.remove_prefix(comma + 1);
    }
    return numbers_;
  }

 private:
  const std::string& option_;
  const std::string& text_;
  std::vector<int> numbers_{};

  InputError error(std::string_view problem, std::string_view hint) const {
    return InputError(fmt::format("{}: /: {}, got \"{}\"", option_, problem, abridged(text_)),
                      hint);
  }

  int number(std::string_view digits) const {
    int value = 0;
    const char* end = digits.data() + digits.size();
    const auto [rest, failed] = std::from_chars(digits.data(), end, value);
    if (rest == end && failed == std::errc::result_out_of_range) {
      throw error(fmt::format("must be numbers up to {}", std::numeric_limits<int>::max()), forms);
    }
    if (failed != std::errc{} || rest != end || value < 1) {
      throw error("must be numbers from 1", forms);
    }
    return value;
  }

  void add(std::string_view entry) {
    const auto dots = entry.find("..");
    const int first = number(entry.substr(0, dots));
    const int last = dots == entry.npos ? first : number(entry.substr(dots + 2));
    if (last < first) {
      throw error(fmt::format("must not run backwards, as {} does", entry),
                  fmt::format("write {}..{}", last, first));
    }
    const auto count = static_cast<std::size_t>(last - first) + 1;
    if (numbers_.size() + count > most_numbers) {
      throw error(fmt::format("must be at most {} numbers", most_numbers),
                  "choose some of them, such as 1,10,100,1000");
    }
    for (std::size_t i = 0; i < count; ++i) numbers_.push_back(first + static_cast<int>(i));
  }
};

}  // namespace

std::vector<int> read_number_list(const std::string& option, const std::string& text) {
  return Reader(option, text).read();
}

}  // namespace pipesim::cli
