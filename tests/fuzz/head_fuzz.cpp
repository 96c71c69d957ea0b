// Heads of responses, and what a response means.
#include "core/http/http_head.h"
#include "core/http/verdict.h"
#include "fuzz/fuzz.h"

#include <algorithm>
#include <string>

using namespace segdl;

namespace {

bool is_text(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

// Where the head ends must not depend on how many of the bytes had arrived.
void check_end(std::string_view input, std::size_t end) {
  for (std::size_t have = 0; have <= end; have += 1 + end / 16) {
    const auto early = HeadEnd().find(input.substr(0, have));
    FUZZ_CHECK(early.ok() && (*early == 0 || (have == end && *early == end)));
  }
}

// What is left out while it arrives must not change what the head means.
void check_shortened(std::string_view input, const Result<ResponseHead>& whole) {
  const ResponseHead* read = whole.ok() ? &*whole : nullptr;
  std::string held;
  HeadEnd head_end(0);
  for (const char c : input) {
    held += c;
    const auto end = head_end.find(held);
    FUZZ_CHECK(end.ok());
    if (*end > 0) break;
    const auto left = head_end.shorten(held);
    FUZZ_CHECK(left.ok() && *left <= held.size());
    held.resize(*left);
  }
  const auto got = parse_head(held);
  FUZZ_CHECK(got.ok() == (read != nullptr));
  if (read == nullptr) return;
  FUZZ_CHECK(got->status == read->status && got->framing == read->framing && got->keep_alive == read->keep_alive);
  FUZZ_CHECK(got->content_length == read->content_length && got->chunked_twice == read->chunked_twice);
  FUZZ_CHECK(got->tolerated == read->tolerated);
  for (const Field& field : read->fields) {
    if (!decides(field.name)) continue;
    FUZZ_CHECK(got->count(field.name) == read->count(field.name));
    const std::string* value = got->find(field.name);
    const std::string* expected = read->find(field.name);
    FUZZ_CHECK((value == nullptr) == (expected == nullptr) && (value == nullptr || *value == *expected));
  }
}

void check_verdict(const ResponseHead& head) {
  const Resource known{500, {Validator::Kind::strong_etag, "\"v1\""}};
  const Asked asked{RequestForm::conditional, Range{100, 200}};
  for (const Resource* what : {&known, static_cast<const Resource*>(nullptr)}) {
    const Verdict verdict = judge(head, asked, what, {});
    const auto* body = std::get_if<UsableBody>(&verdict);
    if (body == nullptr) continue;
    FUZZ_CHECK(head.status / 100 == 2);
    const bool empty = head.status == 206 && body->resource.total == 0U;
    FUZZ_CHECK(body->partial == (head.status == 206 && !empty));
    FUZZ_CHECK(head.status == 200 || head.status == 206 || body->resource.validator == Validator());
    FUZZ_CHECK(body->begin == (body->partial ? 100 : 0));
    FUZZ_CHECK(!body->partial || (body->end && *body->end > 100 && *body->end <= 200));
    FUZZ_CHECK(!body->resource.total || !body->end || *body->end <= *body->resource.total);
    FUZZ_CHECK(what == nullptr || !body->resource.total || *body->resource.total == 500);
    FUZZ_CHECK(what == nullptr || !body->partial || body->resource.validator == known.validator);
  }
}

}  // namespace

void fuzz(std::string_view input) {
  const auto end = HeadEnd().find(input);
  if (!end) return;
  FUZZ_CHECK(*end <= input.size());
  if (*end == 0) return;
  check_end(input, *end);
  const auto head = parse_head(input.substr(0, *end));
  check_shortened(input.substr(0, *end), head);
  if (!head) {
    FUZZ_CHECK(head.error().cause == Cause::network);
    return;
  }
  FUZZ_CHECK(head->status >= 100 && head->status <= 599);
  for (const Field& field : head->fields)
    FUZZ_CHECK(field.name.find_first_of("\n:") == std::string::npos && is_text(field.value));
  FUZZ_CHECK(head->framing == Framing::length || head->content_length == 0);
  FUZZ_CHECK(!(head->keep_alive && head->framing == Framing::until_close));
  check_verdict(*head);
}
