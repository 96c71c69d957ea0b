// The files of one download: `NAME.part`, which is the data and has its lock, and `NAME.segdl`, the journal, until the
// data gets the name NAME.
//
// recover() makes it (recovery.h). What has a life of its own beside the data has a type of its own: what is set aside
// while the download starts over, what is decoded, what the output replaces. Used by one thread at a time.
#pragma once

#include <segdl/error.h>
#include <segdl/task.h>

#include "core/store/journal_format.h"
#include "engine/store/backup.h"
#include "engine/store/decoded_file.h"
#include "engine/store/directory_cache.h"
#include "engine/store/existing_output.h"
#include "engine/store/journal/journal.h"
#include "engine/store/names.h"
#include "seams/file_system.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace segdl::engine {

// The attribute of a file that records which version it is.
inline constexpr const char* kReceipt = "segdl";

class OutputFile {
 public:
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  enum class State : std::uint8_t {
    fresh,      // nothing is here but an empty data file, locked
    resumable,  // data and journal of an earlier run, to be continued
    unusable,   // the same, but nothing to continue from: start_over() first
    begun,      // by this run, or given up by it
  };
  State state() const { return state_; }

  // What the user should know of it; each is given once.
  std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }
  const Names& names() const { return names_; }
  Directory& directory() const { return directory_; }
  std::string path() const { return directory_.path_of(names_.output); }

  File& data() const { return *data_.file; }
  Journal& journal() const { return *journal_; }  // REQUIRES: has_journal()
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

  // Removes an empty data file, and the journal of what was given up and is empty. Errors are of no consequence.
  void leave();

 private:
  friend class Recovery;     // which makes it of what an earlier run left
  friend class UnnamedFile;  // which takes the name in place of the data
  using Token = decltype(Metadata::owner_token);

  OutputFile(std::shared_ptr<OpenDirectory> open, const Names& names, DataFile data, Existing existing)
      : open_(std::move(open)),
        directory_(open_->directory()),
        names_(names),
        data_(std::move(data)),
        existing_(*open_, names_.output, existing),
        backup_(directory_, names_),
        decoded_(directory_, names_, journal_) {}

  Result<void> look_again();
  Result<void> note_journal(const Token&);
  bool has_our_token() const;
  Result<void> remove_journal();
  Error data_lost();
  Error decoded_lost();
  Result<void> give_output_name(const std::string& from, bool replace, Sync, bool has_it);

  const std::shared_ptr<OpenDirectory> open_;  // of all downloads to it
  Directory& directory_;
  const Names names_;
  DataFile data_;
  State state_ = State::fresh;
  std::unique_ptr<Journal> journal_;
  FileId journal_id_;
  Token journal_token_{};       // zeros: it has none
  bool stale_journal_ = false;  // of what was given up: begin() replaces it
  bool looked_ = true;          // for all of its names, since the lock was taken
  ExistingOutput existing_;
  Backup backup_;
  DecodedFile decoded_;
  std::vector<std::string> notes_;
};

}  // namespace segdl::engine
