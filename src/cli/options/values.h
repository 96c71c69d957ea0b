// Values of options as users write them. Every function throws CLI::ValidationError with what is wrong, without the
// option's name.
#pragma once

#include "cli/options/options.h"

#include <segdl/checksum_list.h>
#include <segdl/task.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace segdl::cli {

// Bytes: 500, 64K, 1.5M, 1MiB, 10G, 2T. K is 1024, as in curl and wget; parts of a byte are rounded up.
std::uint64_t parse_size(const std::string& text);

// Seconds with decimals, or with a unit: 1.5, 300ms, 5m, 1h. At most ten years.
std::chrono::milliseconds parse_duration(const std::string& text);

// The same, but not nothing.
std::chrono::milliseconds parse_timeout(const std::string& text);

// A number from 0 to a million.
unsigned parse_count(const std::string& text);

// The same, but not nothing.
unsigned parse_positive(const std::string& text);

// The same as parse_count(), or kUnlimitedRetries for inf.
unsigned parse_retries(const std::string& text);

// A number of connections, or 0 for auto.
unsigned parse_connections(const std::string& text);

// interval, end or none.
Sync parse_sync(const std::string& text);

// auto, bar, plain or none.
ProgressAs parse_progress(const std::string& text);

// 'Name: value', or 'Name;' for one without a value, or 'Name:' for none at all.
struct HeaderWish {
  Header header;
  bool omits = false;
};

// One of them, or @FILE with one such line each.
std::vector<HeaderWish> parse_headers(const std::string& text);

// Puts it into the request. What is of no effect, as fields that browsers' "Copy as cURL" has in it and that ask for no
// more than what segdl decides by itself, is left out, and why is added to the warnings.
void take_header(HeaderWish, Request&, std::vector<std::string>& warnings);

// Why a path that a shell would have expanded is none: ~/x or $HOME/x in a file of settings, in quotes, or behind a =.
std::string why_unexpanded(const std::string& text);

// FILE or DIRECTORY/FILE, or - for standard output.
Output parse_output(const std::string& text);

// ALGORITHM=HEX.
Checksum parse_one_checksum(const std::string& text);

// Whether it is @FILE or ALGORITHM=@FILE.
bool names_checksum_list(std::string_view text);

// A list of checksums, written so, with at least one in it. The algorithm is that of lines without a tag.
// REQUIRES: names_checksum_list(text).
ChecksumList read_checksum_list(const std::string& text);

// NAME:PASS, or @FILE whose first line is that.
Credentials parse_credentials(const std::string& text);

}  // namespace segdl::cli
