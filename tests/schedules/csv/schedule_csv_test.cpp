#include "schedules/csv/schedule_csv.hpp"

#include <doctest/doctest.h>

#include "models/base/input_error.hpp"
#include "schedules/check/check_schedule.hpp"
#include "schedules/check/lowering.hpp"
#include "schedules/check/sharding.hpp"
#include "schedules/core/deferred_weight_gradient.hpp"
#include "schedules/core/recompute.hpp"
#include "support/schedules/schedules.hpp"

using namespace pipesim;
using test::csv;
using namespace std::string_literals;

namespace {

// A file's schedule, checked; its errors name the places.
Schedule read(std::string_view text) {
  const ScheduleCells cells = read_schedule_cells(text, "my.csv");
  Schedule schedule = schedule_from(cells, "my.csv");
  if (contains(schedule, communicates)) schedule.communication = Communication::blocking;
  check_schedule(schedule, [&](int device, std::size_t slot) {
    return place_of(cells, "my.csv", device, slot);
  });
  return schedule;
}

// The file as it is written again; or why it is refused.
std::string outcome(std::string_view text) {
  try {
    return csv(read(text));
  } catch (const InputError& error) {
    return error.what();
  }
}

// Of a file of one cell.
std::string refusal(std::string_view cell) {
  return outcome("0F0,0B0," + std::string(cell));
}

const std::string bad_op =
    "\n  hint: write stage, kind and micro-batch, such as 0F0, 2SEND_F1 or 1UNSHARD";
const std::string kinds =
    "kinds: F, B, I, W, R, UNSHARD, RESHARD, REDUCE_GRAD, SEND_F, RECV_F, SEND_B, RECV_B";
const std::string too_large =
    "\n  hint: stages and micro-batches count from 0, and each stands in the file";

}  // namespace

TEST_SUITE_BEGIN("schedules/csv/schedule_csv");

TEST_CASE("an op is written as it was read") {
  // The first eight are PyTorch's test_action_parse, test_schedule.py.
  for (const char* token :
       {"1F0", "2I1", "0W3", "0B3", "1UNSHARD", "3RESHARD", "2SEND_B2", "1RECV_F1", "0SEND_F3",
        "0RECV_B4", "2REDUCE_GRAD", "0R3", "0W", "0'F4", "12'RECV_B11"}) {
    const std::string file = "test.csv";
    const Cell cell{.file = file, .text = token};
    CHECK(csv_token(read_csv_op(token, cell, 100).op) == token);
  }
}

TEST_CASE("a row is a device, and a stage is where it stands") {
  const Schedule schedule = read("0F0,2F0,2B0,0B0\n1F0,,,1B0,3F0,3B0\n");
  CHECK(schedule.micro_batches == 1);
  CHECK(schedule.placement == std::vector<int>{0, 1, 0, 1});
  CHECK(schedule.second_placement.empty());
  CHECK(csv(schedule) == "0F0,2F0,2B0,0B0\n1F0,1B0,3F0,3B0\n");
}

TEST_CASE("PyTorch's valid schedules are accepted, the one without backwards is not") {
  // test_valid_schedule and test_invalid_schedule_missing_action, test_schedule.py.
  CHECK(outcome("0F0,0B0\n1F0,1B0") == "0F0,0B0\n1F0,1B0\n");
  CHECK(outcome("0F0,0I0,0W0\n1F0,1I0,1W0") == "0F0,0I0,0W0\n1F0,1I0,1W0\n");
  CHECK(outcome("0F0\n1F0") ==
        "my.csv: row 1: must run every op once, got no B0.0\n"
        "  hint: every stage runs F and B, or F, I and W, for every micro-batch");
}

TEST_CASE("stages go round the devices, or there and back") {
  // PyTorch's test_generate_stage_to_rank_mapping.
  const auto looped = [](int devices, int on_each) {
    return looped_placement({.stages = devices, .virtual_stages = on_each});
  };
  const auto v = [](int devices, int on_each) {
    return v_placement({.stages = devices, .virtual_stages = on_each});
  };
  using Devices = std::vector<int>;
  CHECK(looped(2, 1) == Devices{0, 1});
  CHECK(looped(2, 2) == Devices{0, 1, 0, 1});
  CHECK(looped(4, 2) == Devices{0, 1, 2, 3, 0, 1, 2, 3});
  CHECK(v(2, 2) == Devices{0, 1, 1, 0});
  CHECK(v(4, 3) == Devices{0, 1, 2, 3, 3, 2, 1, 0, 0, 1, 2, 3});
  CHECK(v(4, 4) == Devices{0, 1, 2, 3, 3, 2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0});
}

TEST_CASE("what stands around the ops does not matter") {
  const std::string plain = "0F0,0B0\n1F0,1B0\n";
  CHECK(outcome("0F0,0B0\r\n1F0,1B0\r\n") == plain);
  CHECK(outcome("\xef\xbb\xbf"
                "0F0,0B0\n1F0,1B0") == plain);
  CHECK(outcome(" 0F0\t, 0B0 \n1F0 ,1B0") == plain);
  CHECK(outcome("\"0F0\",\" 0B0 \"\n\"\",1F0,1B0") == plain);
  CHECK(outcome("0F0,0B0,,,\n,1F0,1B0,") == plain);
  CHECK(outcome("0F0,0B0\n1F0,1B0\n\n \r\n\t\n") == plain);
  CHECK(outcome(",,,0F0,,,,0B0\n1F0,1B0") == plain);
}

TEST_CASE("an overlapped pair is one cell") {
  const std::string pair = "0F0,1F0,(0F1;1B0)OVERLAP_F_B,1F1,1B1,0B0,0B1\n";
  CHECK(outcome(pair) == pair);
  CHECK(outcome("0F0,1F0,\" ( 0F1 ; 1B0 ) OVERLAP_F_B\",1F1,1B1,0B0,0B1\n") == pair);
  const ScheduleCells cells = read_schedule_cells(pair, "my.csv");
  CHECK(cells.lanes[0][2].with_next);
  CHECK(cells.columns[0] == std::vector<int>{0, 1, 2, 2, 3, 4, 5, 6});
}

TEST_CASE("a second copy of every stage makes a schedule bidirectional") {
  const std::string text = "0F0,0B0,1'F1,1'B1\n0'F1,1F0,1B0,0'B1\n";
  const Schedule schedule = read(text);
  CHECK(schedule.placement == std::vector<int>{0, 1});
  CHECK(schedule.second_placement == std::vector<int>{1, 0});
  CHECK(csv(schedule) == text);
}

TEST_CASE("in the older dialect BW is the full backward and B the gradient of the input") {
  CHECK(outcome("0F0,0F1,0BW0,0B1,0W1") == "0F0,0F1,0B0,0I1,0W1\n");
  CHECK(outcome("0F0,0BW0\n1F0,1BW0") == "0F0,0B0\n1F0,1B0\n");
  CHECK(outcome("0F0,0B0,0W0\n1F0,1B0,1W0") == "0F0,0I0,0W0\n1F0,1I0,1W0\n");
  CHECK(outcome("0F0,1F0,(0F1;1BW0)OVERLAP_F_B,1F1,1B1,1W1,0BW0,0BW1") ==
        "0F0,1F0,(0F1;1B0)OVERLAP_F_B,1F1,1I1,1W1,0B0,0B1\n");
}

TEST_CASE("an I anywhere, or B and W of different micro-batches, are of the newer dialect") {
  CHECK(outcome("0F0,0F1,0B0,0I1,0W1") == "0F0,0F1,0B0,0I1,0W1\n");
  CHECK(outcome("0F0,0B0\n1F0,1I0,1W0") == "0F0,0B0\n1F0,1I0,1W0\n");
  CHECK(outcome("0F0,0F1,0B0,0B1,0W0\n1F0,1I0,1W0,1F1,1B1") ==
        "my.csv: row 1, column 5: stands before I0.0, which it needs, got W0.0\n"
        "  hint: a device runs its ops in the order given: move it behind");
  CHECK(outcome("0F0,0F1,0B0,0W1,0B1\n1F0,1F1,1B0,1B1") ==
        "my.csv: row 1, column 4: stands before I0.1, which it needs, got W0.1\n"
        "  hint: a device runs its ops in the order given: move it behind");
}

TEST_CASE("what is no op is refused with its place") {
  CHECK(refusal("F0") == "my.csv: row 1, column 3: is no op of a schedule, got \"F0\"" + bad_op);
  CHECK(refusal("0") == "my.csv: row 1, column 3: is no op of a schedule, got \"0\"" + bad_op);
  CHECK(refusal("0F0x") ==
        "my.csv: row 1, column 3: is no op of a schedule, got \"0F0x\"" + bad_op);
  CHECK(refusal("0F-1") ==
        "my.csv: row 1, column 3: has no known kind of op, got \"0F-1\"\n  hint: did you mean "
        "\"F\"? " +
            kinds);
  CHECK(refusal("-0F1") ==
        "my.csv: row 1, column 3: is no op of a schedule, got \"-0F1\"" + bad_op);
  CHECK(refusal("\"0F1") ==
        "my.csv: row 1, column 3: is no op of a schedule, got \"\\\"0F1\"" + bad_op);
}

TEST_CASE("an unknown kind of op is refused, with the nearest that is known") {
  CHECK(refusal("0SENDF1") ==
        "my.csv: row 1, column 3: has no known kind of op, got \"0SENDF1\"\n"
        "  hint: did you mean \"SEND_F\"? " +
            kinds);
  CHECK(refusal("0f0") ==
        "my.csv: row 1, column 3: has no known kind of op, got \"0f0\"\n"
        "  hint: did you mean \"F\"? " +
            kinds);
  CHECK(refusal("0UNSHRD") ==
        "my.csv: row 1, column 3: has no known kind of op, got \"0UNSHRD\"\n"
        "  hint: did you mean \"UNSHARD\"? " +
            kinds);
  CHECK(refusal("0A0") ==
        "my.csv: row 1, column 3: has no known kind of op, got \"0A0\"\n  hint: " + kinds);
  CHECK(refusal("0''F0") ==
        "my.csv: row 1, column 3: has no known kind of op, got \"0''F0\"\n  hint: " + kinds);
}

TEST_CASE("a number that no file of this size could need is refused, and takes no memory") {
  for (const std::string token :
       {"0F999999999", "99999999F0", "0F99999999999999999999999999", "30F0", "0F30"}) {
    CHECK(refusal(token) == "my.csv: row 1, column 3: has a number that is too large, got \"" +
                                token + "\"" + too_large);
  }
  std::string commas(1 << 20, ',');
  CHECK(outcome("0F0,0B0" + commas + "1000000F0") ==
        "my.csv: row 1, column 1048578: belongs to a pipeline of 1000001 stages, of which stage 1 "
        "is on no row, got \"1000000F0\"\n"
        "  hint: stages count from 0, without gaps");
  CHECK(outcome("0F0,0B0" + commas + "0F1000000") ==
        "my.csv: row 1: must run every op once, got no F0.1\n"
        "  hint: the file names 1000001 micro-batches, and every stage runs F and B, or F, I and "
        "W, for each");
  CHECK(
      outcome("0F0,0B0" + commas + "900000UNSHARD,0F900000").starts_with("my.csv: row 1, column "));
}

TEST_CASE("all but W need a micro-batch, and what is for a stage has none") {
  CHECK(refusal("0F") ==
        "my.csv: row 1, column 3: lacks its micro-batch, got \"0F\"\n"
        "  hint: write the micro-batch behind the kind: 0F3");
  CHECK(refusal("0UNSHARD1") ==
        "my.csv: row 1, column 3: is for a whole stage, not for a micro-batch, got \"0UNSHARD1\"\n"
        "  hint: write it without the number behind it");
}

TEST_CASE("a malformed pair is refused") {
  for (const char* token : {"(0F1;0B0)", "(0F1)OVERLAP_F_B", "(0F1;0B0)OVERLAP", "(0F1;0B0",
                            ")(0F1;0B0OVERLAP_F_B", "(0F1)0B0;OVERLAP_F_B"}) {
    if (token[0] == ')') continue;
    CHECK(refusal(token) == "my.csv: row 1, column 3: is no overlapped pair, got \""s + token +
                                "\"\n  hint: write (0F7;7B3)OVERLAP_F_B");
  }
  CHECK(refusal("(0F1;)OVERLAP_F_B") ==
        "my.csv: row 1, column 3: is no op of a schedule, got \"(0F1;)OVERLAP_F_B\"" + bad_op);
  CHECK(refusal("(0B1;0F1)OVERLAP_F_B") ==
        "my.csv: row 1, column 3: is not overlapped with a backward behind it, got B0.1\n"
        "  hint: an overlapped pair is a forward and a backward of other micro-batches");
  CHECK(refusal("(0F1;0B1)OVERLAP_F_B") ==
        "my.csv: row 1, column 3: stands before F0.1, which it needs, got B0.1\n"
        "  hint: a device runs its ops in the order given: move it behind");
}

TEST_CASE("a stage that is missing, or on two rows, is refused") {
  CHECK(
      outcome("0F0,0B0\n2F0,2B0") ==
      "my.csv: row 2, column 2: belongs to a pipeline of 3 stages, of which stage 1 is on no row, "
      "got \"2B0\"\n"
      "  hint: stages count from 0, without gaps");
  CHECK(outcome("0F0,0B0\n1F0,,1B0,0F1") ==
        "my.csv: row 2, column 4: belongs to stage 0, which is on row 1, got \"0F1\"\n"
        "  hint: a stage is on one device; a bidirectional schedule writes its second copy as "
        "0'F0");
  CHECK(outcome("0F0,0B0,0'F1,0'B1\n1F0,1B0") ==
        "my.csv: row 2, column 2: belongs to a pipeline of 2 stages, of which stage 1' is on no "
        "row, got \"1B0\"\n"
        "  hint: a bidirectional schedule holds every stage twice");
  CHECK(outcome("0'F0,0'B0") ==
        "my.csv: row 1, column 2: belongs to a pipeline of 1 stages, of which stage 0 is on no "
        "row, got \"0'B0\"\n"
        "  hint: stages count from 0, without gaps");
}

TEST_CASE("an op that stands twice is refused with both places") {
  CHECK(outcome("0F0,0F1,0B0,0B1\n1F0,1F1,1B0,1B1,,1F1") ==
        "my.csv: row 2, column 6: stands in the file twice, first in row 2, column 2, got "
        "\"1F1\"\n"
        "  hint: remove one of the two");
  CHECK(outcome("0F0,0B0,0'F0,0'B0") ==
        "my.csv: row 1, column 3: stands in the file twice, first in row 1, column 1, got "
        "\"0'F0\"\n"
        "  hint: remove one of the two");
  CHECK(outcome("0F0,0F1,0B0,0I0,0B1,0W0") ==
        "my.csv: row 1, column 4: stands twice, got I0.0\n"
        "  hint: remove one of the two");
}

TEST_CASE("an op that is missing is refused with the row where it should stand") {
  CHECK(outcome("0F0,0F1,0B0,0B1\n1F0,1B0,1B1") ==
        "my.csv: row 2: must run every op once, got no F1.1\n"
        "  hint: the file names 2 micro-batches, and every stage runs F and B, or F, I and W, for "
        "each");
  CHECK(outcome("0F0,0F1,0B0,0B1\n1F0,1B0,1F1") ==
        "my.csv: row 2: must run every op once, got no B1.1\n"
        "  hint: every stage runs F and B, or F, I and W, for every micro-batch");
  CHECK(outcome("0F0,0F1,0B0,0B1\n1F0,1I0,1F1,1I1,1W1") ==
        "my.csv: row 2: must run every op once, got no W1.0\n"
        "  hint: every stage runs F and B, or F, I and W, for every micro-batch");
  CHECK(outcome("0F0,0F1,0I0,0W0,0W1") ==
        "my.csv: row 1, column 5: stands before I0.1, which it needs, got W0.1\n"
        "  hint: a device runs its ops in the order given: move it behind");
  CHECK(outcome("0F0,0B0,1'F1,1'B1\n0'B1,1F0,1B0") ==
        "my.csv: row 2: must run every op once, got no F0'.1\n"
        "  hint: the file names 2 micro-batches, and every stage runs F and B, or F, I and W, for "
        "each");
  CHECK(outcome("0UNSHARD,0RESHARD") ==
        "my.csv: row 1: must run every op once, got no F0.0\n"
        "  hint: the file names 1 micro-batches, and every stage runs F and B, or F, I and W, for "
        "each");
}

TEST_CASE("a message that is missing is refused") {
  CHECK(outcome("0F0,0SEND_F0,0RECV_B0,0B0\n1RECV_F0,1F0,1B0") ==
        "my.csv: row 2: must run every op once, got no SEND_B1.0\n"
        "  hint: every message between devices is sent once and received once");
  CHECK(outcome("0F0,0SEND_F0,0RECV_B0,0B0\n1F0,1RECV_F0,1B0,1SEND_B0") ==
        "my.csv: row 2, column 1: stands before RECV_F1.0, which it needs, got F1.0\n"
        "  hint: a device runs its ops in the order given: move it behind");
}

TEST_CASE("an op that stands before one that it needs is refused with row and column") {
  CHECK(outcome("0F0,0B0\n,,1B0,1F0") ==
        "my.csv: row 2, column 3: stands before F1.0, which it needs, got B1.0\n"
        "  hint: a device runs its ops in the order given: move it behind");
}

TEST_CASE("a file without ops, or a row without, is refused") {
  const std::string nothing =
      "my.csv: row 1: must hold the ops of the first device, got nothing\n"
      "  hint: write a row for each device, such as 0F0,0F1,0B0,0B1";
  CHECK(outcome("") == nothing);
  CHECK(outcome(" \n\r\n\t\n") == nothing);
  CHECK(outcome("\xef\xbb\xbf") == nothing);
  const std::string hint = "\n  hint: every row is a device, and every device holds a stage";
  CHECK(outcome(",,\n") == "my.csv: row 1: must hold the ops of device 0, got none" + hint);
  CHECK(outcome("0F0,0B0\n\n1F0,1B0") ==
        "my.csv: row 2: must hold the ops of device 1, got none" + hint);
}

TEST_CASE("an error stays short and readable, whatever the file holds") {
  CHECK(outcome(std::string(10'000'000, '0')) ==
        "my.csv: row 1, column 1: is no op of a schedule, got \"" + std::string(59, '0') + "…" +
            bad_op);
  CHECK(outcome(std::string(10'000'000, '(')) ==
        "my.csv: row 1, column 1: is no overlapped pair, got \"" + std::string(59, '(') +
            "…\n  hint: write (0F7;7B3)OVERLAP_F_B");
  CHECK(outcome("0" + std::string(10'000'000, 'F')) ==
        "my.csv: row 1, column 1: has no known kind of op, got \"0" + std::string(58, 'F') +
            "…\n  hint: " + kinds);
  CHECK(outcome("0F\0000"s) ==
        "my.csv: row 1, column 1: has no known kind of op, got \"0F\\u00000\"\n  hint: " + kinds);
  CHECK(outcome("0\xc3\x9c") ==
        "my.csv: row 1, column 1: has no known kind of op, got \"0\\u00dc\"\n  hint: " + kinds);
}

TEST_CASE("of a file that is no schedule nothing is repeated") {
  CHECK(outcome("root:x:0:0:root:/root:/bin/sh\n") ==
        "my.csv: row 1, column 1: is no op of a schedule, got 29 bytes" + bad_op);
  CHECK(outcome("\xff\xfe\x30") ==
        "my.csv: row 1, column 1: is no op of a schedule, got 3 bytes" + bad_op);
}

TEST_CASE("a schedule of the catalog reads back as it was written") {
  int files = 0;
  for (const KnownSchedule& known : known_schedules()) {
    for (const auto& [stages, micro_batches] : {std::pair{1, 1}, {2, 4}, {4, 8}, {6, 12}}) {
      for (const int virtual_stages : {1, 3}) {
        const auto made = test::made(
            known,
            {.stages = stages, .micro_batches = micro_batches, .virtual_stages = virtual_stages});
        if (!made) continue;
        CAPTURE(known.name);
        CAPTURE(stages);
        CAPTURE(virtual_stages);
        const Schedule again = with_recompute(*made, Recompute::full, false);
        std::vector<Schedule> forms = {*made, again, receives_before_use(again),
                                       add_sends_and_receives(*made).value(),
                                       add_reduce_grad(add_unshard_reshard(again))};
        if (!known.bidirectional) forms.push_back(with_deferred_weight_gradient(*made));
        for (const Schedule& schedule : forms) {
          ++files;
          const Schedule back = read(csv(schedule));
          CHECK(back.micro_batches == schedule.micro_batches);
          CHECK(back.placement == schedule.placement);
          CHECK(back.second_placement == schedule.second_placement);
          CHECK(back.lanes == schedule.lanes);
        }
      }
    }
  }
  CHECK(files >= 400);  // The refusals leave most.
}

TEST_SUITE_END();
