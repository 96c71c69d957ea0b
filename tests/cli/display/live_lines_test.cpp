// What is written to a terminal, played on one of a few rows.
#include "cli/display/live_lines.h"
#include "cli/display/speed.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace segdl;
using namespace segdl::cli;
using namespace std::chrono_literals;

namespace {

// As much of a terminal as the lines use. Its screen is endless, it wraps lines anew when its width changes, and it
// knows no other characters than ASCII.
class Screen {
 public:
  explicit Screen(std::size_t columns) : columns_(columns) {}

  void write(std::string_view text) {
    while (!text.empty()) text.remove_prefix(text.starts_with("\x1b[") ? control(text) : character(text.front()));
  }

  // Only for lines that do not end where the cursor is.
  void resize(std::size_t columns) {
    std::vector<std::string> rows;
    for (const std::string& line : rows_) {
      for (std::size_t at = 0; at == 0 || at < line.size(); at += columns) rows.push_back(line.substr(at, columns));
    }
    y_ += rows.size() - rows_.size();
    rows_ = std::move(rows);
    columns_ = columns;
  }

  std::string text() const {
    std::string text;
    for (const std::string& row : rows_) text += row + "\n";
    text.erase(text.find_last_not_of('\n') + 1);
    return text;
  }
  bool is_as_it_was() const { return cursor_ && wraps_ && x_ == 0; }

 private:
  std::size_t character(char c) {
    if (c == '\r') {
      x_ = 0;
    } else if (c == '\n') {
      ++y_;
    } else if (x_ < columns_) {
      row().resize(std::max(row().size(), x_ + 1), ' ');
      row()[x_++] = c;
    } else {
      CHECK_MESSAGE(!wraps_, "a line is too long");
    }
    if (rows_.size() <= y_) rows_.resize(y_ + 1);
    return 1;
  }

  std::size_t control(std::string_view text) {
    const std::size_t end = text.find_first_of("ABCDHJKhlm", 2);
    const std::string argument(text.substr(2, end - 2));
    switch (text[end]) {
      case 'A':
        REQUIRE(std::stoul(argument) <= y_);
        y_ -= std::stoul(argument);
        break;
      case 'J':
        rows_.resize(y_ + 1);
        row().resize(std::min(row().size(), x_));
        break;
      case 'K':
        row().resize(std::min(row().size(), x_));
        break;
      case 'h':
      case 'l':
        (argument == "?25" ? cursor_ : wraps_) = text[end] == 'h';
        break;
      default:
        FAIL("unknown: " << text.substr(2, end - 1));
    }
    return end + 1;
  }

  std::string& row() { return rows_[y_]; }

  std::size_t columns_;
  std::vector<std::string> rows_{1};
  std::size_t x_ = 0, y_ = 0;
  bool cursor_ = true, wraps_ = true;
};

std::vector<Line> lines(const std::vector<std::string>& texts) {
  std::vector<Line> lines;
  for (const std::string& text : texts) lines.push_back({text, text.size()});
  return lines;
}

struct Scene {
  explicit Scene(std::size_t width = 20) : columns(width), screen(width) { screen.write("$ segdl\r\n"); }

  std::string show(const std::vector<std::string>& texts) {
    screen.write(live.paint(lines(texts), columns));
    return now();
  }
  std::string tell(const std::string& text) {
    screen.write(live.put_above(text + "\r\n", columns));
    return now();
  }
  std::string now() {
    CHECK(screen.is_as_it_was());
    return screen.text();
  }

  std::size_t columns;
  Screen screen;
  LiveLines live;
};

}  // namespace

TEST_CASE("lines are painted in place of those before, be they more or fewer") {
  Scene scene;
  CHECK(scene.show({"one 1 %"}) == "$ segdl\none 1 %");
  CHECK(scene.show({"one 20 %", "map"}) == "$ segdl\none 20 %\nmap");
  CHECK(scene.show({"a", "b", "c"}) == "$ segdl\na\nb\nc");
  CHECK(scene.show({"short"}) == "$ segdl\nshort");
  CHECK(scene.live.paint(lines({"short"}), scene.columns).empty());
}

TEST_CASE("messages go above the lines") {
  Scene scene;
  CHECK(scene.tell("first") == "$ segdl\nfirst");
  scene.show({"a", "b"});
  CHECK(scene.tell("second") == "$ segdl\nfirst\nsecond\na\nb");
  CHECK(scene.show({"A", "b"}) == "$ segdl\nfirst\nsecond\nA\nb");
}

TEST_CASE("the lines can be taken away, once") {
  Scene scene;
  scene.show({"a", "b"});
  scene.screen.write(scene.live.erase(scene.columns));
  CHECK(scene.now() == "$ segdl");
  scene.live.forget();
  CHECK(scene.live.erase(scene.columns).empty());
  CHECK(scene.show({"c"}) == "$ segdl\nc");
}

TEST_CASE("a terminal that became narrower has wrapped the lines, and is painted over all the same") {
  Scene scene;
  scene.show({"nineteen characters", "short"});
  scene.screen.resize(scene.columns = 8);
  CHECK(scene.screen.text() == "$ segdl\nnineteen\n charact\ners\nshort");
  CHECK(scene.show({"nine", "short"}) == "$ segdl\nnine\nshort");
  scene.screen.resize(scene.columns = 30);
  CHECK(scene.show({"nineteen characters", "short"}) == "$ segdl\nnineteen characters\nshort");
}

TEST_CASE("a message after a resize goes above the lines, too") {
  Scene scene;
  scene.show({"nineteen characters"});
  scene.screen.resize(scene.columns = 10);
  scene.screen.write(scene.live.erase(scene.columns));
  CHECK(scene.screen.text() == "$ segdl");
}

TEST_CASE("what was shown before something else was written is left where it is") {
  Scene scene;
  scene.show({"a", "b"});
  scene.screen.write("$ fg\r\n");
  scene.live.forget();
  CHECK(scene.show({"c"}) == "$ segdl\na\nb\n$ fg\nc");
}

TEST_CASE("whatever part of a picture has been written, taking it away puts the terminal right") {
  const std::string picture = LiveLines().paint(lines({"a", "b"}), 20);
  for (std::size_t part = 0; part < picture.size(); ++part) {
    if (picture.substr(part).find('\x1b') == std::string::npos) continue;
    LiveLines live;
    Screen screen(20);
    screen.write("\r\n\r\n\r\n");
    live.paint(lines({"a", "b"}), 20);
    const std::size_t cut = picture.rfind('\x1b', part);
    screen.write(picture.substr(0, cut));
    screen.write(live.erase(20));
    CHECK(screen.is_as_it_was());
  }
}

TEST_CASE("a speed settles within seconds, however often it is asked") {
  for (const auto pace : {100ms, 1000ms}) {
    const Speed::Moment begin{};
    Speed speed(begin);
    std::uint64_t bytes = 0;
    auto now = begin;
    const auto pass = [&](std::chrono::milliseconds time, std::uint64_t per_second) {
      for (auto left = time; left > 0ms; left -= pace) {
        bytes += per_second * static_cast<std::uint64_t>(pace.count()) / 1000;
        speed.measure(now += pace, bytes);
      }
      return speed.value();
    };
    CHECK(pass(1000ms, 1'000'000) == doctest::Approx(1e6));
    CHECK(pass(2000ms, 2'000'000) == doctest::Approx(2e6 - 1e6 / 2.718).epsilon(0.01));
    CHECK(pass(20'000ms, 0) < 1000);
    CHECK(speed.measure(now, bytes) == speed.value());
  }
}
