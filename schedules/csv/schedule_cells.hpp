#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schedules/core/op.hpp"

namespace pipesim {

/// A schedule file as it is written: PyTorch's CSV format (torch.distributed.pipelining), a row for
/// each device.
struct ScheduleCells {
  std::vector<std::vector<Op>> lanes{};
  /// columns[row][slot]: where the op stands, from 0. The two of an overlapped pair share a cell;
  /// columns that are left out are idle.
  std::vector<std::vector<int>> columns{};
};

/// Reads cells such as 0F0, 0I1, 2SEND_F1, 1UNSHARD, (0F7;7B3)OVERLAP_F_B or nothing. Also, of our
/// own: 0R3, a re-computation; 0W, the weight gradient of the whole mini-batch; 0'F4, an op on a
/// stage's second copy. In PyTorch's older dialect BW is the full backward and B the gradient of
/// the input: a file without an I is read so when it has a BW, or B and W of the same stage and
/// micro-batch. `file` is what errors call it. Throws InputError with row, column (from 1) and
/// token. Memory grows with the text, whatever numbers stand in it.
ScheduleCells read_schedule_cells(std::string_view text, const std::string& file);

/// "FILE: row 2, column 7": where the op in that slot of a device's lane stands; "FILE: row 2" for
/// no_slot. A PlaceOf (schedules/check/check_schedule.hpp).
std::string place_of(const ScheduleCells& cells, const std::string& file, int device,
                     std::size_t slot);

}  // namespace pipesim
