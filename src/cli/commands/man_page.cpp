#include "cli/commands/man_page.h"

#include "cli/help/help.h"

#include <segdl/version.h>

#include <fmt/format.h>

#include <string_view>

namespace segdl::cli {
namespace {

// Text as it is to appear: hyphens that can be copied, and nothing at a line's beginning that roff takes for a request.
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

// A paragraph under a tag, both as they are in roff.
std::string tagged(const std::string& tag, const std::string& text) { return fmt::format(".TP\n{}\n{}\n", tag, text); }

std::string option_entry(const OptionWords& option) {
  std::string tag;
  for (const std::string& name : option.names) tag += (tag.empty() ? "" : ", ") + bold(name);
  if (!option.shown.empty()) tag += fmt::format(" \\fI{}\\fR", roff(option.shown));
  return tagged(tag, roff(option.description) + ".");
}

constexpr std::string_view kDescription =
    R"(For each URL a file is fetched over several connections at once. Until it is complete, verified and on disk there is
NAME.part, and beside it the journal NAME.segdl, which says which segments are there and how to prove it. The same
command again continues: it checks what is there while it fetches what is missing, and only that.
.PP
Many connections need a server that serves ranges and names a strong validator. Otherwise a file comes over one
connection, and segdl says so. If the resource changed on the server, it is fetched again whole, or segdl stops with
exit code 8 where that might lose something.
.PP
A URL without a scheme is https. A word without a dot, a slash or a colon, but for localhost, is no URL; write
https://NAME/ for a host of that name.
.PP
In a list (\fB\-i\fR) each line has one URL, and if the file is to have another name, a TAB and that name. Empty lines
and lines that begin with # do not count.
.PP
Sizes take K, M, G and T, which are powers of 1024. Times are in seconds or take ms, s, m and h.
)";

constexpr std::string_view kFiles =
    R"(.TP
.I NAME.part
What there is of a download that is not complete.
.TP
.I NAME.segdl
Its journal. Without it the next run begins again.
.TP
.I ~/.config/segdl/config
Settings for every run, one a line: a long option without its dashes, and its value after an equals sign. The command
line goes before them, also where it contradicts them. A file with a password in it must be closed to others.
.TP
.I ~/.netrc
Names and passwords by host, where \fB\-\-netrc\fR is given. Only its owner may be able to write it.
)";

constexpr std::string_view kEnvironment =
    R"(.TP
\fBhttp_proxy\fR, \fBhttps_proxy\fR, \fBall_proxy\fR, \fBno_proxy\fR
Which proxy to ask, and for which hosts none, where \fB\-\-proxy\fR is not given; all but the first in capitals as well.
.TP
\fBNETRC\fR
The file that \fB\-\-netrc\fR reads, instead of
.IR ~/.netrc .
.TP
\fBXDG_CONFIG_HOME\fR
Where
.I segdl/config
is, instead of
.IR ~/.config .
.TP
\fBNO_COLOR\fR
If it is not empty, no colours are used.
.TP
\fBTERM\fR
If it is
.B dumb
or empty, no control sequences are sent.
.TP
\fBSSL_CERT_FILE\fR, \fBSSL_CERT_DIR\fR
Whom to trust, instead of the system's certificates, where neither \fB\-\-cacert\fR nor \fB\-\-capath\fR is given.
)";

constexpr std::string_view kExamples =
    R"(Fetch a file, and continue it after whatever happened:
.PP
.RS
.nf
segdl https://example.org/movie.mkv
.fi
.RE
.PP
What is there of it:
.PP
.RS
.nf
segdl status movie.mkv
.fi
.RE
.PP
Fetch a list into a directory, four files at once, and run it again until all are there:
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
  return text + ".PP\nOf several downloads: the code of the first to fail; to be interrupted outranks it.\n";
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
