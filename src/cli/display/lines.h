// Lines for users. Pure: values in, text out.
#pragma once

#include <segdl/task.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace segdl::cli {

// 1536 -> "1.5 KiB".
std::string size_words(std::uint64_t bytes);

// The number in size_words(bytes), if that had the unit of size_words(other): 512 KiB in units of 64 MiB -> "0.5".
std::string size_in_units_of(std::uint64_t bytes, std::uint64_t other);

// 3725 s -> "1:02:05", 65 s -> "1:05".
std::string time_words(std::chrono::seconds);

// From 0 to 1; 1 if the total is zero or unknown.
double share_done(const Progress&);

// Shown instead of a speed: what the download waits for; empty while it is fetching.
std::string state_words(const Progress&);

// Nothing if it is unknown, or longer than a hundred hours.
std::optional<std::chrono::seconds> time_left(const Progress&, double bytes_per_second);

// One line about the progress: `name  45.2 MiB of 100.0 MiB  45 %  12.3 MiB/s  8 connections  0:05 left`.
std::string progress_line(const std::string& name, const Progress&, double bytes_per_second);

// How the file was verified: "sha-256", "strong validator", "length only".
std::string_view verified_words(const Report&);

// `movie.mkv: 1.0 GiB in 12.3 s (83.2 MiB/s), 8 connections, 200.0 MiB reused, verified by strong validator`.
std::string report_line(const Report&);

}  // namespace segdl::cli
