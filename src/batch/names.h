// Which URLs a batch has seen, which names its files have, and which item has each.
//
// Only the names of running downloads are kept as they are, with their items; of the others a hash, and only where a
// file that exists is no error, which would show by itself that two items have one name.
#pragma once

#include "batch/name_set.h"

#include <segdl/batch.h>

#include <optional>
#include <string>
#include <unordered_map>

namespace segdl::batch {

class Names final {
 public:
  // `remembers`: also the names of downloads that have ended. `of_list`: messages speak of lines of a list.
  Names(bool remembers, bool of_list);

  bool remembers() const { return ended_.has_value(); }

  // False if an item with this URL and this name was seen before. The name is empty if the server gives it.
  bool see(const std::string& url, const std::string& name);

  // Why an item must not have this name: another has it, or one that goes with it. Else it is noted as used.
  std::optional<Error> refuse(const std::string& name);
  // The same of a name that the server gave, once the file is there. False: another item had it.
  bool use(const std::string& name) { return !ended_ || ended_->insert(name); }

  // Which running download has it. REQUIRES: the item stays where it is until release().
  void claim(const std::string& name, const Item&);
  void release(const std::string& name) { running_.erase(name); }

  // The error of the second of two items that have one name.
  Error shared(const std::string& name, std::string reason) const;

 private:
  bool is_used(const std::string& name) const;
  std::string other_of(const std::string& name) const;

  bool of_list_;
  NameSet seen_ = {};
  std::optional<NameSet> ended_ = std::nullopt;  // those of running ones, too
  std::unordered_map<std::string, const Item*> running_;
};

}  // namespace segdl::batch
