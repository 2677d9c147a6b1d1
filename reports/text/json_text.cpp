#include "reports/text/json_text.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/text/number_text.hpp"

namespace pipesim {

namespace {

using Json = nlohmann::ordered_json;

// The library's own decimals are the shortest ones only nearly always.
std::string decimals(double number) {
  if (!std::isfinite(number)) return "null";
  std::string text = fmt::format("{}", number);
  if (text.find_first_of(".e") == text.npos) text += ".0";
  return text;
}

class JsonText {
 public:
  explicit JsonText(std::string& out) : out_(out) {}

  void write(const Json& json) {
    if (json.is_object() && !json.empty()) {
      write_all(json.items(), '{', '}', [&](const auto& item) {
        out_ += printable(Json(item.key()).dump()) + ": ";
        write(item.value());
      });
    } else if (json.is_array() && !json.empty()) {
      write_all(json, '[', ']', [&](const Json& element) { write(element); });
    } else {
      out_ += json.is_number_float() ? decimals(json.get<double>()) : printable(json.dump());
    }
  }

 private:
  std::string& out_;
  std::size_t depth_ = 0;

  void begin_line() { out_.append("\n").append(2 * depth_, ' '); }

  template <class Range, class Write>
  void write_all(const Range& range, char open, char close, const Write& write_one) {
    char before = open;
    ++depth_;
    for (const auto& element : range) {
      out_ += before;
      before = ',';
      begin_line();
      write_one(element);
    }
    --depth_;
    begin_line();
    out_ += close;
  }
};

}  // namespace

std::string to_text(const Json& json) {
  std::string text;
  JsonText(text).write(json);
  return text += '\n';
}

}  // namespace pipesim
