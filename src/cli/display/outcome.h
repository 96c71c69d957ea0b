// What is printed when a download has failed or was interrupted, of one or of many.
#pragma once

#include "cli/options/options.h"

#include <segdl/error.h>
#include <segdl/task.h>

#include <chrono>
#include <filesystem>
#include <string>

namespace segdl::cli {

inline constexpr std::chrono::milliseconds kPollInterval{40};  // how often signals and progress are looked at
inline constexpr std::chrono::milliseconds kCancelGrace{
    110};  // how long cancelled downloads may take to end by themselves

// The failure as this command reports it: advice to adopt a file goes to those who asked to continue one.
Error advised(Error, const FetchCommand&);
// A failure as it is printed: with the line of a list (or nothing), the URL where the message does not have it, and the
// hint.
std::string error_lines(const std::string& list_line, const std::string& url, const Error&);
void print_error(const std::string& list_line, const std::string& url, const Error&);

}  // namespace segdl::cli
