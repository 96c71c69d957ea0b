// The whole outside world, as seen by the engine.
#pragma once

#include "seams/clock.h"
#include "seams/file_system.h"
#include "seams/transport.h"

namespace segdl {

// REQUIRES: all three outlive every Session made with it.
struct Env {
  FileSystem& files;
  Transport& transport;
  Clock& clock;
};

}  // namespace segdl
