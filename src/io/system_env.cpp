// Where the walls meet: the public API on the real world.
#include <segdl/session.h>
#include <segdl/status.h>

#include "engine/read_status.h"
#include "engine/session_state.h"
#include "io/http_transport.h"
#include "io/posix_file_system.h"
#include "io/real_clock.h"

#include <memory>
#include <utility>

namespace segdl {
namespace {

std::unique_ptr<engine::SessionState> system_state(SessionOptions options) {
  auto clock = io::make_real_clock();
  auto transport =
      io::make_http_transport({options.ca_file, options.ca_path, options.insecure}, options.network, *clock);
  return std::make_unique<engine::SessionState>(std::move(options), io::make_posix_file_system(), std::move(clock),
                                                std::move(transport));
}

}  // namespace

Session::Session(SessionOptions options) : Session(system_state(std::move(options))) {}

Result<DownloadStatus> status(const std::filesystem::path& output) {
  const auto files = io::make_posix_file_system();
  return engine::read_status(*files, output);
}

}  // namespace segdl
