// Lists, and names that were there before.
#include "batch/list_reader.h"
#include "batch/name_set.h"

#include <fmt/format.h>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace segdl;
using namespace segdl::batch;

namespace {

// Lines as `number|url|name|problem`.
std::vector<std::string> taken(ListReader& reader) {
  std::vector<std::string> lines;
  while (const auto line = reader.next()) {
    lines.push_back(fmt::format("{}|{}|{}|{}", line->number, line->url, line->name, line->problem));
  }
  return lines;
}

std::vector<std::string> lines_of(std::vector<std::string_view> pieces) {
  ListReader reader;
  std::vector<std::string> lines;
  const auto take = [&] {
    for (std::string& line : taken(reader)) lines.push_back(std::move(line));
  };
  for (const std::string_view piece : pieces) {
    reader.feed(piece);
    take();
  }
  reader.finish();
  take();
  take();  // at the end it stays at the end
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a list has a URL on each line, and a name after a TAB if it likes") {
  CHECK(lines_of({"u\nv\tname\n  w \t with blanks \t\nx"}) == Lines{"1|u||", "2|v|name|", "3|w|with blanks|", "4|x||"});
  CHECK(lines_of({"u\n"}) == Lines{"1|u||"});
  CHECK(lines_of({}).empty());
}

TEST_CASE("comments and empty lines are counted and say nothing") {
  CHECK(lines_of({"# c\n\n \t \nu\n  # c\tx\nv#1\n\r\n"}) == Lines{"4|u||", "6|v#1||"});
}

TEST_CASE("what other systems add to a line is taken away") {
  CHECK(lines_of({"\xef\xbb\xbf# c\r\nu\r\nv\tn\r\nw\r"}) == Lines{"2|u||", "3|v|n|", "4|w||"});
  CHECK(lines_of({"\xef\xbb\xbfu\n\xef\xbb\xbfv"}) == Lines{"1|u||", "2|\xef\xbb\xbfv||"});
}

TEST_CASE("a line that can't be used says so and harms no other") {
  using namespace std::string_view_literals;
  CHECK(lines_of({"u\0v\nw\n"sv}) ==
        Lines{"1|||the line has a NUL byte; convert a list in UTF-16 with iconv -f UTF-16 -t UTF-8", "2|w||"});
  CHECK(lines_of({"u\ta\tb\nw\n"}) == Lines{"1|u|a\tb|the line has more than one TAB", "2|w||"});
  for (const std::string name : {".", "..", "a/b", "/", "/etc/passwd", "a/"}) {
    CHECK(lines_of({"u\t" + name}) == Lines{fmt::format("1|u|{0}|'{0}' is not a plain file name", name)});
  }
}

TEST_CASE("blanks in a URL, and options of other programs, ask for no other URL") {
  const std::string blank = "blank in the URL; put a TAB before a name, and write a blank of a URL as %20";
  for (const std::string url :
       {"http://h/a out=f", "http://h/a f", "http://h/a b c", "-o f http://h/a", "GET http://h/a"}) {
    CHECK(lines_of({url + "\nv"}) == Lines{"1|" + url + "||" + blank, "2|v||"});
    CHECK(lines_of({url + "\tname\n"}) == Lines{"1|" + url + "||" + blank});
  }
  const std::string option =
      "options as in lists of aria2c or config files of curl are not supported; expected a URL, or a URL, a TAB and a "
      "name";
  for (const std::string text :
       {"out=f", "dir=/a b", "checksum=md5=0", "user-agent = x", "url=\"http://h/a\"", "gid="}) {
    CHECK(lines_of({"v\n  " + text + "\n"}) == Lines{"1|v||", "2|" + text + "||" + option});
  }
  for (const std::string url : {"http://h/?out=f", "h/out=f", "h:80/a=b", "a.b=c"}) {
    CHECK(lines_of({"  " + url}) == Lines{"1|" + url + "||"});
  }
  CHECK(lines_of({"http://h/a\thttp://i/a"}).front().find("the line has two URLs") != std::string::npos);
}

TEST_CASE("a line of 64 KiB is the longest") {
  const std::string longest(kMaxLine, 'x');
  CHECK(lines_of({longest + "\nu\n"}) == Lines{"1|" + longest + "||", "2|u||"});
  CHECK(lines_of({longest}) == Lines{"1|" + longest + "||"});
  const Lines refused{"1|||the line is longer than 65536 bytes", "2|u||"};
  CHECK(lines_of({longest + "x\nu\n"}) == refused);
  CHECK(lines_of({longest, "x", "\nu\n"}) == refused);
  CHECK(lines_of({longest, longest, longest, "y\nu"}) == refused);
  CHECK(lines_of({longest, "x"}) == Lines{refused[0]});
}

TEST_CASE("where a list is cut into pieces makes no difference") {
  using namespace std::string_view_literals;
  const std::string_view list = "\xef\xbb\xbf# c\r\n\nu \t n\r\nv\0\n\ta/b\tc\n   \nw\tx\n# end\nlast\r"sv;
  const Lines whole = lines_of({list});
  REQUIRE(whole.size() == 5);
  for (std::size_t first = 0; first <= list.size(); ++first) {
    for (std::size_t second = first; second <= list.size(); ++second) {
      CAPTURE(first);
      CAPTURE(second);
      CHECK(lines_of({list.substr(0, first), list.substr(first, second - first), list.substr(second)}) == whole);
    }
  }
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < list.size(); ++i) bytes.push_back(list.substr(i, 1));
  CHECK(lines_of(bytes) == whole);
}

TEST_CASE("a name is known from its second time on") {
  NameSet names;
  for (int i = 0; i < 10'000; ++i) CHECK(names.insert(fmt::format("name{}", i)));
  for (int i = 0; i < 10'000; ++i) CHECK_FALSE(names.insert(fmt::format("name{}", i)));
  CHECK(names.insert(""));
  CHECK_FALSE(names.insert(""));
}

TEST_CASE("a name is contained once it was inserted, however full the set is") {
  NameSet names;
  CHECK_FALSE(names.contains("name0"));
  for (int i = 0; i < 1000; ++i) {
    CHECK_FALSE(names.contains(fmt::format("name{}", i)));
    names.insert(fmt::format("name{}", i));
    CHECK(names.contains(fmt::format("name{}", i)));
    CHECK(names.contains("name0"));
  }
}

TEST_CASE("two names are in each other's way if one is that of a file the other is written to") {
  const auto in_the_way = [](const std::string& name, const std::string& used) {
    return name_in_the_way(name, [&](const std::string& asked) { return asked == used; }) == used;
  };
  for (const char* working : {"x.part", "x.segdl", "x.segdl.new", "x.part.old", "x.segdl.old", "x.part.out"}) {
    CAPTURE(working);
    CHECK(in_the_way("x", working));
    CHECK(in_the_way(working, "x"));
    CHECK_FALSE(in_the_way(working, "y"));
    CHECK_FALSE(in_the_way("xx", working));
  }
  for (const char* other : {"x", "x.old", "x.partial", "part", ".part.x"}) CHECK_FALSE(in_the_way("x", other));
}
