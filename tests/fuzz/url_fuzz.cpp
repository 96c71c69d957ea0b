// URLs: parsed, resolved, printed.
#include "core/url/url.h"
#include "fuzz/fuzz.h"

#include <algorithm>
#include <string>

using namespace segdl;

namespace {

void check_sound(const Url& url) {
  FUZZ_CHECK(!url.origin.host.empty() && url.origin.port != 0);
  FUZZ_CHECK(url.target.starts_with('/'));
  for (const std::string& part : {url.origin.authority(), url.target}) {
    FUZZ_CHECK(std::all_of(part.begin(), part.end(), [](char c) { return c > 0x20 && c < 0x7f; }));
  }
  const auto again = parse_url(url.text());
  FUZZ_CHECK(again.ok() && again->text() == url.text() && again->origin == url.origin && !again->has_userinfo);
  static_cast<void>(url.redacted());
  static_cast<void>(last_component(url));
}

}  // namespace

void fuzz(std::string_view input) {
  const auto url = parse_url(input);
  if (url) check_sound(*url);
  if (!url) FUZZ_CHECK(url.error().cause == Cause::usage);
  static const Url base = *parse_url("http://user:pw@a:81/b/c/d;p?q");
  const auto resolved = resolve_url(base, input);
  if (!resolved) return;
  check_sound(*resolved);
  FUZZ_CHECK(!resolved->has_userinfo && resolved->user.empty() && resolved->password.empty());
}
