#include "io/net/public_suffixes.h"

#include <libpsl.h>

namespace segdl::io {

// Built without a list libpsl knows no rule: then no domain can be trusted to be somebody's.
bool is_public_suffix(const std::string& domain) {
  const ::psl_ctx_t* list = ::psl_builtin();
  return list == nullptr || ::psl_is_public_suffix(list, domain.c_str()) != 0;
}

}  // namespace segdl::io
