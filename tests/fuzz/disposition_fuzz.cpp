// Names that servers suggest, made safe.
#include "core/base/utf8.h"
#include "core/http/content_disposition.h"
#include "core/store/file_name.h"
#include "fuzz/fuzz.h"

#include <string>

using namespace segdl;

namespace {

void check_safe(std::string_view foreign) {
  const std::string name = safe_name(foreign);
  FUZZ_CHECK(!name.empty() && name.size() <= kMaxMadeName + 1);
  FUZZ_CHECK(name != "." && name != "..");
  FUZZ_CHECK(std::string_view(".-~").find(name.front()) == std::string_view::npos);
  FUZZ_CHECK(name.back() != '.' && name.back() != ' ');
  for (std::string_view rest = name; !rest.empty();) {
    const Utf8Character character = next_character(rest);
    FUZZ_CHECK(character.valid && !is_unprintable(character.code) && rest[0] != '/' && rest[0] != '\\');
    rest.remove_prefix(character.size);
  }
  FUZZ_CHECK(safe_name(name) == name);
}

}  // namespace

void fuzz(std::string_view input) {
  check_safe(input);
  const auto name = disposition_name(input);
  if (!name) return;
  FUZZ_CHECK(!name->empty() && name->size() <= 2 * input.size());
  FUZZ_CHECK(name->find('/') == std::string::npos && name->find('\\') == std::string::npos);
  check_safe(*name);
}
