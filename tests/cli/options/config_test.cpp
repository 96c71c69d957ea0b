// The file of settings: its lines, and what they do to the options.
#include "cli/options/config.h"
#include "cli/options/config_reader.h"

#include <CLI/CLI.hpp>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace segdl::cli;

namespace {

class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "segdl-config-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::filesystem::path file(const std::string& text, ::mode_t mode = 0600) const {
    const auto path = path_ / "config";
    std::ofstream(path) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    return path;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A command with an option of each kind, and what became of it.
struct Command {
  std::string user, rate, output;
  std::vector<std::string> headers;
  bool quiet = false, verbose = false;

  void run(const std::filesystem::path& config, std::vector<std::string> arguments = {}, bool required = true) {
    CLI::App app;
    app.add_option("-u,--user", user);
    app.add_option_function<std::string>("--limit-rate",
                                         [this](const std::string& text) {
                                           if (text == "bad")
                                             throw CLI::ValidationError("--limit-rate", "'bad' is not a size");
                                           rate = text;
                                         })
        ->type_name("RATE");
    app.add_option_function<std::vector<std::string>>(
           "-H,--header",
           [this](const std::vector<std::string>& texts) { headers.insert(headers.end(), texts.begin(), texts.end()); })
        ->take_all()
        ->allow_extra_args(false);
    app.add_flag("-q,--quiet", quiet)->excludes(app.add_flag("-v,--verbose", verbose));
    app.add_option("-o,--output", output)->configurable(false);
    std::reverse(arguments.begin(), arguments.end());
    app.parse(arguments);
    apply_config(app, config, required);
  }
};

std::string refusal(const Scratch& scratch, const std::string& text, ::mode_t mode = 0600) {
  try {
    Command().run(scratch.file(text, mode));
  } catch (const CLI::ParseError& error) {
    const std::string words = error.what();
    const std::string place = scratch.path().string() + "/";
    REQUIRE(words.starts_with(place));
    return words.substr(place.size());
  }
  return "";
}

}  // namespace

TEST_CASE("a line is a name and a value, or a switch that is on") {
  const auto lines = read_config("\xef\xbb\xbf# c\r\n\n a-b =  x = y \r\nquiet\n\tq=\n");
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].number == 3);
  CHECK(lines[0].key == "a-b");
  CHECK(lines[0].value == "x = y");
  CHECK(lines[1].key == "quiet");
  CHECK(lines[1].value == "true");
  CHECK(lines[2].value == "");
  CHECK(read_config("ipv6\n")[0].problem == "");
  for (const ConfigLine& line : lines) CHECK(line.problem == "");
}

TEST_CASE("a line that says nothing sensible has a problem, and the others are not harmed") {
  const auto lines = read_config("--quiet\n[section]\n= x\nA = 1\nok = 1\n" + std::string(1, '\0'));
  REQUIRE(lines.size() == 6);
  for (const std::size_t bad : {0U, 1U, 2U, 3U, 5U}) CHECK(lines[bad].problem != "");
  CHECK(lines[4].problem == "");
  for (const char* quoted : {"a = \"b c\"", "a = 'b'"}) CHECK(read_config(quoted)[0].problem != "");
  for (const char* plain : {"a = \"", "a = \"b\" c", "a = b'"}) CHECK(read_config(plain)[0].problem == "");
  CHECK(read_config(std::string(kLargestConfig + 1, '\n')).back().problem == "file too large");
  CHECK(read_config(std::string(kLargestConfig, '\n')).empty());
}

TEST_CASE("settings hold where the command line says nothing") {
  const Scratch scratch;
  Command command;
  command.run(scratch.file("user = @f\nlimit-rate = 5M\nheader = A: 1\nheader = B: 2\nquiet = yes\n"));
  CHECK(command.user == "@f");
  CHECK(command.rate == "5M");
  CHECK(command.headers == std::vector<std::string>{"A: 1", "B: 2"});
  CHECK(command.quiet);

  Command other;
  other.run(scratch.file("limit-rate = 5M\nheader = A: 1\nheader = B: 2\nquiet = no\n"),
            {"--limit-rate", "1M", "-H", "C: 3"});
  CHECK(other.rate == "1M");
  CHECK(other.headers == std::vector<std::string>{"C: 3"});
  CHECK_FALSE(other.quiet);
}

TEST_CASE("the command line goes before a setting that it contradicts") {
  const Scratch scratch;
  Command command;
  command.run(scratch.file("quiet\nlimit-rate = 5M\n"), {"-v"});
  CHECK(command.verbose);
  CHECK_FALSE(command.quiet);
  CHECK(command.rate == "5M");
  Command off;
  off.run(scratch.file("quiet = no\nverbose\n"));
  CHECK(off.verbose);
  CHECK(refusal(scratch, "verbose\nquiet\n") == "config:2: quiet and --verbose are mutually exclusive");
}

TEST_CASE("what can't be used is refused with its file and line") {
  const Scratch scratch;
  CHECK(refusal(scratch, "\n\nnonsense = 1\n") == "config:3: unknown option '--nonsense'");
  CHECK(refusal(scratch, "output = f\n") == "config:1: --output is not allowed in a configuration file");
  CHECK(refusal(scratch, "limit-rate\n") == "config:1: limit-rate requires a value: limit-rate = RATE");
  CHECK(refusal(scratch, "help\n") == "config:1: --help is not allowed in a configuration file");
  CHECK(refusal(scratch, "quiet = maybe\n") == "config:1: quiet must be yes or no");
  CHECK(refusal(scratch, "limit-rate = 1\nlimit-rate = 2\n") == "config:2: limit-rate given more than once");
  CHECK(refusal(scratch, "limit-rate = bad\n").starts_with("config:1: "));
  CHECK(refusal(scratch, "--quiet\n") == "config:1: option names have no dashes here");
}

TEST_CASE("a file with a secret must be closed to others") {
  const Scratch scratch;
  CHECK(refusal(scratch, "user = me:secret\n", 0644).find("chmod 600") != std::string::npos);
  CHECK(refusal(scratch, "user = me:secret\n", 0600) == "");
  CHECK(refusal(scratch, "user = @file\nquiet\n", 0644) == "");
  for (const std::string name : {"Authorization", "Cookie", "X-Api-Key", "PRIVATE-TOKEN"}) {
    CHECK(refusal(scratch, "header = " + name + ": secret\n", 0644).starts_with("config:1: contains a secret"));
    CHECK(refusal(scratch, "header = " + name + ": secret\n", 0640).find(": secret") == std::string::npos);
    CHECK(refusal(scratch, "header = " + name + ": secret\n", 0600) == "");
  }
  CHECK(refusal(scratch, "header = Accept-Language: de\nheader = @cookies\n", 0644) == "");
}

TEST_CASE("a file that is not there matters only if it was asked for") {
  const Scratch scratch;
  Command().run(scratch.path() / "none", {}, false);
  CHECK_THROWS_AS(Command().run(scratch.path() / "none"), CLI::ParseError);
  CHECK_THROWS_AS(Command().run(scratch.path(), {}, false), CLI::ParseError);
}
