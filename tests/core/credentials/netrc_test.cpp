// .netrc files: what they mean, and what is refused rather than guessed.
#include "core/credentials/netrc.h"

#include <doctest/doctest.h>

#include <string>

using namespace segdl;

namespace {

// "machine login password" of each entry, with | between them; or the reason of the refusal.
std::string read(std::string_view text) {
  const auto entries = parse_netrc(text);
  if (!entries) return entries.error().reason;
  std::string words;
  for (const NetrcEntry& entry : *entries) {
    if (!words.empty()) words += " | ";
    words += (entry.machine.empty() ? "*" : entry.machine) + " " + entry.login + " " + entry.password;
  }
  return words;
}

}  // namespace

TEST_CASE("entries come in any shape and order of words") {
  CHECK(read("").empty());
  CHECK(read("# nothing\n\n  # here\n").empty());
  CHECK(read("machine h login a password b") == "h a b");
  CHECK(read("machine h\n\tlogin a\r\n\tpassword b\r\n") == "h a b");
  CHECK(read("machine h password b account c login a") == "h a b");
  CHECK(read("machine h login a password b # c\nmachine i login c password d") == "h a b | i c d");
  CHECK(read("machine h login a password b default login c password d") == "h a b | * c d");
  CHECK(read("machine login login machine password password") == "login machine password");
  CHECK(read("machine h") == "h  ");
  CHECK(read("machine h login a password b#c") == "h a b#c");
}

TEST_CASE("a machine is a host as URLs name it") {
  CHECK(read("machine Example.ORG.") == "example.org  ");
  CHECK(read("machine ::1 machine [2001:DB8::A] machine 127.0.0.1") == "::1   | 2001:db8::a   | 127.0.0.1  ");
  CHECK(read("machine not_A/host") == "not_a/host  ");  // no URL has it
}

TEST_CASE("quoted words may hold anything") {
  CHECK(read(R"(machine h login "a b" password "# \"x\" \\ y")") == R"(h a b # "x" \ y)");
  CHECK(read(R"(machine h password "\n\t\q" login a)") == "h a \n\tq");
  CHECK(read(R"(machine "h" login "" password "")") == "h  ");
  CHECK(read(R"(machine h login a\b password c"d)") == R"(h a\b c"d)");
}

TEST_CASE("a macro is skipped up to an empty line") {
  CHECK(read("machine h login a password b\nmacdef init\ncd /\nmachine x login y\n\nmachine i") == "h a b | i  ");
  CHECK(read("machine h\r\nmacdef init\r\nput x\r\n\r\nmachine i") == "h   | i  ");
  CHECK(read("macdef init\nbin\n") == "");
  CHECK(read("macdef init") == "");
}

TEST_CASE("what is not certain is refused, by line and without its text") {
  for (const auto& [text, reason] : std::initializer_list<std::pair<std::string, std::string>>{
           {"machine", "line 1: nothing follows machine"},
           {"machine h\nlogin a password", "line 2: nothing follows password"},
           {"login a", "line 1: login stands before any machine"},
           {"machine h login a pass b", "line 1: machine, default, login, password, account or macdef is expected"},
           {"machine h\nlogin a\nport 21", "line 3: machine, default, login, password, account or macdef is expected"},
           {"machine h password #x\n",
            "line 1: what follows password begins with #: put it in quotes if that is no comment"},
           {"machine h password \"x", "line 1: a quoted word has no end"},
           {"machine h password \"x\\", "line 1: a quoted word has no end"},
           {"machine h password \"x\\\n\"", "line 1: a quoted word has no end"},
           {"machine h password \"x\n\"", "line 1: a quoted word has no end"},
           {"machine h password \"x\"y", "line 1: something is attached to the end of a quoted word"},
           {"\n\"machine\" h", "line 2: a quoted word stands where a keyword is expected"},
           {"machine \"\"", "line 1: the name of a machine is empty"},
           {"machine h password a\x01", "line 1: a word has control characters"},
           {std::string("machine h password a\0b", 22), "line 1: a word has control characters"},
           {"machine h password " + std::string(4097, 'x'), "line 1: a word is longer than 4096 bytes"},
           {"machine h password \"" + std::string(4096, 'x') + "\"", "line 1: a word is longer than 4096 bytes"},
           {std::string(1024 * 1024 + 1, ' '), "it is larger than 1 MiB"}}) {
    const std::string shown = text.substr(0, 40);
    CAPTURE(shown);
    CHECK(read(text) == reason);
  }
  CHECK(read("machine h password " + std::string(4096, 'x')).size() == 4099);
  CHECK(parse_netrc("x").error().cause == Cause::usage);
}

TEST_CASE("each host gets its own entry, and the default only where there is none") {
  const auto entries = *parse_netrc(
      "machine h login a password 1 machine h login b password 2 default login c "
      "password 3 machine late login d password 4 machine bare");
  const auto password = [&](std::string_view host, std::string_view login = {}) {
    const NetrcEntry* entry = find_netrc(entries, host, login);
    return entry != nullptr ? entry->password : "none";
  };
  CHECK(password("h") == "1");
  CHECK(password("h", "b") == "2");
  CHECK(password("h", "c") == "3");
  CHECK(password("h", "x") == "none");
  CHECK(password("other") == "3");
  CHECK(password("late") == "4");
  CHECK(password("bare").empty());
  CHECK(password("sub.h") == "3");
  CHECK(find_netrc({}, "h") == nullptr);
}

TEST_CASE("a password without a login is that of the login that is asked for, unless that has one of its own") {
  const auto entries =
      *parse_netrc("machine h password 1 machine h login a password 2 machine bare default password 3");
  const auto password = [&](std::string_view host, std::string_view login) {
    const NetrcEntry* entry = find_netrc(entries, host, login);
    return entry != nullptr ? entry->password : "none";
  };
  CHECK(password("h", "a") == "2");
  CHECK(password("h", "b") == "1");
  CHECK(password("h", "") == "1");
  CHECK(password("bare", "b") == "3");
  CHECK(password("other", "b") == "3");
}
