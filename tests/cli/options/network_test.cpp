// Proxies and address families on the command line and in the environment.
#include "cli/options/network.h"
#include "cli/options/options.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <variant>
#include <vector>

using namespace segdl;
using namespace segdl::cli;

namespace {

using Variables = std::map<std::string, std::string>;

// "the proxy for http, the one for https, what is exempt".
std::string taken(const Variables& variables, const std::optional<std::string>& option = std::nullopt) {
  NetworkOptions network;
  set_proxies(network, option, [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found != variables.end() ? found->second.c_str() : nullptr;
  });
  return network.http_proxy + "," + network.https_proxy + "," + network.no_proxy;
}

std::string hidden(std::string text) {
  hide_in_proxy(text.data());
  return text;
}

// What main() makes of the words; nothing if they are wrong.
std::optional<AddressFamily> family(std::vector<std::string> words) {
  words.insert(words.begin(), "segdl");
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const auto command = read_command_line(static_cast<int>(words.size()), pointers.data());
  const auto* fetch = std::get_if<FetchCommand>(&command);
  return fetch != nullptr ? std::optional(fetch->session.network.addresses) : std::nullopt;
}

std::vector<std::string> shown(std::vector<std::string> words) {
  words.insert(words.begin(), "segdl");
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  hide_secrets(static_cast<int>(words.size()), pointers.data());
  return {pointers.begin() + 1, pointers.end()};
}

}  // namespace

TEST_CASE("the environment names proxies as it does for curl") {
  CHECK(taken({}) == ",,");
  CHECK(taken({{"http_proxy", "a"}, {"https_proxy", "b"}, {"no_proxy", "c"}}) == "a,b,c");
  CHECK(taken({{"HTTPS_PROXY", "b"}, {"NO_PROXY", "c"}}) == ",b,c");
  CHECK(taken({{"https_proxy", "b"}, {"HTTPS_PROXY", "x"}, {"no_proxy", "c"}, {"NO_PROXY", "x"}}) == ",b,c");
  CHECK(taken({{"all_proxy", "a"}}) == "a,a,");
  CHECK(taken({{"ALL_PROXY", "a"}, {"https_proxy", "b"}}) == "a,b,");
  CHECK(taken({{"http_proxy", ""}, {"all_proxy", "a"}}) == "a,a,");
}

TEST_CASE("HTTP_PROXY is a request's header to a CGI program and names no proxy") {
  CHECK(taken({{"HTTP_PROXY", "evil.test"}}) == ",,");
}

TEST_CASE("--proxy counts more than the environment, and '' is none") {
  const Variables all = {{"http_proxy", "a"}, {"https_proxy", "b"}, {"all_proxy", "c"}, {"no_proxy", "d"}};
  CHECK(taken(all, "p:1") == "p:1,p:1,d");
  CHECK(taken(all, "") == ",,d");
}

TEST_CASE("the process list shows no password of a proxy") {
  CHECK(hidden("http://user:pass@h:1") == "http://*********@h:1");
  CHECK(hidden("u:p@s/s@h:1") == "*******@h:1");
  CHECK(hidden("h:1") == "h:1");
  CHECK(shown({"--proxy", "http://u:p@h:1", "--proxy=u:p@h:1", "-4u", "a:b", "--proxy"}) ==
        std::vector<std::string>{"--proxy", "http://***@h:1", "--proxy=***@h:1", "-4u", "***", "--proxy"});
}

TEST_CASE("one family of addresses, or the other") {
  CHECK(family({"http://h/f"}) == AddressFamily::any);
  CHECK(family({"-4", "http://h/f"}) == AddressFamily::v4);
  CHECK(family({"--ipv6", "http://h/f"}) == AddressFamily::v6);
  CHECK_FALSE(family({"-46", "http://h/f"}).has_value());
  CHECK_FALSE(family({"-6", "-4", "http://h/f"}).has_value());
}
