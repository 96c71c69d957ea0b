// Exit codes: part of the command's interface. doc/usage.md has the table.
#pragma once

#include <segdl/error.h>

namespace segdl::cli {

inline constexpr int kUsage = 2;
inline constexpr int kLocal = 7;

constexpr int exit_code(Cause cause) {
  switch (cause) {
    case Cause::internal:
      return 1;
    case Cause::usage:
      return kUsage;
    case Cause::network:
      return 3;
    case Cause::refused:
      return 4;
    case Cause::tls:
      return 5;
    case Cause::integrity:
      return 6;
    case Cause::local:
      return kLocal;
    case Cause::changed:
      return 8;
    case Cause::busy:
      return 9;
    case Cause::exists:
      return 10;
    case Cause::cancelled:
      return 130;
  }
  return 1;
}

}  // namespace segdl::cli
