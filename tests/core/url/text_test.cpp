// Foreign text: as a file name, on a terminal, in an error.
#include <segdl/error.h>

#include "core/base/escape.h"
#include "core/store/file_name.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace segdl;

TEST_CASE("names from elsewhere become one safe component") {
  CHECK(safe_name("movie.mkv") == "movie.mkv");
  CHECK(safe_name("../../etc/passwd") == "_._.._etc_passwd");
  CHECK(safe_name("/abs") == "_abs");
  CHECK(safe_name("..\\x") == "_._x");
  CHECK(safe_name(std::string("a\0b", 3)) == "a_b");
  CHECK(safe_name("a\rb\x1b[2J") == "a_b_[2J");
  CHECK(safe_name("gnp.\u202eexe") == "gnp._exe");
  CHECK(safe_name("-rf") == "_rf");
  CHECK(safe_name("~/x") == "__x");
  CHECK(safe_name(".bashrc") == "_bashrc");
  CHECK(safe_name("trailing. .") == "trailing");
  CHECK(safe_name("a\xff") == "a%FF");
  CHECK(safe_name("a\xfe") == "a%FE");
  CHECK(safe_name("\u00e9t\u00e9.txt") == "\u00e9t\u00e9.txt");
  CHECK(safe_name("CON") == "_CON");
  CHECK(safe_name("nul.txt") == "_nul.txt");
  CHECK(safe_name("com1") == "_com1");
  CHECK(safe_name("console") == "console");
  for (const char* nothing : {"", ".", "..", "   ", ". ."}) CHECK(safe_name(nothing) == "index.html");
}

TEST_CASE("a name that a person typed stays as it is, but for what can't be in a name or be shown") {
  for (const char* name :
       {".gitattributes", "-rf", "~x", "CON", "nul.txt", "a\\b", "trailing. .", "...", "\u00e9.txt"}) {
    CHECK(typed_name(name) == name);
  }
  for (const char* nothing : {"", ".", ".."}) CHECK(typed_name(nothing) == "index.html");
  CHECK(typed_name("a/b") == "a%2Fb");
  CHECK(typed_name(std::string("a\0b", 3)) == "a%00b");
  CHECK(typed_name("a\xff") == "a%FF");
  CHECK(typed_name("a\xe4\xf6") == "a%E4%F6");
  CHECK(typed_name("\x1b[2J") == "%1B[2J");
  CHECK(typed_name("gnp.\u202eexe") == "gnp.%E2%80%AEexe");
  CHECK(typed_name(std::string(255, 'x')) == std::string(255, 'x'));
  CHECK(typed_name(std::string(300, 'x') + ".tar").size() == kMaxMadeName);
  CHECK(typed_name(std::string(300, 'x') + "a") != typed_name(std::string(300, 'x') + "b"));
}

TEST_CASE("a name that is too long for a file system is shortened to another for each, and keeps its extension") {
  const std::string one = std::string(200, 'x') + "1.tar", other = std::string(200, 'x') + "2.tar";
  for (const std::size_t longest : {143U, 204U, 205U, 255U}) {
    CAPTURE(longest);
    const std::string fit = fitting_name(one, longest);
    CHECK(fit.size() == std::min<std::size_t>(longest, one.size()));
    CHECK((fit == one) == (one.size() <= longest));
    CHECK(fit.ends_with(".tar"));
    CHECK(fit != fitting_name(other, longest));
    CHECK(fitting_name(fit, longest) == fit);
  }
  std::string umlauts = "x";
  while (umlauts.size() < 200) umlauts += "\u00e4";
  for (std::size_t longest = 20; longest < 200; ++longest) {
    CHECK(fitting_name(umlauts, longest).size() <= longest);
    CHECK(escape(fitting_name(umlauts, longest)) == fitting_name(umlauts, longest));
  }
}

TEST_CASE("what goes with a file has its name and a suffix, and one of its own where that would be too long") {
  const std::string longest(245, 'x');
  for (const std::string& name : {std::string("f"), std::string(128, 'y'), longest}) {
    for (const char* suffix : {".part", ".segdl", ".segdl.new", ".segdl.old"}) {
      CHECK(name_beside(name, suffix, 255) == name + suffix);
    }
  }
  std::string umlauts = "x";
  while (umlauts.size() < 255) umlauts += "\u00e4";
  const std::string one = longest + "1", other = longest + "2";
  for (const std::string& name : {one, other, std::string(255, 'z'), umlauts}) {
    for (const char* suffix : {".part", ".segdl", ".segdl.new", ".segdl.old"}) {
      const std::string beside = name_beside(name, suffix, 255);
      CHECK(beside.size() <= 255);
      CHECK(beside.ends_with(suffix));
      CHECK(escape(beside) == beside);
      CHECK(name_beside(name, ".segdl", 255) + ".new" == name_beside(name, ".segdl.new", 255));
    }
  }
  CHECK(name_beside(one, ".part", 255) != name_beside(other, ".part", 255));
  CHECK(name_beside(std::string(140, 'n'), ".segdl.old", 143).size() <= 143);
  CHECK(name_beside("abcdef", ".part", 8).ends_with(".part"));
}

TEST_CASE("long names are cut between two characters, and keep a short extension") {
  const std::string cut = safe_name(std::string(300, 'x') + ".tar");
  CHECK(cut.size() == kMaxMadeName);
  CHECK(cut.ends_with(".tar"));
  std::string umlauts;
  for (int i = 0; i < 200; ++i) umlauts += "\u00e4";
  const std::string name = safe_name(umlauts);
  CHECK(name.size() == kMaxMadeName - 1);
  CHECK(escape(name) == name);
}

TEST_CASE("no bytes make an unsafe name") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    std::string foreign;
    for (auto length = random() % 40; length > 0; --length) foreign += static_cast<char>(random() % 256);
    const std::string name = safe_name(foreign);
    REQUIRE_FALSE(name.empty());
    CHECK(name.size() <= kMaxMadeName);
    CHECK(name.find('/') == std::string::npos);
    CHECK(name[0] != '.');
    CHECK(name[0] != '-');
    CHECK(escape(name) == name);
  }
}

TEST_CASE("of text that would fill screens the beginning and the end are shown") {
  const std::string longest(kLongestShown, 'x');
  CHECK(escape(longest) == longest);
  std::string location = "https://host/\x1b";
  while (location.size() < 60'000) location += "\u4e2d";  // three bytes, cut through nowhere
  const std::string shown = escape(location + "/end");
  CHECK(shown.size() < kLongestShown);
  CHECK(shown.starts_with("https://host/\\x1b\u4e2d"));
  CHECK(shown.ends_with("\u4e2d/end"));
  CHECK(shown.find(" bytes left out ...]\u4e2d") != std::string::npos);
  CHECK(shown.find("\u4e2d[... ") != std::string::npos);
  CHECK(escape(std::string(5000, '\x80')).size() < 4 * kLongestShown);
}

TEST_CASE("text is escaped so that it can't move the cursor or reorder itself") {
  CHECK(escape("plain \u00e9 \u4e2d") == "plain \u00e9 \u4e2d");
  CHECK(escape("\x1b[2J\r\n\t\x7f") == "\\x1b[2J\\x0d\\x0a\\x09\\x7f");
  CHECK(escape("\u009b31m") == "\\x9b31m");
  CHECK(escape("a\u202eb\u2066c\u2028d\u200be") == "a\\u{202e}b\\u{2066}c\\u{2028}d\\u{200b}e");
  CHECK(escape("\xff\xc3(") == "\\xff\\xc3(");
  CHECK(escape("\xc0\xaf\xed\xa0\x80") == "\\xc0\\xaf\\xed\\xa0\\x80");
  CHECK(escape("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
}

TEST_CASE("an error reads as one line, its foreign parts escaped") {
  Error error;
  error.operation = "write";
  error.subject = "a\x1b.part";
  error.offset = 5242880;
  error.reason = "No space left on device";
  CHECK(error.message() == "write a\\x1b.part at 5242880: No space left on device");
  Error bare;
  bare.reason = "interrupted";
  CHECK(bare.message() == "interrupted");
}

TEST_CASE("the suffix of a small file that is not published yet is recognised, in any case of letters") {
  CHECK(has_small_suffix("f.segdl-0123456789abcdef"));
  CHECK(has_small_suffix("f.SEGDL-0123456789ABCDEF"));
  CHECK(has_small_suffix(".segdl-0123456789abcdef"));
  CHECK_FALSE(has_small_suffix("f.segdl-0123456789abcde"));
  CHECK_FALSE(has_small_suffix("f.segdl-0123456789abcdeg"));
  CHECK_FALSE(has_small_suffix("f.segdl_0123456789abcdef"));
  CHECK_FALSE(has_small_suffix("f.segdl-0123456789abcdef0"));
  CHECK_FALSE(has_small_suffix("segdl-0123456789abcdef"));
  CHECK_FALSE(has_small_suffix(""));
}
