// The file or pipe a list of downloads comes from, read without ever being waited for: its writer may be slow.
#pragma once

#include "cli/commands/list_reader.h"

#include <segdl/error.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace segdl::cli {

class ListFile final {
 public:
  // A path, or "-" for standard input. A file that can't be opened is one that has ended with a problem.
  explicit ListFile(const std::string& path);
  ~ListFile();
  ListFile(const ListFile&) = delete;
  ListFile& operator=(const ListFile&) = delete;

  // The next line that is there already. Nothing: there is none yet, or the list has ended.
  std::optional<ListLine> next();
  // True once next() has found nothing more and never will.
  bool ended() const { return ended_; }
  // What ended it before its end, if anything did.
  const std::optional<Error>& problem() const { return problem_; }

  // Waits until there is more to read, at most this long.
  void wait(std::chrono::milliseconds) const;

  // A line as messages name it: "list.txt:17".
  std::string list_line(std::uint64_t number) const;

 private:
  bool read_some();
  void fail(const char* operation);

  std::string name_;
  int descriptor_;
  bool read_to_end_ = false;
  bool ended_ = false;
  std::optional<Error> problem_ = std::nullopt;
  ListReader reader_;
};

}  // namespace segdl::cli
