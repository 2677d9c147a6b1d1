#pragma once

#include "reports/text/output.hpp"
#include "reports/text/terminal_colours.hpp"
#include "sim/step/experiment.hpp"
#include "sim/step/run.hpp"

namespace pipesim {

/// How text is to look.
struct TextStyle {
  int width = 0;  ///< Of the terminal in columns; 0 when it is none.
  Colours colours = Colours::none;
};

/// The timeline as rows of text, one for each device. Where all times are multiples of one step, a
/// cell stands for a step, if that is not too wide; otherwise a column stands for an equal share of
/// the whole time. Needs a run with its timeline. Of very many devices only the first and last are
/// shown.
void write_text_gantt(Output& out, const Experiment& experiment, const Run& run,
                      const TextStyle& style);

}  // namespace pipesim
