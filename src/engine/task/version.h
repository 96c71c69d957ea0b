// The version of the resource that a task is fetching: how it is identified, and what of it an earlier run has left.
//
// Begun anew with every first response, but where a server only calls it differently: then what is here is kept.
#pragma once

#include "core/store/journal_format.h"

#include <cstdint>
#include <optional>

namespace segdl::engine {

// What vouches for the claims of one version being of one version.
enum class Voucher : std::uint8_t {
  validator,  // a strong one; a weak one for one body, and what it was compared with
  bytes,      // nothing else: one body, compared with all that is claimed
  digest,     // the checksum of the request, in the end
};

struct Version {
  Voucher voucher = Voucher::validator;
  bool strong = false;                          // what is being published was identified by a strong validator
  std::optional<std::uint32_t> continued_from;  // so many claims of an earlier run
  bool of_other_url = false;                    // what that run left
  bool switched = false;                        // to another one, in the middle of a version
  bool outdated = false;                        // what this run has claimed is of another version than what comes now
  bool rehashed = false;                        // all of it was read back, and is what arrived
  bool refuted = false;                         // all of it arrived, and it is not what the request expects

  // An earlier run has claimed something of it.
  bool inherits() const { return continued_from.value_or(0) > 0; }

  // What is known of it; nothing of its validator where that vouches for nothing.
  Resource known(const JournalIdentity& identity) const {
    Resource known = identity.resource;
    known.any_version = voucher != Voucher::validator;
    if (known.any_version) known.validator = {};
    return known;
  }
};

}  // namespace segdl::engine
