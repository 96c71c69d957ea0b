// The width of text on a terminal, in columns. By the locale of the process (LC_CTYPE); the terminal is expected to
// have the same.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace segdl::cli {

// Makes untrusted text showable in one line: printable() (see segdl/text.h), with '?' for every character that the
// terminal can't show or whose width the system does not know. `utf8`: whether it can show more than ASCII.
std::string showable(std::string_view foreign, bool utf8);

// REQUIRES: the text is showable in this locale, without control sequences.
std::size_t columns(std::string_view text);

// The end of a text that is too long for `room`, cut between characters: "...movie.mkv".
std::string shortened(const std::string& text, std::size_t room);

// The beginning of such a text: "segdl: connec...".
std::string cut_off(const std::string& text, std::size_t room);

// With blanks after it, or before, up to this width.
std::string padded(std::string text, std::size_t room);
std::string indented(const std::string& text, std::size_t room);

}  // namespace segdl::cli
