#include "core/http/http_status.h"

#include <algorithm>
#include <utility>

namespace segdl {

std::string_view status_words(int status) {
  constexpr std::pair<int, std::string_view> kWords[] = {{202, "accepted, but not ready"},
                                                         {400, "bad request"},
                                                         {401, "authorization required"},
                                                         {403, "forbidden"},
                                                         {404, "not found"},
                                                         {407, "proxy authorization required"},
                                                         {408, "request timeout"},
                                                         {410, "gone"},
                                                         {416, "range not satisfiable"},
                                                         {429, "too many requests"},
                                                         {451, "unavailable for legal reasons"},
                                                         {500, "internal server error"},
                                                         {502, "bad gateway"},
                                                         {503, "service unavailable"},
                                                         {504, "gateway timeout"}};
  for (const auto& [code, words] : kWords) {
    if (code == status) return words;
  }
  return "refused";
}

bool may_pass(int status) {
  constexpr int kClient[] = {408, 421, 425, 429};
  if (std::ranges::find(kClient, status) != std::end(kClient)) return true;
  return status >= 500 && status != 501 && status != 505;
}

bool may_be_of_form(int status) {
  constexpr int kOther[] = {202, 401, 402, 407, 408, 410, 421, 425, 429, 451, 511};
  return std::ranges::find(kOther, status) == std::end(kOther);
}

}  // namespace segdl
