#include "engine/task/damage.h"

#include "core/base/errors.h"
#include "engine/store/journal/proof.h"

#include <fmt/format.h>

#include <utility>

namespace segdl::engine {

std::string part_of(const OutputFile& output_file) { return output_file.directory().path_of(output_file.names().part); }

Result<bool> mend_length(File& data, std::uint64_t length) {
  auto status = data.status();
  if (!status) return std::move(status).error();
  if (status->size == length) return false;
  auto reserved = data.reserve(length);
  if (!reserved) return std::move(reserved).error();
  auto resized = data.resize(length);
  if (!resized) return std::move(resized).error();
  return true;
}

Error does_not_stay(const OutputFile& output_file, std::uint64_t offset) {
  Error error = make_error(Cause::integrity, "verify", part_of(output_file),
                           fmt::format("what was written there does not stay: it was fetched again {} times, and each "
                                       "time another program or the disk changed it",
                                       kMaxRepairs));
  error.offset = offset;
  return with_hints(std::move(error), {Hint::find_interference});
}

}  // namespace segdl::engine
