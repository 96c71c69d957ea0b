// Values as people write them, lines as people read them, and what the process list shows.
#include "cli/display/lines.h"
#include "cli/options/command_words.h"
#include "cli/options/options.h"
#include "cli/options/values.h"

#include <CLI/CLI.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

using namespace segdl;
using namespace segdl::cli;

namespace {

// Arguments as main() gets them.
struct Arguments {
  explicit Arguments(std::vector<std::string> words) : texts(std::move(words)) {
    texts.insert(texts.begin(), "segdl");
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
  }
  int count() const { return static_cast<int>(texts.size()); }
  std::vector<std::string> texts;
  std::vector<char*> pointers;
};

FetchCommand fetch(std::vector<std::string> words) {
  Arguments arguments(std::move(words));
  const auto command = read_command_line(arguments.count(), arguments.pointers.data());
  REQUIRE(std::holds_alternative<FetchCommand>(command));
  return std::get<FetchCommand>(command);
}

// The exit code of a command line that is wrong.
int refused(std::vector<std::string> words) {
  Arguments arguments(std::move(words));
  const auto command = read_command_line(arguments.count(), arguments.pointers.data());
  return std::holds_alternative<Exit>(command) ? std::get<Exit>(command).code : -1;
}

std::vector<std::string> hidden(std::vector<std::string> words) {
  Arguments arguments(std::move(words));
  hide_secrets(arguments.count(), arguments.pointers.data());
  std::vector<std::string> shown;
  for (int i = 1; i < arguments.count(); ++i) shown.emplace_back(arguments.pointers[static_cast<std::size_t>(i)]);
  return shown;
}

}  // namespace

TEST_CASE("sizes have units of 1024") {
  CHECK(parse_size("0") == 0);
  CHECK(parse_size("65536") == 65536);
  CHECK(parse_size("64K") == 65536);
  CHECK(parse_size("1MiB") == 1048576);
  CHECK(parse_size("10G") == 10737418240U);
  CHECK(parse_size("1.5M") == 1572864);
  CHECK(parse_size("0.5K") == 512);
  CHECK(parse_size("2.0") == 2);
  CHECK(parse_size("0.0001K") == 1);  // never nothing, which may mean no limit
  CHECK(parse_size("8388607T") == 8388607ULL << 40U);
  for (const char* bad : {"", "K", "-1", "+1", ".5M", "1.5X", "1.e3", "1..5M", "8388608.0T", "1X", "1 M", "0x10",
                          "8388608T", "18446744073709551616", "nan"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parse_size(bad), CLI::ValidationError);
  }
}

TEST_CASE("a word is a URL if it has a dot, a slash or a colon, or a scheme, and localhost is one") {
  for (const char* url :
       {"example.org", "example.org/f", "h/f", "h:8080", "[::1]/f", "localhost", "https://h", "10.0.0.1"}) {
    CAPTURE(url);
    CHECK(fetch({"-k", url}).urls == std::vector<std::string>{url});
  }
  for (const char* word : {"h", "statsu", "clean", "16", "1M", "out=f", "-"}) {
    CAPTURE(word);
    CHECK(refused({word}) == 2);
    CHECK(refused({"http://h/x", word}) == 2);
  }
}

TEST_CASE("switches that have a value elsewhere are not turned on by it") {
  for (const char* value : {"1", "16", "1M", "1.5M", "512k", "20MiB"}) {
    CAPTURE(value);
    for (const char* letter : {"-k", "-n", "-s"}) {
      CHECK(refused({letter, value, "http://h/x"}) == 2);
      CHECK(refused({std::string(letter) + value, "http://h/x"}) == 2);
      CHECK(refused({std::string("-L") + (letter + 1), value, "http://h/x"}) == 2);
    }
    CHECK(refused({"--insecure", value, "http://h/x"}) == 2);
    CHECK(fetch({"--limit-rate", value, "http://h/x"}).session.limit_rate > 0);
  }
  CHECK(fetch({"-k", "10.0.0.1/f"}).session.insecure);
  CHECK(fetch({"-Lk", "1.5.example.org"}).session.insecure);
}

TEST_CASE("times are in seconds or have a unit") {
  using std::chrono::milliseconds;
  CHECK(parse_duration("30") == milliseconds(30'000));
  CHECK(parse_duration("1.5") == milliseconds(1500));
  CHECK(parse_duration("300ms") == milliseconds(300));
  CHECK(parse_duration("5m") == milliseconds(300'000));
  CHECK(parse_duration("2h") == milliseconds(7'200'000));
  CHECK(parse_duration("0") == milliseconds(0));
  CHECK(parse_duration("0.0001") == milliseconds(1));  // never nothing, which means no limit
  CHECK(parse_timeout("0.0001") == milliseconds(1));
  CHECK_THROWS_AS(parse_timeout("0"), CLI::ValidationError);
  for (const char* bad : {"", "s", "-1", "1d", "nan", "inf", "1e9999", "99999999999", "0x1p3"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parse_duration(bad), CLI::ValidationError);
  }
}

TEST_CASE("a command is split into words as a shell would, and nothing else is done to it") {
  using Words = std::vector<std::string>;
  CHECK(parse_words("true") == Words{"true"});
  CHECK(parse_words("  mv\t-t  /srv/done \n") == Words{"mv", "-t", "/srv/done"});
  CHECK(parse_words("'cat' 'a b' \"c 'd'\" e\\ f g''h ''") == Words{"cat", "a b", "c 'd'", "e f", "gh", ""});
  CHECK(parse_words("ls 'a;b' \\$c '`d`' * a~ \"\\\"|&\" $ a$ {}x") ==
        Words{"ls", "a;b", "$c", "`d`", "*", "a~", "\"|&", "$", "a$", "{}x"});
  CHECK(parse_words("ls '\\'") == Words{"ls", "\\"});
  for (const char* bad : {"", "  ", "''", "'' a", "a 'b", "\"", "a \"b'"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parse_words(bad), CLI::ValidationError);
  }
  CHECK(fetch({"http://h/x", "--on-done", "ls 'b c'"}).on_done == Words{"ls", "b c"});
  CHECK(fetch({"http://h/x", "--on-error", "ls"}).on_error == Words{"ls"});
  CHECK(refused({"http://h/x", "--on-done", "ls", "-o", "-"}) == 2);
}

TEST_CASE("tries may be without end") {
  CHECK(fetch({"http://h/x", "--retries", "inf"}).session.retries == kUnlimitedRetries);
  CHECK(fetch({"http://h/x", "--retries", "3"}).session.retries == 3);
  CHECK(refused({"http://h/x", "--retries", "ever"}) == 2);
}

TEST_CASE("headers and credentials are taken apart") {
  const auto headers = parse_headers("X-Name:  a: b ");
  REQUIRE(headers.size() == 1);
  CHECK(headers[0].header.name == "X-Name");
  CHECK(headers[0].header.value == "a: b ");
  CHECK_FALSE(headers[0].omits);
  CHECK(parse_credentials("u:p:q").user == "u");
  CHECK(parse_credentials("u:p:q").password == "p:q");
  CHECK_THROWS_AS(parse_headers("none"), CLI::ValidationError);
  CHECK_THROWS_AS(parse_headers(": x"), CLI::ValidationError);
  CHECK_THROWS_AS(parse_headers("@/no/such/file"), CLI::ValidationError);
  CHECK_THROWS_AS(parse_headers("@/"), CLI::ValidationError);
  CHECK_THROWS_AS(parse_credentials("no-colon"), CLI::ValidationError);
}

TEST_CASE("a header may have no value, or be kept back, as with curl") {
  const FetchCommand command =
      fetch({"http://h/x", "-H", "X-Empty;", "-H", "Accept:", "-H", "user-agent: ", "-H", "X-None:", "-H", "A;b: c;"});
  REQUIRE(command.request.headers.size() == 2);
  CHECK(command.request.headers[0].name == "X-Empty");
  CHECK(command.request.headers[0].value == "");
  CHECK(command.request.headers[1].value == "c;");
  CHECK(command.request.omitted_headers == std::vector<std::string>{"Accept", "user-agent"});
  CHECK(fetch({"http://h/x", "-A", ""}).request.omitted_headers == std::vector<std::string>{"User-Agent"});
  CHECK(fetch({"http://h/x", "-A", "me"}).request.omitted_headers.empty());
  CHECK(fetch({"http://h/x", "-e", ""}).request.referer == "");
  CHECK_THROWS_AS(parse_headers(";"), CLI::ValidationError);
  CHECK_THROWS_AS(parse_headers("x ; y"), CLI::ValidationError);
}

TEST_CASE("options arrive where they belong") {
  const FetchCommand command = fetch({"http://h/x", "-o",   "sub/f",          "-d", "dir",         "-H",     "A: 1",
                                      "-H",         "B: 2", "--segment-size", "1M", "--no-resume", "--sync", "end",
                                      "--retries",  "0",    "--timeout",      "2",  "--min-speed", "5K",     "-q"});
  CHECK(command.urls == std::vector<std::string>{"http://h/x"});
  CHECK(command.request.directory == "dir/sub");
  CHECK(command.request.output == "f");
  CHECK(command.request.headers.size() == 2);
  CHECK(command.request.segment_size == 1048576);
  CHECK_FALSE(command.request.resume);
  CHECK(command.request.sync == Sync::end);
  CHECK(command.session.retries == 0);
  CHECK(command.session.timeout == std::chrono::seconds(2));
  CHECK(command.session.min_speed == 5120);
  CHECK(command.quiet);
  CHECK(fetch({"http://h/x", "-o", "/abs/f", "-d", "dir"}).request.directory == "/abs");
}

TEST_CASE("what many connections and many files take arrives where it belongs") {
  const FetchCommand plain = fetch({"http://h/x"});
  CHECK(plain.session.connections == 0);
  CHECK(plain.session.jobs == 8);
  CHECK(plain.session.limit_rate == 0);
  CHECK_FALSE(plain.list);
  CHECK_FALSE(plain.to_standard_output);
  const FetchCommand command =
      fetch({"-x", "64", "-j", "3", "--limit-rate", "10M", "-i", "list", "--skip-existing", "http://h/x"});
  CHECK(command.session.connections == 64);
  CHECK(command.session.jobs == 3);
  CHECK(command.session.limit_rate == 10 * kMiB);
  CHECK(command.list == "list");
  CHECK(command.request.existing == Existing::skip);
  CHECK(command.urls.size() == 1);
  CHECK(fetch({"-i", "-"}).list == "-");
  CHECK(fetch({"-i", "{}"}).list == "{}");
  CHECK(fetch({"http://h/x", "-x", "auto"}).session.connections == 0);
  CHECK(fetch({"http://h/x", "-x1024"}).session.connections == 1024);
  CHECK(fetch({"http://h/x", "-o", "-"}).to_standard_output);
  CHECK(fetch({"http://h/x"}).progress == ProgressAs::automatic);
  CHECK(fetch({"http://h/x", "--progress", "bar"}).progress == ProgressAs::bar);
}

TEST_CASE("who asks arrives where it belongs") {
  const FetchCommand command =
      fetch({"http://h/x", "--netrc-file", "n", "--load-cookies", "c", "-e", "http://u:p@h/from#here"});
  CHECK(command.session.netrc_file == "n");
  CHECK(command.session.cookie_file == "c");
  CHECK(fetch({"http://h/x", "--cert", "c", "--key", "k"}).session.client_key == "k");
  CHECK(fetch({"http://h/x", "-E", "c"}).session.client_certificate == "c");
  CHECK(command.request.referer == "http://u:p@h/from#here");
  CHECK(fetch({"http://h/x"}).session.netrc_file.empty());
}

TEST_CASE("the usual netrc file is in the home directory, or where NETRC says") {
  REQUIRE(::setenv("HOME", "/home/somebody", 1) == 0);
  REQUIRE(::unsetenv("NETRC") == 0);
  CHECK(fetch({"http://h/x", "--netrc"}).session.netrc_file == "/home/somebody/.netrc");
  CHECK(fetch({"http://h/x", "-n", "--netrc-file", "other"}).session.netrc_file == "other");
  CHECK(fetch({"http://h/x", "--netrc-file", "other", "-n"}).session.netrc_file == "other");
  REQUIRE(::setenv("NETRC", "/etc/mine", 1) == 0);
  CHECK(fetch({"http://h/x", "-n"}).session.netrc_file == "/etc/mine");
  REQUIRE(::unsetenv("NETRC") == 0);
  REQUIRE(::unsetenv("HOME") == 0);
  CHECK(refused({"http://h/x", "-n"}) == 2);
}

TEST_CASE("with --json events are kept, and standard error is left alone") {
  const FetchCommand command = fetch({"--json", "http://h/x"});
  CHECK(command.json);
  CHECK(command.quiet);
  CHECK(command.request.events);
  CHECK_FALSE(fetch({"http://h/x"}).request.events);
  CHECK(refused({"--json", "http://h/x", "-o", "-"}) == 2);
}

TEST_CASE("a header does not swallow the URL after it") {
  const FetchCommand command = fetch({"-H", "A: [1]", "-H", "B: 2", "http://h/x", "http://h/y"});
  CHECK(command.urls == std::vector<std::string>{"http://h/x", "http://h/y"});
  REQUIRE(command.request.headers.size() == 2);
  CHECK(command.request.headers[0].value == "[1]");
}

TEST_CASE("names and directories are taken as they stand") {
  for (const char* name : {"{}", "%%", "[x]", "a b", "x,y", "\"q\""}) {
    CAPTURE(name);
    CHECK(fetch({"http://h/x", "-o", name}).request.output == name);
    CHECK(fetch({"http://h/x", "-d", name}).request.directory == name);
    CHECK(fetch({"http://h/x", "--cacert", name}).session.ca_file == name);
  }
  CHECK(fetch({"http://h/x", "-o", "./-"}).request.output == "-");
  CHECK(fetch({"http://h/x", "-o", "../f"}).request.directory == "..");
}

TEST_CASE("what curl sends as a form is no directory, unless it is one or is written as one") {
  CHECK(refused({"http://h/x", "-d", "key=value"}) == 2);
  CHECK(refused({"http://h/x", "-dkey="}) == 2);
  CHECK(fetch({"http://h/x", "-d", "./key=value"}).request.directory == "./key=value");
  CHECK(fetch({"http://h/x", "-d", "a/key=value"}).request.directory == "a/key=value");
  REQUIRE(std::filesystem::create_directory("key=value"));
  const FetchCommand command = fetch({"http://h/x", "-d", "key=value"});
  std::filesystem::remove("key=value");
  CHECK(command.request.directory == "key=value");
}

TEST_CASE("the last occurrence of an option wins") {
  const FetchCommand command = fetch({"http://h/x", "-x", "3", "--connections=4", "-d", "a", "-d", "b", "-R", "-R"});
  CHECK(command.session.connections == 4);
  CHECK(command.request.directory == "b");
  CHECK(command.request.remote_time);
}

TEST_CASE("a wrong command line is a usage error") {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"http://h/x", "-o", ""},
                                             {"http://h/x", "http://h/y", "-o", "-"},
                                             {"-i", "list", "-o", "-"},
                                             {"-i", "list", "-o", "f"},
                                             {"http://h/x", "-o", "-", "--skip-existing"},
                                             {"http://h/x", "--overwrite", "--skip-existing"},
                                             {"-i", ""},
                                             {"-i", "a", "-i", "b"},
                                             {"http://h/x", "-x", "0"},
                                             {"http://h/x", "-x", "1025"},
                                             {"http://h/x", "-x", "many"},
                                             {"http://h/x", "-x", "-1"},
                                             {"http://h/x", "-j", "0"},
                                             {"http://h/x", "-j", "auto"},
                                             {"http://h/x", "--limit-rate", "fast"},
                                             {"http://h/x", "-o", "dir/"},
                                             {"http://h/x", "-o"},
                                             {"http://h/x", "http://h/y", "-o", "z"},
                                             {"http://h/x", "-o", "a", "-o", "b"},
                                             {"http://h/x", "-4", "-6"},
                                             {"http://h/x", "-q", "-v"},
                                             {"http://h/x", "--checksum", "md5=1", "--checksum", "md5=2"},
                                             {"http://h/x", "--sync", "never"},
                                             {"http://h/x", "--retries", "-1"},
                                             {"http://h/x", "--progress", "fancy"},
                                             {"http://h/x", "--bogus"},
                                             {"-q", "status", "f"},
                                             {"--no-config", "man"},
                                             {"status", "a", "--none"}}) {
    CAPTURE(words.size());
    CHECK(refused(words) == 2);
  }
}

TEST_CASE("status is a command only in the first place") {
  Arguments arguments({"status", "f", "--json"});
  const auto command = read_command_line(arguments.count(), arguments.pointers.data());
  REQUIRE(std::holds_alternative<StatusCommand>(command));
  CHECK(std::get<StatusCommand>(command).files == std::vector<std::filesystem::path>{"f"});
  CHECK(std::get<StatusCommand>(command).json);
  CHECK(refused({"http://h/status", "status"}) == 2);
  CHECK(fetch({"https://status/"}).urls.size() == 1);
}

TEST_CASE("the process list shows no secrets") {
  CHECK(hidden({"-u", "a:b", "http://user:pass@h/f?token=secret"}) ==
        std::vector<std::string>{"-u", "***", "http://***@h/f?token=***"});
  CHECK(hidden({"-ua:b", "--user=a:b", "-HX: y", "--header=X: y", "--header", "X: y"}) ==
        std::vector<std::string>{"-u***", "--user=***", "-H****", "--header=****", "--header", "****"});
  CHECK(hidden({"-kqu", "a:b", "-vua:b", "-kHX: y", "-o", "u"}) ==
        std::vector<std::string>{"-kqu", "***", "-vu***", "-kH****", "-o", "u"});
  CHECK(hidden({"-nu", "a:b", "-knH", "X: y"}) == std::vector<std::string>{"-nu", "***", "-knH", "****"});
  CHECK(hidden({"-e", "http://u:p@h/", "-ehttp://u:p@h/", "--referer=http://u:p@h/?token=xyz"}) ==
        std::vector<std::string>{"-e", "http://***@h/", "-ehttp://***@h/", "--referer=http://***@h/?token=***"});
  CHECK(hidden({"-q", "-o", "f", "http://h/f?a=b"}) == std::vector<std::string>{"-q", "-o", "f", "http://h/f?a=b"});
}

TEST_CASE("sizes and times read well") {
  CHECK(size_words(0) == "0 B");
  CHECK(size_words(1023) == "1023 B");
  CHECK(size_words(1536) == "1.5 KiB");
  CHECK(size_words(5 * kGiB) == "5.0 GiB");
  CHECK(size_words(~std::uint64_t{0}) == "16.0 EiB");
  CHECK(size_in_units_of(512 * kKiB, 64 * kMiB) == "0.5");
  CHECK(size_in_units_of(7, 1023) == "7");
  CHECK(time_words(std::chrono::seconds(65)) == "1:05");
  CHECK(time_words(std::chrono::seconds(3725)) == "1:02:05");
}

TEST_CASE("the report says how it was fetched and how sure it is") {
  Report report;
  report.output = "f";
  report.total = report.fetched = 10 * kMiB;
  report.elapsed = std::chrono::seconds(2);
  CHECK(report_line(report) == "f: 10.0 MiB in 2.0 s (5.0 MiB/s), verified by length only");
  report.connections = 8;
  report.reused = kMiB;
  report.retries = 1;
  report.verified_to = VerifiedTo::strong_validator;
  CHECK(report_line(report) ==
        "f: 10.0 MiB in 2.0 s (5.0 MiB/s), 8 connections, 1.0 MiB reused, 1 retry, verified by strong validator");
}

TEST_CASE("the progress line says what there is to say") {
  Progress progress;
  CHECK(progress_line("f", progress, 0) == "f  0 B  queued");
  progress.phase = Phase::starting;
  CHECK(progress_line("f", progress, 0) == "f  0 B  starting");
  progress.phase = Phase::fetching;
  progress.done = 50 * kMiB;
  CHECK(progress_line("f", progress, 1048576) == "f  50.0 MiB  1.0 MiB/s");
  progress.total = 100 * kMiB;
  CHECK(progress_line("a\x1b", progress, 1048576) == "a\\x1b  50.0 MiB of 100.0 MiB  50 %  1.0 MiB/s  0:50 left");
  progress.connections = 1;
  CHECK(progress_line("f", progress, 1048576) == "f  50.0 MiB of 100.0 MiB  50 %  1.0 MiB/s  0:50 left");
  progress.connections = 8;
  CHECK(progress_line("f", progress, 1048576) == "f  50.0 MiB of 100.0 MiB  50 %  1.0 MiB/s  8 connections  0:50 left");
  progress.connections = 0;
  progress.phase = Phase::waiting;
  progress.note = "connect to h:80: Connection refused; trying again in 1.0 s";
  CHECK(progress_line("f", progress, 0) ==
        "f  50.0 MiB of 100.0 MiB  50 %  connect to h:80: Connection refused; trying again in 1.0 s");
  progress.phase = Phase::fetching;
  progress.done = progress.reused = *progress.total;
  progress.verified = 10 * kMiB;
  CHECK(progress_line("f", progress, 0) == "f  100.0 MiB of 100.0 MiB  99 %  verifying 10.0 MiB of 100.0 MiB");
}
