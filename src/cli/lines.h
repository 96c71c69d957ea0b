// Lines as people read them. Pure: values in, text out.
#pragma once

#include <segdl/task.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace segdl::cli {

// 1536 -> "1.5 KiB".
std::string size_words(std::uint64_t bytes);

// 3725 s -> "1:02:05", 65 s -> "1:05".
std::string time_words(std::chrono::seconds);

// One line about the progress: `name  45.2 MiB of 100.0 MiB  45 %  12.3 MiB/s  8 connections  0:05 left`.
std::string progress_line(const std::string& name, const Progress&, double bytes_per_second);

// What made sure of it: "sha-256", "strong validator", "length only".
std::string_view verified_words(const Report&);

// `movie.mkv: 1.0 GiB in 12.3 s (83.2 MiB/s), 8 connections, 200.0 MiB reused, verified by strong validator`.
std::string report_line(const Report&);

// The end of a text too long for `room` bytes, cut between characters: "...movie.mkv".
std::string shortened(const std::string& text, std::size_t room);

}  // namespace segdl::cli
