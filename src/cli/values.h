// Values of options as people write them. Every function throws CLI::ValidationError with a sentence that names what is
// wrong; CLI11 adds the option.
#pragma once

#include <segdl/task.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace segdl::cli {

// Bytes: 500, 64K, 1M, 1MiB, 10G, 2T. K is 1024, as in curl and wget.
std::uint64_t parse_size(const std::string& text);

// Seconds with decimals, or with a unit: 1.5, 300ms, 5m, 1h. At most ten years.
std::chrono::milliseconds parse_duration(const std::string& text);

// A number from 0 to a million.
unsigned parse_count(const std::string& text);

// interval, end or none.
Sync parse_sync(const std::string& text);

// 'Name: value', or @FILE with one such line each.
std::vector<Header> parse_headers(const std::string& text);

// NAME:PASS, or @FILE whose first line is that.
Credentials parse_credentials(const std::string& text);

}  // namespace segdl::cli
