#include "reports/formats/chrome_trace.hpp"

#include <fmt/compile.h>

#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>
#include <vector>

#include "reports/gantt/run_extent.hpp"
#include "reports/text/number_text.hpp"
#include "schedules/core/dependencies.hpp"
#include "sim/engine/memory_trace.hpp"

namespace pipesim {

namespace {

// Nanoseconds in the trace.
std::int64_t stamp(Time time) {
  return (time.ps + 500) / 1000 + 1;
}

// Nanoseconds as µs with three decimals.
struct Micros {
  std::int64_t ns;
};

void append(fmt::memory_buffer& text, std::int64_t number) {
  const fmt::format_int digits(number);
  text.append(digits.data(), digits.data() + digits.size());
}

void append(fmt::memory_buffer& text, Micros time) {
  append(text, time.ns / 1000);
  const auto rest = static_cast<int>(time.ns % 1000);
  const char decimals[4] = {'.', static_cast<char>('0' + rest / 100),
                            static_cast<char>('0' + rest / 10 % 10),
                            static_cast<char>('0' + rest % 10)};
  text.append(decimals, decimals + 4);
}

// A slice's duration, on a thread whose first slice starts at `first`.
struct Duration {
  std::int64_t start, finish, first;
};

// Readers add it to the start in floating point, speedscope after it has moved the thread's first
// slice to 0. A sum that comes out above the end is after the start of a slice that follows at
// once: that one is then taken to be inside this one, which never ends.
bool sum_is_late(const Duration& slice, double duration) {
  const auto micros = [](std::int64_t ns) { return static_cast<double>(ns) / 1000; };
  const double start = micros(slice.start);
  const double finish = micros(slice.finish);
  const double first = micros(slice.first);
  return start + duration > finish || (start - first) + duration > finish - first;
}

// A duration whose sum with the start would come out too late is shortened by a millionth to a
// tenth of a nanosecond, which three decimals do not show.
void append(fmt::memory_buffer& text, const Duration& slice) {
  const std::int64_t ns = slice.finish - slice.start;
  if (!sum_is_late(slice, static_cast<double>(ns) / 1000)) return append(text, Micros{ns});
  const std::size_t begin = text.size();
  append(text, Micros{ns - 1});
  const std::size_t end = text.size();
  for (int nines = 6; nines > 0; --nines) {
    text.resize(end);
    for (int nine = 0; nine < nines; ++nine) text.push_back('9');
    double duration = 0;  // As a reader takes it.
    std::from_chars(text.data() + begin, text.data() + text.size(), duration);
    if (!sum_is_late(slice, duration)) return;
  }
}

void append(fmt::memory_buffer& text, std::string_view part) {
  text.append(part.data(), part.data() + part.size());
}

// A message's arrow joins the middle of nothing: it starts 1 ns before its sender's slice ends and
// ends 1 ns after its receiver's begins, which lies inside only where a slice has 2 ns or more.
constexpr std::int64_t shortest_with_arrow = 2;

class ChromeTrace {
 public:
  ChromeTrace(Output& out, const Experiment& experiment, const Run& run)
      : out_(out),
        experiment_(experiment),
        schedule_(experiment.schedule),
        timeline_(run.outcome.timeline),
        all_spans_(2 * static_cast<double>(span_count(timeline_))) {}

  void write() {
    find_arrows();
    put("{\"displayTimeUnit\": \"ns\",\n\"otherData\": {\"name\": ",
        std::string_view(printable(nlohmann::json(experiment_.config.name).dump())),
        ", \"schedule\": \"", std::string_view(schedule_.name), "\", \"clock\": \"",
        name_of(timeline_.clock), "\"},\n\"traceEvents\": [\n");
    for (int device = 0; device < schedule_.devices(); ++device) write_process(device);
    for_each_span(schedule_, timeline_, [&](int device, const Op& op, const Interval& when) {
      write_op(device, op, when);
      if (const Sent sent = sent_by(op, when, schedule_, experiment_.costs, timeline_); sent.any) {
        write_transfer(sent.transfer);
      }
      out_.reached(static_cast<double>(++spans_) / all_spans_);
    });
    for (int device = 0; device < schedule_.devices(); ++device) write_memory(device);
    put("\n]}\n");
  }

 private:
  // A row of slices, which must not overlap.
  struct Thread {
    std::int64_t tid = 0;
    std::int64_t first_start = 0;  // In ns of the trace; 0 until its first slice is written.
    Time free_at{};
  };
  enum class Side { send, receive };

  Output& out_;
  const Experiment& experiment_;
  const Schedule& schedule_;
  const Timeline& timeline_;
  const double all_spans_;  // Each twice: once for its slices, once for its memory.
  std::size_t spans_ = 0;   // Of them gone through.
  bool first_event_ = true;
  std::int64_t next_tid_ = 1;
  std::vector<Thread> compute_threads_{};  // [device]
  std::map<std::tuple<int, Side, int>, std::vector<Thread>> message_threads_{};
  std::vector<std::uint8_t>
      arrow_ends_{};  // [message]: how many of its two slices are long enough.

  template <class... Parts>
  void put(const Parts&... parts) {
    (append(out_.text(), parts), ...);
    out_.end_of_line();
  }
  template <class... Parts>
  void event(const Parts&... parts) {
    put(first_event_ ? std::string_view("") : std::string_view(",\n"), parts...);
    first_event_ = false;
  }

  // A number for a message that is unique in the step.
  std::size_t number(const MessageId& message) const {
    const std::size_t slot = static_cast<std::size_t>(message.stage) *
                                 static_cast<std::size_t>(schedule_.micro_batches) +
                             static_cast<std::size_t>(message.micro_batch);
    return 2 * slot + (message.is_gradient ? 1 : 0);
  }
  bool is_elsewhere(const Op& op, int other) const {
    return pipesim::is_elsewhere(schedule_, other, {op.stage, op.copy});
  }
  // The messages that F or a backward takes from another device, and hands on to one. A lazy R
  // takes none: it waits for its backward's.
  std::optional<MessageId> taken(const Op& op) const {
    if (!computes(op.kind) || recomputes(op.kind)) return std::nullopt;
    const auto message = message_to(op, schedule_);
    return message && is_elsewhere(op, message->maker()) ? message : std::nullopt;
  }
  std::optional<MessageId> handed_on(const Op& op) const {
    const auto message = computes(op.kind) ? message_from(op, schedule_) : std::nullopt;
    return message && is_elsewhere(op, message->stage) ? message : std::nullopt;
  }

  void find_arrows() {
    arrow_ends_.assign(
        2 * schedule_.placement.size() * static_cast<std::size_t>(schedule_.micro_batches), 0);
    for_each_span(schedule_, timeline_, [&](int, const Op& op, const Interval& when) {
      if (stamp(when.finish) - stamp(when.start) < shortest_with_arrow) return;
      if (const auto message = taken(op)) ++arrow_ends_[number(*message)];
      if (const auto message = handed_on(op)) ++arrow_ends_[number(*message)];
    });
  }

  void name_thread(int device, std::int64_t tid, std::string_view name) {
    event("{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":", device + 1, ",\"tid\":", tid,
          ",\"args\":{\"name\":\"", name, "\"}}");
    event("{\"ph\":\"M\",\"name\":\"thread_sort_index\",\"pid\":", device + 1, ",\"tid\":", tid,
          ",\"args\":{\"sort_index\":", tid, "}}");
  }

  void write_process(int device) {
    event("{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":", device + 1,
          ",\"args\":{\"name\":\"device ", device, "\"}}");
    event("{\"ph\":\"M\",\"name\":\"process_sort_index\",\"pid\":", device + 1,
          ",\"args\":{\"sort_index\":", device, "}}");
    compute_threads_.push_back({.tid = next_tid_++});
    name_thread(device, compute_threads_.back().tid, "compute");
  }

  // `F 3`, or a name alone. What takes no time is an instant, not a slice: it and a slice that
  // starts at the same moment are taken to be inside one another, and speedscope ends neither.
  // Chromium writes an `I`; its DevTools know no `i`.
  void write_slice(int device, Thread& thread, std::string_view name, std::string_view category,
                   const Interval& when, int stage, int micro_batch) {
    const std::int64_t start = stamp(when.start);
    const std::int64_t finish = stamp(when.finish);
    if (thread.first_start == 0 && start < finish) thread.first_start = start;
    event("{\"ph\":\"", start < finish ? std::string_view("X") : std::string_view("I\",\"s\":\"t"),
          "\",\"name\":\"", name);
    if (micro_batch >= 0) put(" ", micro_batch);
    put("\",\"cat\":\"", category, "\",\"pid\":", device + 1, ",\"tid\":", thread.tid,
        ",\"ts\":", Micros{start});
    if (start < finish) put(",\"dur\":", Duration{start, finish, thread.first_start});
    put(",\"args\":{\"stage\":", stage, ",\"micro_batch\":", micro_batch, "}}");
  }

  void write_op(int device, const Op& op, const Interval& when) {
    Thread& thread = compute_threads_[static_cast<std::size_t>(device)];
    write_slice(device, thread, token(op.kind), noun(op.kind), when, op.stage, op.micro_batch);
    if (const auto message = taken(op)) {
      write_arrow("f\",\"bp\":\"e", number(*message), device, thread.tid, stamp(when.start) + 1);
    }
    if (const auto message = handed_on(op)) {
      write_arrow("s", number(*message), device, thread.tid, stamp(when.finish) - 1);
    }
  }

  void write_arrow(std::string_view phase, std::size_t number, int device, std::int64_t tid,
                   std::int64_t at) {
    if (arrow_ends_[number] < 2) return;
    const bool is_gradient = number % 2 == 1;
    event("{\"ph\":\"", phase, "\",\"name\":\"",
          is_gradient ? std::string_view("gradient") : std::string_view("activation"),
          "\",\"cat\":\"message\",\"id\":", static_cast<std::int64_t>(number + 1),
          ",\"pid\":", device + 1, ",\"tid\":", tid, ",\"ts\":", Micros{at}, "}");
  }

  Thread& message_thread(int device, Side side, int neighbour, const Interval& when) {
    auto& threads = message_threads_[{device, side, neighbour}];
    for (Thread& thread : threads) {
      if (thread.free_at <= when.start) {
        thread.free_at = when.finish;
        return thread;
      }
    }
    threads.push_back({.tid = next_tid_++, .free_at = when.finish});
    name_thread(
        device, threads.back().tid,
        fmt::format("{} device {}", side == Side::send ? "send to" : "receive from", neighbour));
    return threads.back();
  }

  void write_transfer(const Transfer& transfer) {
    if (transfer.when.start == transfer.when.finish) return;
    for (const Side side : {Side::send, Side::receive}) {
      const int device = side == Side::send ? transfer.from : transfer.to;
      const int neighbour = side == Side::send ? transfer.to : transfer.from;
      Thread& thread = message_thread(device, side, neighbour, transfer.when);
      write_slice(device, thread, transfer.is_gradient ? "gradient" : "activation", "transfer",
                  transfer.when, transfer.stage, transfer.micro_batch);
    }
  }

  // How far the text is when a device's memory has been written up to a moment.
  void reach(std::span<const Interval> lane, Time at) {
    if (lane.empty() || at >= lane.back().finish) return;
    const auto gone = static_cast<double>(at.ps) / static_cast<double>(lane.back().finish.ps);
    const auto spans = static_cast<double>(spans_) + gone * static_cast<double>(lane.size());
    out_.reached(spans / all_spans_);
  }

  // One point where an op has allocated, and one where it has released.
  void write_memory(int device) {
    DeviceMemory memory(schedule_, experiment_.costs, timeline_, device);
    const std::span<const Interval> lane = timeline_.lanes[static_cast<std::size_t>(device)];
    while (!memory.done()) {
      const MemoryEvent current = memory.current();
      memory.advance();
      reach(lane, current.at);
      const bool goes_on = !memory.done() && memory.current().at == current.at &&
                           (memory.current().delta > 0) == (current.delta > 0);
      if (goes_on) continue;
      event("{\"ph\":\"C\",\"name\":\"memory\",\"pid\":", device + 1,
            ",\"ts\":", Micros{stamp(current.at)}, ",\"args\":{\"MiB\":");
      fmt::format_to(std::back_inserter(out_.text()), FMT_COMPILE("{}"),
                     static_cast<double>(current.device_total) / 1048576);
      put("}}");
    }
    spans_ += lane.size();
  }
};

}  // namespace

void write_chrome_trace(Output& out, const Experiment& experiment, const Run& run) {
  ChromeTrace(out, experiment, run).write();
}

}  // namespace pipesim
