// Transfer's way to the name of the output, where the request has none.
#include "core/http/content_disposition.h"
#include "core/store/file_name.h"

#include "engine/store/output_name.h"
#include "engine/task/transfer.h"

#include <cstddef>
#include <utility>

namespace segdl::engine {

// The server's word for the output's name (doc/disks.md, names): taken from the first response, once.
Result<void> Transfer::take_remote_name() {
  auto first = first_reply();
  if (!first) return std::move(first).error();
  const std::string* disposition = first->exchange->head().find("Content-Disposition");
  if (const auto name = disposition != nullptr ? disposition_name(*disposition) : std::nullopt) {
    task_.rename(name_from_server(*name));
  }
  named_ = std::move(*first);
  return {};
}

// Encrypted file systems take 143 bytes. A name that was asked for is not made another: OutputFile refuses it.
void Transfer::fit_name(std::size_t longest) {
  if (!task_.request.output.empty() || task_.name.size() <= longest) return;
  task_.rename(fitting_name(task_.name, longest));
}

}  // namespace segdl::engine
