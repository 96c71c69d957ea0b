// The file of settings.
#include "cli/options/config_reader.h"
#include "fuzz/fuzz.h"

#include <string>

using namespace segdl::cli;

void fuzz(std::string_view input) {
  std::size_t last = 0;
  for (const ConfigLine& line : read_config(input)) {
    FUZZ_CHECK(line.number > last);
    last = line.number;
    if (!line.problem.empty()) continue;
    FUZZ_CHECK(!line.key.empty() &&
               line.key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos);
    FUZZ_CHECK(line.value.find('\n') == std::string::npos);
    // Written again and read again it is the same.
    const auto again = read_config(line.key + " = " + line.value);
    FUZZ_CHECK(again.size() == 1 && again[0].key == line.key && again[0].value == line.value);
  }
}
