// The system's clocks.
#pragma once

#include "seams/clock.h"

#include <memory>

namespace segdl::io {

std::unique_ptr<Clock> make_real_clock();

}  // namespace segdl::io
