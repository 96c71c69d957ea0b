// Files of names and passwords.
#include "core/netrc.h"
#include "fuzz/fuzz.h"

#include <string>

using namespace segdl;

void fuzz(std::string_view input) {
  const auto entries = parse_netrc(input);
  if (!entries) {
    FUZZ_CHECK(entries.error().cause == Cause::usage);
    return;
  }
  for (const NetrcEntry& entry : *entries) {
    for (const std::string* word : {&entry.machine, &entry.login, &entry.password}) {
      FUZZ_CHECK(word->size() <= kMaxNetrcWord && word->size() <= input.size());
    }
    const NetrcEntry* found = find_netrc(*entries, entry.machine);
    FUZZ_CHECK(found != nullptr && (found->machine == entry.machine || found->machine.empty()));
  }
}
