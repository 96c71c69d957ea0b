#include "cli/display/draw.h"

#include "cli/display/lines.h"
#include "cli/display/width.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string_view>
#include <utility>

namespace segdl::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kShortestName = 8, kShortestBar = 10, kLongestBar = 50, kMaxForWords = 40;

// The fields of a line, left to right. Words stand where speed, time and connections would.
enum Field : std::size_t { kName, kBar, kPercent, kSizes, kSpeed, kLeft, kConnections, kFields };
// What is left out first where there is no room.
constexpr std::array kFirstToGo = {kConnections, kSizes, kBar, kLeft, kSpeed, kName, kPercent};

// A line before it is known how wide each field may be.
struct Row {
  std::array<std::string, kFields> fields = {};
  std::string words = {};
  double share = 0;  // done; negative: not known
};

// How wide each field is, of all lines alike; 0: left out.
using Widths = std::array<std::size_t, kFields>;

// Colours as a terminal takes them (ECMA-48, SGR).
constexpr std::string_view kGreen = "32", kRed = "31", kDim = "2";
constexpr std::array<std::string_view, 8> kOfConnections = {"36", "33", "35", "34", "96", "93", "95", "94"};

class Pen {
 public:
  explicit Pen(const Look& look) : look_(look) {}

  void write(std::string_view text, std::size_t wide, std::string_view colour = {}) {
    if (look_.colours && colour != colour_) {
      line_.text +=
          colour.empty() ? "\x1b[m" : fmt::format("\x1b[{}m", std::string(colour_.empty() ? "" : "0;").append(colour));
      colour_ = colour;
    }
    line_.text += text;
    line_.width += wide;
  }
  void write(const std::string& text) { write(text, columns(text)); }
  void repeat(std::string_view glyph, std::size_t times, std::string_view colour) {
    for (std::size_t i = 0; i < times; ++i) write(glyph, 1, colour);
  }
  std::size_t width() const { return line_.width; }

  Line take() {
    write("", 0);
    const auto end = line_.text.find_last_not_of(' ');
    line_.width -= line_.text.size() - (end + 1);  // npos + 1 is 0: nothing but blanks
    line_.text.resize(end + 1);
    return std::move(line_);
  }

 private:
  const Look& look_;
  Line line_;
  std::string_view colour_;
};

std::string sizes(const Progress& progress) {
  if (!progress.total) return size_words(progress.done);
  const std::string total = size_words(*progress.total);
  const std::size_t number = total.find(' ');
  return fmt::format("{:>{}}/{}", size_in_units_of(progress.done, *progress.total), number, total);
}

std::string connections(unsigned count) {
  return count == 0 ? "" : fmt::format("{} {}", count, count == 1 ? "connection" : "connections");
}

Row row_of(const FileView& view, const Look& look) {
  const Progress& progress = view.progress;
  Row row;
  row.fields[kName] = showable(view.name, look.utf8);
  row.share = progress.total ? share_done(progress) : -1;
  if (progress.total) row.fields[kPercent] = fmt::format("{:2.0f} %", std::floor(100 * std::min(row.share, 0.99)));
  row.fields[kSizes] = sizes(progress);
  row.words = showable(state_words(progress), look.utf8);
  if (!row.words.empty()) return row;
  row.fields[kSpeed] = fmt::format("{:>10}", size_words(static_cast<std::uint64_t>(view.speed)) + "/s");
  if (const auto left = time_left(progress, view.speed)) row.fields[kLeft] = time_words(*left) + " left";
  row.fields[kConnections] = connections(progress.connections);
  return row;
}

std::size_t needed(const Widths& widths) {
  std::size_t sum = 0, fields = 0;
  for (const std::size_t width : widths) {
    sum += width;
    if (width > 0) ++fields;
  }
  return sum + (fields > 0 ? (fields - 1) * kGap : 0);
}

// Of what the others leave, the name gets what it needs, but no more than two thirds where there is a bar.
void share_out(Widths& widths, std::size_t longest_name, std::size_t room) {
  if (widths[kName] == 0) return;
  const std::size_t free = widths[kName] + widths[kBar] + room - std::min(room, needed(widths));
  if (widths[kBar] == 0) {
    widths[kName] = std::min(longest_name, free);
    return;
  }
  widths[kName] = std::min(longest_name, std::max(widths[kName], free * 2 / 3));
  widths[kBar] = std::clamp(free - widths[kName], kShortestBar, kLongestBar);
  widths[kName] = std::min(longest_name, free - widths[kBar]);
}

// What words take beyond the room of the fields in whose place they stand.
std::size_t more_for_words(const std::vector<Row>& rows, const Widths& widths) {
  std::size_t longest = 0;
  for (const Row& row : rows) longest = std::max(longest, std::min(kMaxForWords, columns(row.words)));
  const std::size_t there = needed({0, 0, 0, 0, widths[kSpeed], widths[kLeft], widths[kConnections]});
  return longest > there ? longest - there + (there == 0 ? kGap : 0) : 0;
}

Widths fit(const std::vector<Row>& rows, std::size_t room) {
  Widths widths{};
  for (const Row& row : rows) {
    for (std::size_t field = 0; field < kFields; ++field) {
      widths[field] = std::max(widths[field], columns(row.fields[field]));
    }
    if (row.share >= 0) widths[kBar] = kShortestBar;
  }
  if (widths[kLeft] > 0) widths[kLeft] = std::max<std::size_t>(widths[kLeft], 10);
  room -= std::min(room / 2, more_for_words(rows, widths));
  const std::size_t longest_name = widths[kName];
  widths[kName] = std::min(longest_name, kShortestName);
  for (const Field field : kFirstToGo) {
    if (needed(widths) > room) widths[field] = 0;
  }
  share_out(widths, longest_name, room);
  return widths;
}

void draw_bar(Pen& pen, double share, std::size_t wide, const Look& look) {
  if (share < 0) return pen.write(std::string(wide, ' '));
  const std::size_t inside = look.utf8 ? wide : wide - 2;  // kShortestBar is more
  const auto halves = static_cast<std::size_t>(share * static_cast<double>(2 * inside));
  const std::size_t full = std::min(inside, halves / 2);
  if (!look.utf8) pen.write("[", 1);
  pen.repeat(look.utf8 ? "━" : "=", full, kGreen);
  std::size_t drawn = full;
  if (full < inside && (!look.utf8 || halves % 2 == 1)) {
    pen.write(look.utf8 ? "╸" : ">", 1, kGreen);
    ++drawn;
  }
  pen.repeat(look.utf8 ? "─" : " ", inside - drawn, kDim);
  if (!look.utf8) pen.write("]", 1);
}

Line draw_row(const Row& row, const Widths& widths, const Look& look) {
  Pen pen(look);
  const auto gap = [&pen] {
    if (pen.width() > 0) pen.write("  ", kGap);
  };
  for (std::size_t field = 0; field < kFields; ++field) {
    if (widths[field] == 0) continue;
    if (field == kSpeed && !row.words.empty()) break;
    gap();
    if (field == kBar) {
      draw_bar(pen, row.share, widths[kBar], look);
    } else if (field == kName) {
      pen.write(padded(shortened(row.fields[kName], widths[kName]), widths[kName]));
    } else {
      pen.write(indented(row.fields[field], widths[field]));
    }
  }
  if (!row.words.empty() && pen.width() + kGap < look.room()) {
    gap();
    pen.write(cut_off(row.words, look.room() - pen.width()));
  }
  return pen.take();
}

std::string number_of(std::uint32_t connection) {
  constexpr std::string_view kNumbers = "123456789abcdefghijklmnopqrstuvwxyz";
  return std::string(1, kNumbers[connection % kNumbers.size()]);
}

void draw_cell(Pen& pen, const MapCell& cell, const Look& look) {
  const bool utf8 = look.utf8;
  if (cell.revoked > 0) return pen.write(utf8 ? "×" : "!", 1, kRed);
  if (cell.in_flight > 0) {
    if (!look.colours) return pen.write(number_of(cell.connection), 1);
    return pen.write(utf8 ? "▓" : "=", 1, kOfConnections[cell.connection % kOfConnections.size()]);
  }
  if (cell.unproved > 0) return pen.write(utf8 ? "▒" : "?", 1);
  if (cell.done == cell.segments) return pen.write(utf8 ? "█" : "#", 1, kGreen);
  if (cell.done > 0) return pen.write(utf8 ? "▄" : "+", 1, kGreen);
  pen.write(utf8 ? "·" : ".", 1, kDim);
}

Line draw_map(const SegmentMap& map, const Look& look) {
  Pen pen(look);
  const std::size_t room = look.room();
  for (std::size_t column = 0; column < room; ++column) draw_cell(pen, map[column * map.size() / room], look);
  return pen.take();
}

Line draw_text(const std::string& text, const Look& look) {
  const std::string shown = cut_off(text, look.room());
  return {shown, columns(shown)};
}

// In the order in which they are.
void keep_fastest(std::vector<FileView>& views, std::size_t count) {
  std::vector<std::size_t> order(views.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return views[a].speed > views[b].speed; });
  order.resize(count);
  std::sort(order.begin(), order.end());
  std::vector<FileView> kept;
  kept.reserve(count);
  for (const std::size_t i : order) kept.push_back(std::move(views[i]));
  views = std::move(kept);
}

}  // namespace

std::vector<Line> draw_file(const FileView& view, const SegmentMap& map, const Look& look) {
  const Row row = row_of(view, look);
  std::vector<Line> lines = {draw_row(row, fit({row}, look.room()), look)};
  if (!map.empty() && look.lines() > 1) lines.push_back(draw_map(map, look));
  return lines;
}

std::vector<Line> draw_files(std::vector<FileView> views, const std::string& total, const Look& look) {
  const std::size_t all = views.size(), room = look.lines() - 1;
  if (all > room) keep_fastest(views, room == 0 ? 0 : room - 1);
  std::vector<Row> rows;
  rows.reserve(views.size());
  for (const FileView& view : views) rows.push_back(row_of(view, look));
  const Widths widths = fit(rows, look.room());
  std::vector<Line> lines;
  lines.reserve(rows.size() + 2);
  for (const Row& row : rows) lines.push_back(draw_row(row, widths, look));
  if (all > room && room > 0) lines.push_back(draw_text(fmt::format("... and {} more", all - views.size()), look));
  lines.push_back(draw_text(total, look));
  return lines;
}

}  // namespace segdl::cli
