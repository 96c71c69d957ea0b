// Lines about all downloads of a batch. Pure: values in, text out.
#pragma once

#include <segdl/batch.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace segdl::cli {

// How many failures failure_lines() names again.
inline constexpr std::size_t kNamedAgain = 100;

// `12 of 5000 files  2 failed  3 active  4986 left  1.2 GiB  85.3 MiB/s`; left are those active, too.
std::string batch_line(const BatchTally&, const BatchProgress&, double bytes_per_second);

// `5000 files: 78.1 MiB in 0.5 s (156.2 MiB/s), 3 skipped, 2 failed`.
std::string total_line(const BatchTally&, std::chrono::nanoseconds elapsed);

// The failures once more, a line each, or how many more there were; nothing if there was none. Ends its last line.
std::string failure_lines(const BatchTally&, const std::vector<std::string>& first_failures);

}  // namespace segdl::cli
