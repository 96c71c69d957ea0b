#include "core/http/content_disposition.h"
#include "core/store/file_name.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace segdl;

TEST_CASE("a name is taken from filename* before filename") {
  const std::pair<const char*, const char*> examples[] = {
      {R"(attachment; filename="a b.txt")", "a b.txt"},
      {R"(attachment; filename=plain.txt)", "plain.txt"},
      {R"(attachment; filename=with blanks.txt; x=1)", "with blanks.txt"},
      {R"(ATTACHMENT;FileName="a.txt")", "a.txt"},
      {R"(inline; filename="a.txt")", "a.txt"},
      {R"(attachment; filename="a\"b;c.txt")", "a\"b;c.txt"},
      {R"(attachment; filename="100%25.txt")", "100%25.txt"},
      {R"(attachment; filename="fallback"; filename*=UTF-8''%e2%82%ac.txt)", "\u20ac.txt"},
      {R"(attachment; filename*=utf-8'en'a%20b; filename="fallback")", "a b"},
      {R"(attachment; filename*=UTF-8''%252e%252e)", "%2e%2e"},
      {R"(attachment; filename*=ISO-8859-1''%fcber.txt)", "\u00fcber.txt"},
      {R"(attachment; filename="../../etc/passwd")", "passwd"},
      {R"(attachment; filename="C:\\temp\\a.txt")", "a.txt"},
      {R"(attachment; size=3; filename=a)", "a"},
  };
  for (const auto& example : examples) {
    CAPTURE(example.first);
    CHECK(disposition_name(example.first) == example.second);
  }
}

TEST_CASE("a parameter that is malformed or given twice does not count") {
  for (const char* value : {"",
                            "attachment",
                            "attachment;",
                            "attachment; filename",
                            "attachment; filename=",
                            R"(attachment; filename="")",
                            R"(attachment; filename="endless)",
                            R"(attachment; filename="a"b)",
                            R"(attachment; filename=a"b)",
                            R"(attachment; filename="a/")",
                            R"(attachment; filename=".")",
                            R"(attachment; filename="..")",
                            R"(attachment; filename="  ")",
                            R"(attachment; filename="a/..")",
                            "attachment; filename*=UTF-8''%20%09.",
                            "attachment; filename*=UTF-8''%c3%28",
                            "attachment; filename*=UTF-8''%zz",
                            "attachment; filename*=UTF-8''%a",
                            "attachment; filename*=UTF-16''a",
                            "attachment; filename*=a",
                            "attachment; filename*=UTF-8''a; filename*=UTF-8''b",
                            "attachment; filename=a; filename=b",
                            R"(at"tachment; filename=a)",
                            R"(attachment; fi"le=1; filename=a)"}) {
    CAPTURE(value);
    CHECK_FALSE(disposition_name(value).has_value());
  }
  CHECK(disposition_name(R"(attachment; filename="a.txt"; filename*=UTF-8''%ff)") == "a.txt");
  CHECK(disposition_name(R"(attachment; filename="a.txt"; filename*=UTF-8''.)") == "a.txt");
}

TEST_CASE("a name made safe can't leave the directory or hide") {
  for (const char* value :
       {R"(attachment; filename=".bashrc")", R"(attachment; filename="-rf")", R"(attachment; filename="~")",
        "attachment; filename*=UTF-8''..%2f..%2f.profile", "attachment; filename*=UTF-8''%00%1b[2J",
        "attachment; filename*=UTF-8''%e2%80%aetxt.exe"}) {
    CAPTURE(value);
    const auto name = disposition_name(value);
    REQUIRE(name);
    const std::string safe = safe_name(*name);
    CHECK(safe.find('/') == std::string::npos);
    CHECK(safe.find('\0') == std::string::npos);
    CHECK(safe.find('\x1b') == std::string::npos);
    CHECK(safe.find("\u202e") == std::string::npos);
    CHECK(std::string(".-~").find(safe[0]) == std::string::npos);
  }
}
