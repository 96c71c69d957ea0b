# segdl_precompile(TARGET headers...): with SEGDL_PRECOMPILE, what most sources include is compiled once for the target, and these headers
# too. A source that forgets to include what it uses is found by the presets without it.
function(segdl_precompile target)
  if(SEGDL_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE
      <algorithm> <array> <atomic> <chrono> <cstddef> <cstdint> <cstring> <deque> <filesystem> <functional> <map> <memory> <mutex>
      <optional> <span> <stop_token> <string> <string_view> <thread> <utility> <variant> <vector> <fmt/format.h> ${ARGN})
  endif()
endfunction()
