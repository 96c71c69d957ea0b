// The place of one download on disk: its names, its lock, and what an earlier run left there.
//
// `NAME.part` is the data, `NAME.segdl` the journal. open_place() takes the lock on the data file's inode before
// anything else happens, and then reads the table of doc/recovery.md: what is there is ours and continues, ours
// and starts over, finished, or foreign. What of these names is foreign is never touched: Request::existing speaks of
// the output alone.
// On a file system where a rename is a link and an unlink, data under both of its names is taken by the first, and
// `NAME.segdl.new` is removed. Used by one thread at a time.
#pragma once

#include <segdl/error.h>
#include <segdl/task.h>

#include "engine/store/backup.h"
#include "engine/store/decoded_file.h"
#include "engine/store/directory_cache.h"
#include "engine/store/existing_output.h"
#include "engine/store/journal/journal.h"
#include "engine/store/names.h"
#include "seams/file_system.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace segdl::engine {

// The attribute of a file that says which version it is.
inline constexpr const char* kReceipt = "segdl";
// Whether what it speaks of can be continued: in segments, or as a stream that is whole.
bool can_continue(const Journal&);

class OutputFile {
 public:
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // What the recovery table says of a place.
  enum class Found : std::uint8_t {
    nothing,     // start: the data file is empty, there is no journal
    resumable,   // continue: data and journal
    start_over,  // ours, but nothing to continue from: set it aside first
    finished,    // published before; only the journal was left to remove
  };

  // Cause::exists for foreign files, Cause::busy if another process holds the download.
  static Result<std::unique_ptr<OutputFile>> open(std::shared_ptr<OpenDirectory>, const std::string& name,
                                                  const Request&, std::stop_token);

  Found found() const { return found_; }
  // What a person should know of it; each is told once.
  std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }
  const Names& names() const { return names_; }
  Directory& directory() { return open_->directory(); }
  std::string path() const { return directory_->path_of(names_.output); }

  File& data() { return *data_.file; }
  Journal& journal() { return *journal_; }  // REQUIRES: has_journal()
  const Journal& journal() const { return *journal_; }
  bool has_journal() const { return journal_ != nullptr; }

  // Makes the journal of a new download: reserves the data's space, creates and names the journal, sets the data's
  // length (J6). REQUIRES: !has_journal(). On failure the place is as before.
  Result<void> begin(const JournalIdentity&, const Metadata&);

  // Gives up what is there, for a new start: set aside if it claims anything, else emptied; its journal stays until
  // begin() replaces it, so that the data is never without one. Afterwards !has_journal() and the data file is empty
  // and locked.
  Result<void> start_over();

  // What has been set aside.
  Backup& backup() { return backup_; }

  // Whether there is nothing here but an empty data file, locked.
  bool is_fresh() const { return found_ == Found::nothing && !backup_.exists() && !stale_journal_; }

  // What has the output's name, and is to be replaced.
  ExistingOutput& existing() { return existing_; }

  // What is published instead of the data where that is coded and its content is wanted.
  DecodedFile& decoded() { return decoded_; }

  // J7 after the sync: rename, directory sync, removal of the journal; of the data, or of what this run has decoded it
  // to, and then the data goes after the directory's sync. If another file has got the data's name meanwhile, nothing
  // is published, and !has_journal(). Without `replace` nothing but an empty file that was there before is replaced.
  // What is replaced is never the data of a download under way: Cause::busy. Once the directory is synced it is done:
  // what can't be removed then is a note. REQUIRES: what is published is whole (decoded().finish() was called) and,
  // unless Sync::none, synced.
  Result<void> publish(bool replace, Sync);

  // Of a finished place: whether its output is the content of what its journal speaks of, and what that said.
  bool published_decoded() const { return published_decoded_; }
  const JournalIdentity& published_identity() const { return published_identity_; }
  const std::optional<Metadata>& published_metadata() const { return published_metadata_; }
  // The same, to a request for another URL: it is a file that exists already.
  Error of_another_url() const;

  // Removes an empty data file, and the journal of what was given up and is empty. Errors are of no consequence.
  void leave();

 private:
  friend class UnnamedFile;  // which takes the name in place of the data

  OutputFile(std::shared_ptr<OpenDirectory> open, const Names& names, DataFile data, Existing existing)
      : open_(std::move(open)),
        directory_(&open_->directory()),
        names_(names),
        data_(std::move(data)),
        existing_(*open_, names_.output, existing),
        backup_(*directory_, names_),
        decoded_(*directory_, names_, journal_) {}

  struct Expected {
    bool lacked = false;    // none of its names was there a moment ago, but for an output that may be replaced
    bool replaces = false;  // such an output is there
    bool link = false;      // and it is a symbolic link
    bool fresh = false;     // no more than that seems to be there
  };
  static Result<Expected> expect(const OpenDirectory&, const Names&, bool replace);
  static Result<bool> take_fresh(Directory&, const Names&, const Expected&, std::unique_ptr<File>& data);
  void note_link();
  void drop_small();
  Result<void> examine(const Request&);
  Result<void> examine_journal(const Request&, std::uint64_t data_size);
  Result<void> look_again();
  Result<void> make_room_for_journal();
  using Token = decltype(Metadata::owner_token);
  Result<void> note_journal(const Token&);
  bool has_our_token() const;
  Result<void> remove_journal();
  Error data_lost();
  Error decoded_lost();
  Result<void> drop_unmarked_decoded();
  Result<void> give_output_name(const std::string& from, bool replace, Sync, bool has_it = false);

  std::shared_ptr<OpenDirectory> open_;  // of all downloads to it
  Directory* directory_;                 // the same
  Names names_;
  DataFile data_;
  ExistingOutput existing_;
  Backup backup_;
  std::unique_ptr<Journal> journal_;
  DecodedFile decoded_;
  FileId journal_id_;
  Token journal_token_{};  // zeros: it has none
  Found found_ = Found::nothing;
  bool published_decoded_ = false;
  JournalIdentity published_identity_;
  std::optional<Metadata> published_metadata_;
  bool stale_journal_ = false;  // of what was given up: begin() replaces it
  bool looked_ = true;          // for all of its names, since the lock was taken
  std::vector<std::string> notes_;
};

}  // namespace segdl::engine
