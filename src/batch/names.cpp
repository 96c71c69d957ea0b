#include "batch/names.h"

#include <segdl/text.h>

#include <fmt/format.h>

#include <utility>

namespace segdl::batch {

Names::Names(bool remembers, bool of_list) : of_list_(of_list) {
  if (remembers) ended_.emplace();
}

bool Names::see(const std::string& url, const std::string& name) {
  return seen_.insert(fmt::format("{}\t{}", comparable_url(url), name));
}

void Names::claim(const std::string& name, const Item& item) { running_.emplace(name, &item); }

bool Names::is_used(const std::string& name) const {
  return running_.count(name) > 0 || (ended_ && ended_->contains(name));
}

std::optional<Error> Names::refuse(const std::string& name) {
  if (is_used(name)) return shared(name, other_of(name));
  if (const auto other = name_in_the_way(name, [this](const std::string& asked) { return is_used(asked); })) {
    Error error = shared(name, fmt::format("conflict with {}: one writes files under the name of the other; {}", *other,
                                           other_of(*other)));
    error.operation = "download";
    return error;
  }
  if (ended_) ended_->insert(name);
  return std::nullopt;
}

Error Names::shared(const std::string& name, std::string reason) const {
  Error error{Cause::exists, Remedy::stop,
              of_list_ ? "two lines of the list share the name" : "two URLs share the name", name};
  error.reason = std::move(reason);
  error.hints = {of_list_ ? Hint::rename_in_list : Hint::rename_item};
  return error;
}

std::string Names::other_of(const std::string& name) const {
  const auto found = running_.find(name);
  if (found == running_.end()) return "the other has already ended";
  const Item& other = *found->second;
  return "the other is " + (other.list_line.empty() ? redacted_url(other.url) : other.list_line);
}

}  // namespace segdl::batch
