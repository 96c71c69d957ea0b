// Files of names and passwords.
#include "core/credentials/netrc.h"
#include "fuzz/fuzz.h"

#include <algorithm>
#include <string>

using namespace segdl;

namespace {

// An internationalized name is longer in ASCII; a host of a URL has at most 253 bytes (RFC 1035 section 2.3.4).
constexpr std::size_t kMaxHost = 253;

}  // namespace

void fuzz(std::string_view input) {
  const auto entries = parse_netrc(input);
  if (!entries) {
    FUZZ_CHECK(entries.error().cause == Cause::usage);
    return;
  }
  for (const NetrcEntry& entry : *entries) {
    for (const std::string* word : {&entry.login, &entry.password}) {
      FUZZ_CHECK(word->size() <= kMaxNetrcWord && word->size() <= input.size());
    }
    FUZZ_CHECK(entry.machine.size() <= std::max(std::min(kMaxNetrcWord, input.size()), kMaxHost));
    const NetrcEntry* found = find_netrc(*entries, entry.machine);
    FUZZ_CHECK(found != nullptr && (found->machine == entry.machine || found->machine.empty()));
  }
}
