#include "cli/commands/man_page.h"

#include "cli/help/help.h"

#include <segdl/version.h>

#include <fmt/format.h>

#include <string_view>

namespace segdl::cli {
namespace {

// Escapes text: hyphens that can be copied, and no roff request at the beginning of a line.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string section(std::string_view name) { return fmt::format(".SH {}\n", name); }

std::string bold(std::string_view text) { return fmt::format("\\fB{}\\fR", roff(text)); }

// A paragraph under a tag; both are roff already.
std::string tagged(const std::string& tag, const std::string& text) { return fmt::format(".TP\n{}\n{}\n", tag, text); }

std::string option_entry(const OptionWords& option) {
  std::string tag;
  for (const std::string& name : option.names) tag += (tag.empty() ? "" : ", ") + bold(name);
  if (!option.shown.empty()) tag += fmt::format(" \\fI{}\\fR", roff(option.shown));
  return tagged(tag, roff(option.description) + ".");
}

constexpr std::string_view kDescription =
    R"(Each URL is downloaded to a file over several connections. Until the file is complete, verified and on disk, the
data is in NAME.part, and the journal NAME.segdl beside it records which segments are there, with a hash of each.
Running the same command again resumes: it fetches only the missing segments, and verifies the others meanwhile.
.PP
Several connections require a server that supports ranges and sends a strong validator. Otherwise a file comes over one
connection, and segdl prints why. If the resource changed on the server, it is fetched again as a whole; where that
could discard data, segdl stops with exit code 8.
.PP
A URL without a scheme is https. A word without a dot, a slash or a colon, except localhost, is not a URL; for a host of
that name use https://NAME/.
.PP
A list (\fB\-i\fR) has one URL per line, optionally followed by a TAB and the name of the file. Empty lines and lines
that begin with # are ignored.
.PP
Sizes accept K, M, G and T, which are powers of 1024. Times are in seconds, or accept ms, s, m and h.
)";

constexpr std::string_view kFiles =
    R"(.TP
.I NAME.part
Data of an incomplete download.
.TP
.I NAME.segdl
Its journal. Without it the next run restarts the download.
.TP
.I ~/.config/segdl/config
Settings for every run, one per line: a long option without its dashes, an equals sign, and its value. The command line
overrides the file, also where the two contradict each other. A file that contains a password must not be readable by
other users.
.TP
.I ~/.netrc
Credentials by host, read with \fB\-\-netrc\fR. It must not be writable by other users.
)";

constexpr std::string_view kEnvironment =
    R"(.TP
\fBhttp_proxy\fR, \fBhttps_proxy\fR, \fBall_proxy\fR, \fBno_proxy\fR
The proxy, and the hosts to reach without it, unless \fB\-\-proxy\fR is given. All but the first are read in upper
case as well.
.TP
\fBNETRC\fR
The file read by \fB\-\-netrc\fR, instead of
.IR ~/.netrc .
.TP
\fBXDG_CONFIG_HOME\fR
The directory of
.IR segdl/config ,
instead of
.IR ~/.config .
.TP
\fBNO_COLOR\fR
If not empty, no colours are used.
.TP
\fBTERM\fR
If
.B dumb
or empty, no control sequences are sent.
.TP
\fBSSL_CERT_FILE\fR, \fBSSL_CERT_DIR\fR
The trusted certificates, instead of the system's, unless \fB\-\-cacert\fR or \fB\-\-capath\fR is given.
)";

constexpr std::string_view kExamples =
    R"(Download a file; the same command resumes it after an interruption:
.PP
.RS
.nf
segdl https://example.org/movie.mkv
.fi
.RE
.PP
Show what is on disk of an interrupted download:
.PP
.RS
.nf
segdl status movie.mkv
.fi
.RE
.PP
Download a list into a directory, four files in parallel; run it again until all are complete:
.PP
.RS
.nf
segdl \-i list.txt \-d /srv/mirror \-j 4 \-\-skip\-existing
.fi
.RE
)";

std::string synopsis() {
  std::string text = section("SYNOPSIS") + bold("segdl") + " [\\fIoptions\\fR] \\fIURL\\fR...\n.br\n";
  text += bold("segdl") + " [\\fIoptions\\fR] " + bold("-i") + " \\fILIST\\fR\n";
  for (const CommandWords& command : command_words()) {
    text += ".br\n" + bold(fmt::format("segdl {}", command.name)) + " " + roff(command.arguments) + "\n";
  }
  return text;
}

std::string options_section(const CommandTable& table) {
  std::string text = section("OPTIONS");
  for (const OptionGroup& group : table.fetch) {
    text += fmt::format(".SS {}\n", roff(group.name));
    for (const OptionWords& option : group.options) text += option_entry(option);
  }
  return text;
}

std::string commands_section(const CommandTable& table) {
  std::string text = section("COMMANDS");
  for (const CommandWords& command : command_words()) {
    const std::string tag = bold(command.name) + " " + roff(command.arguments);
    text += tagged(tag, "Print " + roff(command.purpose) + ".");
    if (std::string_view(command.name) != "status") continue;
    text += ".RS\n";
    for (const OptionGroup& group : table.status) {
      for (const OptionWords& option : group.options) text += option_entry(option);
    }
    text += ".RE\n";
  }
  return text;
}

std::string exit_section() {
  std::string text = section("EXIT STATUS");
  for (const ExitCodeWords& exit : exit_code_words()) {
    text += tagged(bold(exit.code), roff(fmt::format("{}: {}.", exit.brief, exit.more)));
  }
  return text + ".PP\nOf several downloads: the code of the first failure; an interruption takes precedence.\n";
}

}  // namespace

std::string man_page(const CommandTable& table) {
  std::string text = fmt::format(".TH SEGDL 1 \"\" \"segdl {}\" \"User Commands\"\n", roff(kVersion));
  text += section("NAME") + "segdl \\- segmented, resumable, verified downloads\n";
  text += synopsis();
  text += section("DESCRIPTION") + roff(table.about) + "\n.PP\n" + std::string(kDescription);
  text += options_section(table) + commands_section(table) + exit_section();
  text += section("FILES") + std::string(kFiles) + section("ENVIRONMENT") + std::string(kEnvironment);
  text += section("EXAMPLES") + std::string(kExamples);
  return text + section("SEE ALSO") + "\\fBcurl\\fR(1), \\fBwget\\fR(1), \\fBaria2c\\fR(1)\n";
}

}  // namespace segdl::cli
