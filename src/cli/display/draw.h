// A moment of running downloads as lines of text for a terminal. Pure: values in, lines out.
//
//   movie.mkv  ━━━━━━━━━╸─────────  45 %  28.8/64.0 MiB  8.0 MiB/s  0:04 left  8 connections
//   ██████████▓▓▓▓····███▓▓▓▓▓▓···████▓▓▓·········▒▒▒▒▒▒▒▒▒▒▒×▒▒▒▒▒▒···························
//
// The second line is the map: where the segments are that are done (█), in flight (▓, a colour for each connection, or
// where there are no colours its number), to be proved again (▒), damaged (×), missing (·), and where the one cell is
// partly done and the rest missing (▄). In ASCII: # = ? ! . and +
//
// Several downloads have a line each, and one for all of them together. No line is wider than the terminal, less one
// column, nor are there more than it has, less one. What has no room is left out: first the number of connections, then
// sizes, time left, bar, speed.
#pragma once

#include <segdl/segment_map.h>
#include <segdl/task.h>

#include <cstddef>
#include <string>
#include <vector>

namespace segdl::cli {

// What the terminal is like.
struct Look {
  std::size_t columns = 80;
  std::size_t rows = 24;
  bool colours = false;
  bool utf8 = false;

  std::size_t room() const { return columns > 1 ? columns - 1 : 0; }  // in a line: at the last column terminals differ
  std::size_t lines() const { return rows > 2 ? rows - 1 : 1; }       // the cursor has one of its own
};

struct Line {
  std::string text = {};  // with control sequences for colours
  std::size_t width = 0;  // columns
  friend bool operator==(const Line&, const Line&) = default;
};

struct FileView {
  std::string name = {};  // foreign
  Progress progress = {};
  double speed = 0;  // bytes/s
};

// One download. An empty map has no line.
std::vector<Line> draw_file(const FileView&, const SegmentMap&, const Look&);

// Several, and what there is to say of all. Where there are too few lines, the fastest, and how many more.
std::vector<Line> draw_files(std::vector<FileView>, const std::string& total, const Look&);

}  // namespace segdl::cli
