// How a Fetcher makes a request, and which secrets go with it.
#include <segdl/version.h>

#include "core/ascii.h"
#include "engine/fetcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace segdl::engine {
namespace {

bool has_field(const std::vector<Header>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const Header& h) { return same_text(h.name, name); });
}

}  // namespace

HttpRequest Fetcher::request_for(const Url& url, const Asked& asked, const Known* known) const {
  HttpRequest request{url, {}, std::nullopt};
  auto& fields = request.fields;
  const Url& original = route_.original();
  const bool own = url.origin == original.origin;  // secrets go nowhere else
  const std::vector<Header> none;
  const auto& headers = own ? request_.headers : none;
  if (!has_field(headers, "User-Agent")) {
    const std::string& agent = shared_.options.user_agent;
    fields.push_back({"User-Agent", agent.empty() ? fmt::format("segdl/{}", kVersion) : agent});
  }
  if (!has_field(headers, "Accept")) fields.push_back({"Accept", "*/*"});
  fields.push_back({"Accept-Encoding", "identity"});
  if (own && !has_field(headers, "Authorization")) {
    request.credentials = request_.credentials;
    if (!request.credentials && original.has_userinfo) {
      request.credentials = Credentials{original.user, original.password};
    }
  }
  for (const Header& header : headers) fields.push_back({header.name, header.value});
  if (asked.range) {
    fields.push_back({"Range", range_field(*asked.range)});
    if (asked.asking == Asking::conditional && known != nullptr && known->validator.strong()) {
      fields.push_back({"If-Range", known->validator.value});
    }
  }
  return request;
}

}  // namespace segdl::engine
