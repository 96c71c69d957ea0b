// Detects workers that are so much slower than the others that a new connection is worth more than waiting.
//
// A worker's speed is compared with the median of its peers, so a slow link or a slow server, on which all are slow,
// cuts none.
// A worker is cut if it was silent for 2 s while that median is above 64 KiB/s, or if it was below a tenth of that
// median at every judgement for 3 s.
// The server may simply be slow on this worker's path: after a cut it is spared for 2, 4, 8, ... 64 s.
// At least half of the workers are spared at each judgement; the worst are cut first.
//
// Pure: time is a parameter.
#pragma once

#include "core/schedule/worker_id.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace segdl {

struct Pace {
  WorkerId worker;
  double speed;   // bytes/s, over the last second or so
  double silent;  // seconds since its last byte, or since its request if there was none
};

class Stragglers {
 public:
  // The workers to cut, the worst first. `at_work` are those that wait for bytes, each once; `now` is in seconds and
  // never decreases. To be called a few times per second.
  std::vector<WorkerId> judge(double now, std::span<const Pace> at_work);

 private:
  struct Record {
    std::optional<double> slow_since;
    double spared_until = 0;
    double pause = 0;  // after the last cut
    std::uint64_t judged = 0;
  };
  bool is_straggler(double now, const Pace&, double median);

  std::vector<Record> records_;  // by worker
  std::uint64_t judgements_ = 0;
};

}  // namespace segdl
