// What a terminal of a given width is shown, drawn as it looks.
#include "cli/display/draw.h"
#include "cli/display/width.h"

#include <doctest/doctest.h>

#include <clocale>
#include <cstdint>
#include <string>
#include <vector>

using namespace segdl;
using namespace segdl::cli;

namespace {

struct InUtf8 {
  InUtf8() { REQUIRE(std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr); }
  ~InUtf8() { std::setlocale(LC_CTYPE, "C"); }
  InUtf8(const InUtf8&) = delete;
  InUtf8& operator=(const InUtf8&) = delete;
};

Look ascii(std::size_t columns, std::size_t rows = 24) { return {columns, rows, false, false}; }
Look utf8(std::size_t columns, std::size_t rows = 24) { return {columns, rows, false, true}; }

FileView movie() {
  FileView view;
  view.name = "movie.mkv";
  view.progress.phase = Phase::fetching;
  view.progress.total = 64 * kMiB;
  view.progress.done = 30 * kMiB;
  view.progress.connections = 8;
  view.speed = 8.0 * kMiB;
  return view;
}

// One segment a cell:  # done  + done and missing  1, 2 in flight  ? not proved  ! revoked  . missing
SegmentMap map_of(const std::string& picture) {
  SegmentMap map;
  for (const char c : picture) {
    MapCell cell;
    cell.segments = 2;
    cell.done = c == '#' ? 2 : c == '+' ? 1 : 0;
    cell.unproved = c == '?' ? 2 : 0;
    cell.in_flight = c >= '1' && c <= '9' ? 2 : 0;
    cell.connection = cell.in_flight > 0 ? static_cast<std::uint32_t>(c - '1') : 0;
    cell.missing = 2 - cell.done - cell.unproved - cell.in_flight;
    cell.revoked = c == '!' ? 1 : 0;
    map.push_back(cell);
  }
  return map;
}

// As on a screen; every width is right and within the terminal.
std::string screen(const std::vector<Line>& lines, const Look& look) {
  std::string text;
  for (const Line& line : lines) {
    if (!look.colours) CHECK(line.width == columns(line.text));
    CHECK(line.width < look.columns);
    text += line.text + "\n";
  }
  CHECK(lines.size() <= look.lines());
  return text;
}

std::string file(const FileView& view, const Look& look, const std::string& map = "") {
  return screen(draw_file(view, map_of(map), look), look);
}

std::string files(const std::vector<FileView>& views, const Look& look) {
  return screen(draw_files(views, "3 of 9 files  5.0 MiB/s", look), look);
}

}  // namespace

TEST_CASE("a download has a line, and a map below it as wide as the terminal") {
  const InUtf8 locale;
  CHECK(file(movie(), utf8(101), "##11.+?!.22.........") ==
        "movie.mkv  ━━━━━━━━━━━━━╸───────────────  46 %  30.0/64.0 MiB   8.0 MiB/s   0:04 left  8 connections\n"
        "██████████1111111111·····▄▄▄▄▄▒▒▒▒▒×××××·····2222222222·············································\n");
  CHECK(file(movie(), ascii(61), "##11.+!?.22.........") ==
        "movie.mkv  [=======>         ]  46 %   8.0 MiB/s   0:04 left\n"
        "######111111...+++!!!???...222222...........................\n");
}

TEST_CASE("a map of fewer cells than columns is stretched, and one of more comes out whole") {
  CHECK(file(movie(), ascii(21), "#.") == "movie.mkv  46 %\n##########..........\n");
  CHECK(file(movie(), ascii(21, 2), "#.") == "movie.mkv  46 %\n");  // no row for it
}

TEST_CASE("what has no room is left out, the least telling first") {
  FileView view = movie();
  view.name = "the-movie-of-the-year.mkv";
  CHECK(file(view, ascii(120)) ==
        "the-movie-of-the-year.mkv  [==============>               ]  46 %  30.0/64.0 MiB   8.0 MiB/s   0:04 left  8 "
        "connections\n");
  CHECK(file(view, ascii(90)) ==
        "...f-the-year.mkv  [===>    ]  46 %  30.0/64.0 MiB   8.0 MiB/s   0:04 left  8 connections\n");
  CHECK(file(view, ascii(80)) == "...ie-of-the-year.mkv  [====>    ]  46 %  30.0/64.0 MiB   8.0 MiB/s   0:04 left\n");
  CHECK(file(view, ascii(60)) == "...f-the-year.mkv  [===>    ]  46 %   8.0 MiB/s   0:04 left\n");
  CHECK(file(view, ascii(40)) == "...ar.mkv  46 %   8.0 MiB/s   0:04 left\n");
  CHECK(file(view, ascii(30)) == "...year.mkv  46 %   8.0 MiB/s\n");
  CHECK(file(view, ascii(20)) == "...e-year.mkv  46 %\n");
  CHECK(file(view, ascii(10)) == "46 %\n");
  CHECK(file(view, ascii(4)) == "\n");
  for (std::size_t columns = 1; columns < 300; ++columns) file(view, ascii(columns), "##11.+?!.22.........");
}

TEST_CASE("a wide terminal does not tear the line apart") {
  CHECK(file(movie(), ascii(250)) ==
        "movie.mkv  [======================>                         ]  46 %  30.0/64.0 MiB   8.0 MiB/s   0:04 left  8 "
        "connections\n");
}

TEST_CASE("a download that waits says for what") {
  FileView view = movie();
  view.progress.phase = Phase::waiting;
  view.progress.note = "connect to h:80: Connection refused; trying again in 1.0 s";
  CHECK(file(view, ascii(80)) == "movie.mkv  [=========>           ]  46 %  connect to h:80: Connection refuse...\n");
  view.progress = {};
  CHECK(file(view, ascii(80)) == "movie.mkv  0 B  queued\n");
}

TEST_CASE("a resource of unknown size has no bar, and no share") {
  FileView view = movie();
  view.progress.total.reset();
  CHECK(file(view, ascii(80)) == "movie.mkv  30.0 MiB   8.0 MiB/s  8 connections\n");
}

TEST_CASE("foreign names can't move the cursor, and take the room that they take") {
  const InUtf8 locale;
  FileView view = movie();
  view.name = "a\x1b[2J\u202e\u65e5\u672c.mkv";
  CHECK(file(view, utf8(60)) == "...{202e}\u65e5\u672c.mkv  ━━━━╸─────  46 %   8.0 MiB/s   0:04 left\n");
  CHECK(file(view, utf8(30)) == "...\u65e5\u672c.mkv  46 %   8.0 MiB/s\n");
  view.name = "\u65e5\u672c.mkv";
  CHECK(file(view, ascii(40)) == "??.mkv  46 %   8.0 MiB/s   0:04 left\n");
}

TEST_CASE("several downloads are aligned, and all together have the last line") {
  FileView other = movie();
  other.name = "b";
  other.progress.total = 2000 * kMiB;
  other.speed = 0;
  other.progress.connections = 1;
  CHECK(files({movie(), other}, ascii(101)) ==
        "movie.mkv  [============>              ]  46 %  30.0/64.0 MiB   8.0 MiB/s   0:04 left  8 connections\n"
        "b          [>                          ]   1 %    0.0/2.0 GiB       0 B/s               1 connection\n"
        "3 of 9 files  5.0 MiB/s\n");
}

TEST_CASE("of more downloads than there are rows the fastest are shown") {
  std::vector<FileView> views;
  for (const int speed : {5, 1, 7, 3, 7}) {
    views.push_back(movie());
    views.back().speed = speed * static_cast<double>(kMiB);
  }
  CHECK(files(views, ascii(30, 5)) ==
        "movie.mkv  46 %   7.0 MiB/s\nmovie.mkv  46 %   7.0 MiB/s\n... and 3 more\n3 of 9 files  5.0 MiB/s\n");
  CHECK(files(views, ascii(30, 2)) == "3 of 9 files  5.0 MiB/s\n");
  CHECK(files(views, ascii(30, 1)) == "3 of 9 files  5.0 MiB/s\n");
  CHECK(draw_files(views, "", ascii(30, 7)).size() == 6);
  CHECK(draw_files(views, "", ascii(30, 6)).size() == 5);
}

TEST_CASE("each connection has its colour, and a line ends without one") {
  Look look = ascii(6);
  look.colours = true;
  const auto lines = draw_file(movie(), map_of("#12.!"), look);
  REQUIRE(lines.size() == 2);
  CHECK(lines[1].width == 5);
  CHECK(lines[1].text == "\x1b[32m#\x1b[0;36m=\x1b[0;33m=\x1b[0;2m.\x1b[0;31m!\x1b[m");
}

TEST_CASE("text is cut between characters, at its beginning or end") {
  CHECK(shortened("movie.mkv", 9) == "movie.mkv");
  CHECK(shortened("movie.mkv", 8) == "...e.mkv");
  CHECK(shortened("movie.mkv", 2) == "..");
  CHECK(shortened("movie.mkv", 0).empty());
  CHECK(cut_off("movie.mkv", 8) == "movie...");
  CHECK(cut_off("movie.mkv", 2) == "..");
  const InUtf8 locale;
  CHECK(shortened("mo\u00e4\u00e4\u00e4\u00e4", 5) == "...\u00e4\u00e4");
  CHECK(shortened("\u65e5\u65e5\u65e5", 5) == "...\u65e5");
  CHECK(shortened("\u65e5\u65e5\u65e5", 4) == "...");
  CHECK(cut_off("\u65e5\u65e5\u65e5", 5) == "\u65e5...");
  CHECK(columns("e\u0301\u65e5") == 3);
  CHECK(shortened("abce\u0301z", 4) == "...z");
}

TEST_CASE("what a terminal can't show is one question mark each") {
  CHECK(showable("a\u00e4\u65e5b", false) == "a??b");
  CHECK(showable("a\x07", false) == "a\\x07");
  const InUtf8 locale;
  CHECK(showable("a\u00e4\u65e5b", true) == "a\u00e4\u65e5b");
  CHECK(showable("a\xff", true) == "a\\xff");
  CHECK(showable("a\U0010fffe", true) == "a?");  // no character
}
