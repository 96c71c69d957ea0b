// The version of the library; the build checks it against the project's.
#pragma once

#pragma GCC visibility push(default)
namespace segdl {
inline constexpr const char* kVersion = "0.1.0";
}  // namespace segdl
#pragma GCC visibility pop
