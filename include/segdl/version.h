// The version of the library; the build checks it against the project's.
#pragma once

namespace segdl {
inline constexpr const char* kVersion = "0.1.0";
}  // namespace segdl
