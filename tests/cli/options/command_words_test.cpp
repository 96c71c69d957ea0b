// What is no command that can be run without a shell.
#include "cli/options/command_words.h"

#include <doctest/doctest.h>

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

using namespace segdl::cli;

TEST_CASE("a command that only a shell could run is refused before anything is fetched, and shows the way") {
  const auto words = [](const char* text) -> std::string {
    try {
      parse_words(text);
    } catch (const CLI::ValidationError& error) {
      return error.what();
    }
    return "";
  };
  for (const char* text :
       {"wc | cat", "wc;ls", "wc && ls", "wc > log", "wc 2>&1", "ls $HOME", "ls \"${HOME}\"", "ls `pwd`", "ls $(pwd)",
        "ls \"$(pwd)\"", "~/bin/x", "mv {} /srv", "(ls)", "ls \"$@\"", "ls a&b"}) {
    CAPTURE(text);
    CHECK(words(text).find("needs a shell") != std::string::npos);
    CHECK(words(text).find(R"('sh -c "COMMAND \"$0\" | OTHER"')") != std::string::npos);
  }
  for (const char* text : {"cd /srv", "no-such-program", "/no/such/program x", "A=b ls", "/ x"}) {
    CAPTURE(text);
    CHECK(words(text).find("command not found") != std::string::npos);
  }
  CHECK(words("sh -c 'wc \"$0\" | cat'") == "");
  CHECK(parse_words(R"(/bin/sh -c "wc \"$0\" > $(dirname \"$0\")/log")") ==
        std::vector<std::string>{"/bin/sh", "-c", R"(wc "$0" > $(dirname "$0")/log)"});
  CHECK(words("sh -c ls | cat") != "");
}
