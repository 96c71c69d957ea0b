// The lines of a list of downloads (open_list() of segdl/batch.h has the format). Pure: bytes go in, cut anywhere, and
// lines come out.
//
// A line that can't be used comes out too, with what is wrong with it; the lines after it are not harmed. What is kept
// is what was fed and not yet asked for, and of a line too long nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace segdl::batch {

// Bytes of a line, without its end.
inline constexpr std::size_t kMaxLine = 65536;

struct ListLine {
  std::uint64_t number = 0;  // from 1, as editors count
  std::string url = {};
  std::string name = {};     // as in Item
  std::string problem = {};  // as in Item
};

class ListReader {
 public:
  void feed(std::string_view bytes);
  // Nothing more will be fed.
  void finish() { finished_ = true; }

  // The next line that is not empty. Nothing: more must be fed, or that was all.
  std::optional<ListLine> next();

 private:
  std::optional<std::string_view> take_line();

  std::string bytes_;  // fed and not yet taken: from taken_ on
  std::size_t taken_ = 0;
  std::size_t searched_ = 0;  // no end of a line before this
  std::uint64_t number_ = 0;
  bool too_long_ = false;  // the line being fed; what it had is gone
  bool finished_ = false;
};

}  // namespace segdl::batch
