// The content of a server and its misbehaviour: one script for the fake origin and for the real one.
//
//   OriginScript().size(kMiB).etag("\"a\"").cut_at(300'000, 2).on(5, [](Answer& answer) { answer.status(503); })
//
// Faults fire on offsets of the resource or on the number of the request (from 1), never on time. An honest answer is
// made first, then hooks change it in the order they were given, then the faults that lie in what is left of the body
// are put in: the first one that ends the answer is the last one counted as fired. Thread-safe once set up.
#pragma once

#include "support/answer.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace segdl::test {

// A request and its answer.
struct Asking {
  unsigned number = 0;  // 1: the first request
  std::string target;
  std::vector<Field> fields;
  unsigned connection = 0;  // 1: the first connection; 0: the origin has none
  unsigned active = 0;      // answers in progress when it came, its own included
  int status = 0;           // of the answer; 0 if raw bytes were sent
  std::uint64_t sent = 0;   // bytes of the body, so far

  const std::string* find(std::string_view name) const;
};

class OriginScript {
 public:
  static constexpr unsigned kAlways = ~0U;

  OriginScript() = default;
  OriginScript(const OriginScript&) = delete;
  OriginScript& operator=(const OriginScript&) = delete;

  OriginScript& size(std::uint64_t);
  OriginScript& seed(std::uint64_t);
  OriginScript& etag(std::string);           // "" for none
  OriginScript& last_modified(std::string);  // none by default
  OriginScript& no_validator();              // before and after a change

  OriginScript& no_ranges();
  OriginScript& no_ranges_after(unsigned request);
  OriginScript& ignore_if_range();
  OriginScript& drop_range_if_etag_if_range();  // answers 200 to any If-Range with an entity tag

  OriginScript& cut_at(std::uint64_t offset, unsigned times = 1);
  OriginScript& cut_every(std::uint64_t bytes);  // of each response's body
  OriginScript& reset_at(std::uint64_t offset, unsigned times = 1);
  OriginScript& stall_at(std::uint64_t offset, unsigned times = 1);
  OriginScript& flip_at(std::uint64_t offset, unsigned times = 1);
  OriginScript& drip(std::size_t bytes, std::chrono::milliseconds pause = {});  // a body comes in pieces this small

  // From the request after this one on: other content, another ETag, and this size. At any time.
  OriginScript& change_after(unsigned request, std::uint64_t size);
  // The same, and also within the response that reaches the offset: overwritten in place while it is read.
  OriginScript& change_at(std::uint64_t offset, std::uint64_t size);
  OriginScript& changed_etag(std::string);  // default: "\"changed\""; the old one for a server that lies

  using Hook = std::function<void(Answer&, const Asking&)>;
  OriginScript& on(unsigned request, std::function<void(Answer&)>);
  OriginScript& on_from(unsigned request, std::function<void(Answer&)>);
  OriginScript& on_every(Hook);

  // Requests beyond this number of parallel answers get this status, and Retry-After unless it is empty.
  OriginScript& most_active(unsigned answers, int status = 503, std::string retry_after = "");

  // Another resource; its requests are numbered on their own. The reference lives as long as this script.
  OriginScript& path(const std::string& target);
  OriginScript& redirect(const std::string& from, std::string to, int status = 302);
  // /pattern/SEED/SIZE/NAME is a resource of that seed and size, for any of them.
  OriginScript& pattern_paths();

  // Decides one response and counts the request.
  Answer answer(const std::string& target, const std::vector<Field>& fields, unsigned connection = 0);
  // Records how much of an answer's body was sent, and that it has ended.
  void note_sent(unsigned number, std::uint64_t body_bytes);
  void note_end();

  // What has been asked so far, of all paths.
  std::vector<Asking> log() const;
  Asking entry(unsigned number) const;

 private:
  struct Fault {
    std::uint64_t at;
    unsigned left;
    std::optional<std::uint64_t> Answer::*where;  // null: a flip
  };
  // What a path serves to one request.
  struct Resource {
    std::uint64_t size = 0;
    std::uint64_t seed = 0;
    std::string etag;
  };

  OriginScript& fault(std::uint64_t at, unsigned times, std::optional<std::uint64_t> Answer::*where);
  Answer decide(const Asking&);
  Resource resource_for(const Asking&) const;
  void describe(Answer&, const Asking&, const Resource&) const;
  bool range_applies(const Asking&, const Resource&) const;
  void put_faults(Answer&);

  mutable std::mutex mutex_;
  Resource resource_{0, 1, "\"v1\""};
  Resource changed_{0, 0, "\"changed\""};
  std::string last_modified_;
  bool pattern_paths_ = false;
  unsigned ranges_until_ = kAlways;
  bool ignore_if_range_ = false;
  bool etag_if_range_drops_range_ = false;
  std::uint64_t cut_every_ = 0;
  std::size_t drip_ = 0;
  std::chrono::milliseconds drip_pause_{0};
  unsigned change_after_ = kAlways;
  unsigned asked_ = 0;
  unsigned active_ = 0;
  std::vector<Fault> faults_;  // by offset
  std::vector<Hook> hooks_;
  std::map<std::string, std::unique_ptr<OriginScript>> paths_;
  std::vector<Asking> log_;
};

}  // namespace segdl::test
