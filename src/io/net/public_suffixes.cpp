#include "io/net/public_suffixes.h"

#include <libpsl.h>

namespace segdl::io {

// Built without a list libpsl knows no rules: then every domain counts as a public suffix.
bool is_public_suffix(const std::string& domain) {
  const ::psl_ctx_t* list = ::psl_builtin();
  return list == nullptr || ::psl_is_public_suffix(list, domain.c_str()) != 0;
}

}  // namespace segdl::io
