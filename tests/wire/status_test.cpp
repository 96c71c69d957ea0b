// The object of `segdl status --json`, whole; tests/e2e/json_test.py holds the real command against doc/json.md.
#include "wire/status.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <string>

using namespace segdl;
using namespace segdl::wire;

TEST_CASE("a status is one object with its claims and holes as pairs") {
  DownloadStatus status;
  status.output = "f";
  status.url = "http://h/f";
  status.validator = "\"v\xff\"";
  status.validator_strong = true;
  status.total = 48;
  status.segment_size = 16;
  status.segments = 3;
  status.claimed_segments = 2;
  status.claimed = 32;
  status.claims = {{0, 16}, {32, 48}};
  status.holes = {{16, 32}};
  const std::string text = status_text(status);
  CHECK(text.ends_with("}\n"));
  const auto object = nlohmann::json::parse(text);
  CHECK(object["state"] == "interrupted");
  CHECK(object["validator"] == "\"v\\xff\"");
  CHECK(object["claims"] == nlohmann::json::parse("[[0,16],[32,48]]"));
  CHECK(object["holes"] == nlohmann::json::parse("[[16,32]]"));
  CHECK(object["total"] == 48);
  CHECK(object["decoded"].is_null());
}

TEST_CASE("what is not known is null, and no character of a status can reach a terminal as it is") {
  DownloadStatus status;
  status.state = DownloadStatus::State::damaged;
  status.output = "a\u202e\x1b";
  const std::string text = status_text(status);
  for (const char c : text) CHECK((c == '\n' || (c >= ' ' && c <= '~')));
  const auto object = nlohmann::json::parse(text);
  CHECK(object["state"] == "damaged");
  CHECK(object["output"] == "a\u202e\x1b");
  CHECK(object["total"].is_null());
}
