# segdl_compile_faster(TARGET headers...): with SEGDL_PRECOMPILE, what most sources include is compiled once for the target, and these headers
# too; with SEGDL_UNITY, eight sources are compiled as one. A source that forgets to include what it uses is found by the presets without them,
# and two of a target that give the same name to different things, by those with SEGDL_UNITY.
function(segdl_compile_faster target)
  if(SEGDL_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE
      <algorithm> <array> <atomic> <chrono> <cstddef> <cstdint> <cstring> <deque> <filesystem> <functional> <map> <memory> <mutex>
      <optional> <span> <stop_token> <string> <string_view> <thread> <utility> <variant> <vector> <fmt/format.h> ${ARGN})
  endif()
  if(SEGDL_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  endif()
endfunction()
