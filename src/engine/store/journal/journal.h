// The journal: what of a resource is on disk, and the proof of it.
//
// A set bit is a claim that a segment's bytes are in the data file; the XXH3-64 beside it is the proof. After a kill
// all claims hold (the page cache outlives the process); after a power cut any of them may be false, in either
// direction, and so a resume re-hashes every claim before it is believed. The file has a fixed length, is reserved
// before anything depends on it, and gets its name only when whole and synced. It is kept through a shared mapping, or
// with pwrite where mappings are not to be trusted; the bytes are the same.
//
// (J1) The identity never changes. (J3) commit() stores the digest, then sets the bit with release order; the caller
// wrote the data before. (J4) Only revoke() clears a bit. (J6) create() fails for lack of space before the journal has
// its name.
#pragma once

#include <segdl/error.h>

#include "core/store/journal_format.h"
#include "seams/file_system.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace segdl::engine {

inline JournalShape shape_of(const JournalIdentity& identity) {
  return {identity.layout ? identity.layout->count() : 0};
}

class Journal {
 public:
  struct Absent {};
  struct Damaged {
    std::string reason;
  };  // ours once, or a zeroed one: nothing in it can be believed
  struct Foreign {
    std::string reason;
  };  // not a journal at all: never to be touched
  using Loaded = std::variant<std::unique_ptr<Journal>, Absent, Damaged, Foreign>;

  struct Content {
    JournalIdentity identity;
    Metadata metadata;
  };

  // Writes `name`.new whole, syncs it, gives it the name `name` (which must be free, or with `replace` is replaced in
  // one step), syncs the directory. On failure nothing of it is left. REQUIRES: the caller holds the lock of the data
  // file; it stands for the journal's names too.
  static Result<std::unique_ptr<Journal>> create(Directory&, const std::string& name, Content, bool replace = false);

  // Removes what a death within create() left under the temporary name; what is not ours stays. The same requirement.
  static Result<void> drop_leftover(Directory&, const std::string& name);

  // Reads and checks `name`. Valid iff magic, version, check and sizes of the first identity block (or, if that is
  // torn or unreadable, of its copy) and the file's length all agree. Blocks that the disk can't give back are written
  // anew, without claims and proofs. With OpenMode::read_only nothing is written or mapped: for looking at a journal
  // that another process may be working on. Errors are those of the file system only.
  static Result<Loaded> load(Directory&, const std::string& name, OpenMode = OpenMode::existing);

  virtual ~Journal() = default;

  const JournalIdentity& identity() const { return identity_; }
  virtual bool claims(Segment) const = 0;                  // acquire
  virtual Result<std::uint64_t> proof(Segment) const = 0;  // 0, which proves nothing, of one that can't be read.
                                                           // REQUIRES: claims(segment), or it is being checked
  virtual std::uint32_t claimed() const = 0;               // how many bits are set; O(count)

  // Different segments may be committed and revoked by different threads simultaneously.
  virtual Result<void> commit(Segment, std::uint64_t digest) = 0;
  virtual Result<void> revoke(Segment) = 0;

  virtual std::optional<Metadata> metadata() const = 0;    // nothing if their check fails
  virtual Result<void> set_metadata(const Metadata&) = 0;  // one thread at a time

  // Everything stored before this call is durable when it returns.
  virtual Result<void> sync() = 0;

 protected:
  Journal(std::unique_ptr<File> file, JournalIdentity identity)
      : file_(std::move(file)), identity_(std::move(identity)), shape_(shape_of(identity_)) {}

  const std::unique_ptr<File> file_;
  const JournalIdentity identity_;
  const JournalShape shape_;
};

// The journal of that identity in the file: kept through the mapping of all of it or, if that is null, by reading and
// writing. doc/journal.md has which is used when.
Result<std::unique_ptr<Journal>> open_journal(std::unique_ptr<File>, JournalIdentity, std::unique_ptr<Mapping>);

// Whether the download that it describes can be continued: in segments, or as a stream that is whole.
bool can_continue(const Journal&);

// Those that it claims, in order. REQUIRES: it has a layout.
std::vector<Segment> claimed_segments(const Journal&);

// Revokes a claim, and forgets its proof: for one whose bytes may be of another version than those that will take their
// place. A power cut could keep the bit of the new claim beside the old proof and the old bytes, which agree. Durable
// with the next sync(), which is due before anything of the kind is written.
Result<void> forget(Journal&, Segment);

}  // namespace segdl::engine
