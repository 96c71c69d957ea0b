// Shared by the fuzz targets. Each target is one function over arbitrary bytes: it must neither crash nor run for ever,
// and what it checks must hold for every input.
//
// Built with clang's -fsanitize=fuzzer (preset `fuzz`) a target searches for inputs; built as a test it replays its
// folder of corpus/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// The one thing a target defines.
void fuzz(std::string_view input);

// Holds in every build, and names its place when it does not.
#define FUZZ_CHECK(condition)                                                             \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)
