// How much room text takes on a terminal, in columns. By the locale that the process has set (LC_CTYPE), as the
// terminal is expected to have the same.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace segdl::cli {

// Foreign text as it can be shown in one line: printable() (see segdl/text.h), and every character that the terminal
// can't show, or whose width the system does not know, as '?'. `utf8`: whether it can show other than ASCII.
std::string showable(std::string_view foreign, bool utf8);

// REQUIRES: the text is showable in this locale, without control sequences.
std::size_t columns(std::string_view text);

// The end of a text too long for so many columns, cut between characters: "...movie.mkv".
std::string shortened(const std::string& text, std::size_t room);

// The beginning of it: "segdl: connec...".
std::string cut_off(const std::string& text, std::size_t room);

// With blanks behind, or before, until it is so wide.
std::string padded(std::string text, std::size_t room);
std::string indented(const std::string& text, std::size_t room);

}  // namespace segdl::cli
