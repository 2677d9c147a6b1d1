#include "reports/text/op_style.hpp"

namespace pipesim {

OpStyle style_of(OpKind kind) {
  constexpr std::string_view black = "#000000";
  constexpr std::string_view white = "#ffffff";
  switch (kind) {
    case OpKind::forward:
      return {"#0072b2", white};
    case OpKind::backward:
      return {"#e69f00", black};
    case OpKind::backward_input:
      return {"#d55e00", white};
    case OpKind::backward_weight:
      return {"#009e73", white};
    case OpKind::recompute:
      return {"#cc79a7", black};
    case OpKind::all_reduce:
      return {"#56b4e9", black};
    case OpKind::optimizer:
      return {"#f0e442", black};
    default:
      return {"#999999", black};
  }
}

}  // namespace pipesim
