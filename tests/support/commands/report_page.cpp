#include "support/commands/report_page.hpp"

#include <zlib.h>

#include <array>
#include <stdexcept>

namespace pipesim::test {

namespace {

std::string from_base64(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char letter : text) {
    if (letter == '=') break;
    bits = bits << 6 | static_cast<std::uint32_t>(alphabet.find(letter));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 255);
  }
  return bytes;
}

std::string inflated(std::string compressed) {
  z_stream stream{};
  inflateInit(&stream);
  stream.next_in = reinterpret_cast<unsigned char*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  std::string bytes;
  std::array<unsigned char, 4096> block{};
  int state = Z_OK;
  while (state == Z_OK) {
    stream.next_out = block.data();
    stream.avail_out = static_cast<uInt>(block.size());
    state = inflate(&stream, Z_NO_FLUSH);
    bytes.append(reinterpret_cast<const char*>(block.data()), block.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END) throw std::runtime_error("the columns end early");
  return bytes;
}

class Columns {
 public:
  explicit Columns(std::string bytes) : bytes_(std::move(bytes)) {}

  bool done() const { return at_ == bytes_.size(); }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(bytes_.at(at_++));
      value |= std::uint64_t{byte & 127u} << shift;
      if (byte < 128) return value;
    }
  }
  std::int64_t signed_number() {
    const std::uint64_t value = number();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  int small() { return static_cast<int>(number()); }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

struct PatternNumbers {
  std::vector<std::size_t> spans{};
  std::size_t held = 0;
};

void read_ops(Columns& columns, PageDevice& device) {
  for (PageSpan& span : device.spans) {
    const int byte = columns.small();
    span.op.kind = static_cast<OpKind>(byte & 15);
    span.op.copy = static_cast<std::uint8_t>(byte >> 4 & 1);
    span.op.with_next = (byte >> 5 & 1) == 1;
  }
  for (const auto part : {&Op::stage, &Op::micro_batch}) {
    std::int64_t value = 0;
    for (PageSpan& span : device.spans) {
      span.op.*part = static_cast<int>(value += columns.signed_number());
    }
  }
}

void read_times(Columns& columns, PageDevice& device) {
  std::vector<std::int64_t> gaps;
  for (std::size_t i = 0; i < device.spans.size(); ++i) gaps.push_back(columns.signed_number());
  Time at{};
  for (std::size_t i = 0; i < device.spans.size(); ++i) {
    Interval& when = device.spans[i].when;
    when.start = at + Time{gaps[i]};
    when.finish = when.start + Time{static_cast<std::int64_t>(columns.number())};
    at = when.finish;
  }
}

void read_needs(Columns& columns, PageDevice& device) {
  std::vector<PageNeed*> needs;
  for (PageSpan& span : device.spans) {
    const int other = columns.small();
    if (other > 0) needs.push_back(&span.need.emplace(PageNeed{.op = {.device = other - 1}}));
  }
  std::int64_t slot = 0;
  for (PageNeed* need : needs) {
    need->op.slot = static_cast<std::size_t>(slot += columns.signed_number());
  }
  for (PageNeed* need : needs) need->wait = {columns.signed_number()};
  for (PageNeed* need : needs) need->duration = {static_cast<std::int64_t>(columns.number())};
  for (PageNeed* need : needs) need->route = columns.number();
}

PatternNumbers read_device(Columns& columns, PageDevice& device) {
  PatternNumbers numbers;
  device.spans.resize(columns.number());
  read_ops(columns, device);
  read_times(columns, device);
  for (std::size_t i = 0; i < device.spans.size(); ++i) numbers.spans.push_back(columns.number());
  read_needs(columns, device);
  numbers.held = columns.number();
  return numbers;
}

std::vector<std::vector<PageUse>> read_patterns(Columns& columns) {
  std::vector<std::vector<PageUse>> patterns(columns.number());
  for (std::vector<PageUse>& pattern : patterns) {
    pattern.resize(columns.number());
    for (PageUse& use : pattern) {
      use.tag = columns.small();
      use.at_start = columns.signed_number();
      use.at_finish = columns.signed_number();
    }
  }
  return patterns;
}

void read_columns(std::string_view base64, PageRun& run) {
  Columns columns(inflated(from_base64(base64)));
  run.devices.resize(run.head["devices"]);
  std::vector<PatternNumbers> numbers;
  for (PageDevice& device : run.devices) numbers.push_back(read_device(columns, device));
  const auto patterns = read_patterns(columns);
  if (!columns.done()) throw std::runtime_error("something stands behind the columns");
  for (std::size_t d = 0; d < run.devices.size(); ++d) {
    run.devices[d].held = patterns.at(numbers[d].held);
    for (std::size_t i = 0; i < numbers[d].spans.size(); ++i) {
      run.devices[d].spans[i].memory = patterns.at(numbers[d].spans[i]);
    }
  }
}

// What stands between two texts, the first from `at` on, which is moved behind it; empty: none.
std::string_view between(std::string_view html, std::string_view before, std::size_t& at) {
  const auto found = html.find(before, at);
  if (found == html.npos) return {};
  const auto begin = found + before.size();
  const auto end = html.find("</script>", begin);
  at = end;
  return html.substr(begin, end - begin);
}

}  // namespace

Page read_page(std::string_view html) {
  Page page;
  std::size_t at = 0;
  const auto next = [&](std::string_view before) { return between(html, before, at); };
  page.head = nlohmann::json::parse(next(R"(<script type="application/json" id="report">)"));
  for (int run = 0; run < page.head["runs"]; ++run) {
    PageRun& read = page.runs.emplace_back();
    read.head = nlohmann::json::parse(next(R"(<script type="application/json" class="run">)"));
    read_columns(next(R"(<script type="text/plain" class="columns">)"), read);
  }
  return page;
}

}  // namespace pipesim::test
