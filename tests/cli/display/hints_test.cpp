// What the command advises: always in its own words.
#include "cli/display/hints.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace segdl;
using namespace segdl::cli;

namespace {

std::vector<Hint> all_hints() {
  std::vector<Hint> all;
  for (unsigned i = 0; i <= static_cast<unsigned>(kLastHint); ++i) all.push_back(static_cast<Hint>(i));
  return all;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("no hint of the command names a member of the library, and none of the library an option") {
  for (const Hint hint : all_hints()) {
    CAPTURE(hint_name(hint));
    const std::string command = hint_words({hint, "X"});
    const std::string library = describe(Advice(hint, "X"));
    CHECK_FALSE(command.empty());
    CHECK_FALSE(has(command, "::"));
    CHECK_FALSE(has(command, "{}"));
    CHECK_FALSE(has(library, "--"));
    CHECK_FALSE(has(library, " -o "));
    CHECK_FALSE(has(library, " -d "));
    CHECK_FALSE(has(library, "{}"));
  }
}

TEST_CASE("hints are alternatives, in one line") {
  CHECK(hint_words(Hints()).empty());
  CHECK(hint_words(Hints{Hint::start_over}) == "start over with --no-resume");
  CHECK(hint_words(Hints{Hint::start_over, Hint::choose_other_name}) ==
        "start over with --no-resume, or choose another name with -o");
  CHECK(hint_words(Hints{Hint::replace_existing, Hint::skip_existing, Hint::choose_other_name}) ==
        "replace it with --overwrite, keep it with --skip-existing, or choose another name with -o");
  CHECK(describe(Hints{Hint::replace_existing, Hint::choose_other_name}) ==
        "replace it with Existing::replace, or choose another Request::output");
}

TEST_CASE("what a hint is about is in it, escaped") {
  CHECK(hint_words({Hint::choose_other_name, ": ?"}) == "choose another name with -o, without any of : ?");
  CHECK(hint_words({Hint::choose_other_directory, ":"}) == "choose another directory with -d or -o, without any of :");
  CHECK(hint_words({Hint::allow_both_families, "6"}) == "leave -6 out, to use what addresses there are");
  CHECK(hint_words({Hint::create_directory, "a\x1b"}) == "create it first: mkdir -p a\\x1b");
  CHECK(describe(Advice(Hint::remove_stale_lock, "a\x1b")) ==
        "if no such process is running, remove a\\x1b from beside it");
  CHECK(has(hint_words({Hint::check_proxy, "1080"}), "names no port, which means 1080"));
  CHECK_FALSE(has(hint_words(Hint::check_proxy), "no port"));
}

TEST_CASE("a challenge that the library can't answer has advice for its scheme") {
  CHECK(has(hint_words({Hint::answer_challenge, "BEARER"}), "Authorization: Bearer TOKEN"));
  CHECK(has(hint_words({Hint::answer_challenge, "ntlm"}), "curl --ntlm"));
  CHECK(has(hint_words({Hint::answer_challenge, "Negotiate"}), "curl --negotiate"));
  CHECK(has(hint_words({Hint::answer_challenge, "Digest"}), "operator"));
  CHECK(has(hint_words({Hint::answer_challenge, "New"}), "-H @FILE"));
}
