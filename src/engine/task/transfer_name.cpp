// Transfer's way to the name of the output, where the request has none.
#include "core/http/content_disposition.h"
#include "core/store/file_name.h"

#include "engine/store/output_name.h"
#include "engine/task/transfer.h"

#include <cstddef>
#include <utility>

namespace segdl::engine {

// The server's word for the output's name (doc/disks.md, names): taken from the first response, once.
Result<void> Transfer::take_remote_name(const std::stop_token& stop) {
  auto first = first_reply(stop);
  if (!first) return std::move(first).error();
  const std::string* disposition = first->exchange->head().find("Content-Disposition");
  if (const auto name = disposition != nullptr ? disposition_name(*disposition) : std::nullopt) {
    name_ = name_from_server(*name);
    task_progress_.set_output(request_.directory / name_);
  }
  named_ = std::move(*first);
  return {};
}

// Encrypted file systems take 143 bytes. A name that was asked for is not made another: OutputFile refuses it.
void Transfer::fit_name(std::size_t longest) {
  if (!request_.output.empty() || name_.size() <= longest) return;
  name_ = fitting_name(name_, longest);
  task_progress_.set_output(request_.directory / name_);
}

}  // namespace segdl::engine
