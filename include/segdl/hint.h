// What the caller can do about an error, as codes: each program words them for its own users.
//
// The command words them with its options, a graphical program with its buttons, describe() with the members of the
// library. The comment of each enumerator names the member that helps, or what has to be done outside the library.
// Advice::subject is a path, host or number where the comment mentions a subject, else empty.
//
// Thread-safety: plain values; the functions are thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)
namespace segdl {

// Only ever extended: treat a value that is not known as one without advice.
enum class Hint : std::uint8_t {
  // Words of the application's own, in `subject`: from an error that its Request::consumer returned.
  custom,

  // The output and its directory.
  choose_other_name,          // Request::output; subject: characters that the file system refuses, separated by spaces
  choose_shorter_name,        // Request::output
  use_name_on_disk,           // Request::output as the file system spells it: case does not count there
  choose_other_directory,     // Request::directory; subject: as for choose_other_name
  choose_writable_directory,  // Request::directory
  choose_other_file_system,   // Request::directory on another file system, or a mount with stable inode numbers
  separate_directory,         // Request::directory gets the directory, Request::output a name in it
  create_directory,           // or Request::create_directories; subject: the directory
  create_link_target,         // a part of Request::directory is a link to nothing
  restore_working_directory,  // change to a directory that exists
  replace_existing,           // Existing::replace
  skip_existing,              // Existing::skip
  do_not_skip_existing,       // Existing::refuse: the file stays until the new one is complete
  replace_with_new_version,   // Existing::replace, if the new version is wanted
  fetch_published_again,      // Existing::replace: the file is older than this request
  use_consumer,               // Request::consumer, to write to a block device
  pass_descriptor,            // name a descriptor that the process has inherited
  name_output,                // read_status() takes the name that the download has or is going to have
  name_file_inside,           // read_status() takes a file of that directory

  // Files of this and of other programs.
  move_away,              // the file that has the name
  move_away_and_retry,    // what has the output's name by now, if anything; then the same request
  remove_if_own,          // the file that has the name
  remove_unused_journal,  // subject: the journal
  remove_old_version,     // subject: the two files that hold an older version, which take up space
  remove_stale_lock,      // subject: the lock, if no other machine downloads this file
  remove_stuck_journal,   // find out why segdl could not
  clear_attributes,       // chattr(1): the file or directory is immutable or append-only
  make_readable,          // chmod u+r on the directory: syncing it takes that
  restrict_permissions,   // subject: a file with secrets, for its owner only
  find_interference,      // another program or the disk changes the file; the same request continues
  publish_later,          // subject: the file that is complete; the same request publishes it
  wait_for_other,         // another download of this file is running

  // This machine.
  free_space,              // the same request continues
  check_disk,              // it may be failing; the same request continues
  allow_larger_files,      // Request::directory on another file system, or a higher ulimit -f
  raise_descriptor_limit,  // ulimit -n
  raise_thread_limits,     // ulimit -u, ulimit -v
  use_fewer_connections,   // SessionOptions::connections
  check_clock,             // this machine's

  // Starting over.
  start_over,           // Request::resume = false
  start_over_if_stuck,  // the same, if the same request keeps failing like this
  accept_new_version,   // the same, if the new version is wanted
  run_again,            // the same request
  fetch_again,          // the same request, which fetches everything again

  // Checksums, decoding, a body without an end that can be trusted.
  check_checksum,        // Request::checksum
  check_checksum_first,  // the same: with another one, or none, nothing is fetched again
  use_other_checksum,    // Request::checksum with another Algorithm, or none
  decode,                // Request::decode
  keep_encoded,          // Request::decode = false
  accept_unframed,       // Request::accept_unframed
  accept_unframed_kept,  // the same, which publishes what was kept, without a request
  allow_more_time,       // SessionOptions::max_time; the same request continues

  // Adopting a file.
  adopt_other_file,  // Request::adopt: the file that another tool has left
  adopt_existing,    // Request::adopt, with a checksum: the file that exists, if another tool has left it unfinished
  leave_adopt_out,   // Request::adopt
  continue_without_adopt,  // Request::adopt left out: the file is this download's own
  rename_adopted,          // the file has a name that this download needs
  give_checksum,           // Request::checksum

  // The request.
  write_whole_url,   // Request::url: http://host/path
  use_http_url,      // Request::url: no other scheme is supported
  write_valid_port,  // Request::url
  use_https,         // Request::url: the server speaks TLS on this port
  use_plain_http,    // Request::url: the server speaks no TLS on this port
  check_url,         // Request::url
  leave_header_out,  // Request::headers; subject: the field, which the library sets itself
  use_default_size,  // Request::segment_size = 0

  // The server and the network.
  check_network,        // Request::url and the network; or try again later
  check_host,           // the spelling of the host, and whether this machine is online
  allow_both_families,  // NetworkOptions::addresses = any; subject: the only family allowed, "4" or "6"
  try_later,            // the server is busy or failing
  try_when_ready,       // the server is not ready with the resource
  wait_as_asked,        // subject: for how many seconds (Error::retry_after)
  slow_down,            // the server limits requests: SessionOptions::connections, and later
  retry_vanished,       // the resource was there before: later; if it stays so, Request::url

  // Credentials and certificates.
  give_credentials,         // Request::credentials, SessionOptions::netrc_file
  check_credentials,        // the same: the server refused them
  answer_challenge,         // Request::headers; subject: the authentication scheme, which the library can't answer
  trust_certificate,        // SessionOptions::ca_file
  report_to_server,         // the server's operator has to renew the certificate
  show_client_certificate,  // SessionOptions::client_certificate, client_key
  name_certificate,         // SessionOptions::client_certificate, which client_key belongs to
  name_key_file,            // SessionOptions::client_key, if the key has a file of its own
  use_unencrypted_key,      // SessionOptions::client_key: one without a passphrase
  name_readable_netrc,      // SessionOptions::netrc_file, or none
  correct_netrc,            // the file itself, or none
  name_readable_cookies,    // SessionOptions::cookie_file, or none

  // The proxy (NetworkOptions::http_proxy, https_proxy).
  write_proxy_url,          // http://HOST:PORT or socks5h://NAME:PASS@HOST:PORT
  connect_directly,         // no proxy at all
  read_proxy_script,        // name the proxy that the script (PAC) names
  check_proxy,              // its URL, and whether it is running; subject: the port assumed, if the URL has none
  check_silent_proxy,       // its URL's port and scheme, if it never answers
  check_proxy_scheme,       // its URL's scheme and port
  use_https_proxy,          // its URL's scheme: it speaks TLS on this port
  use_plain_proxy,          // its URL's scheme: it speaks no TLS on this port
  use_socks_proxy,          // its URL's scheme: it speaks SOCKS
  give_proxy_credentials,   // in its URL; subject: the form of that
  check_proxy_credentials,  // in its URL
  answer_proxy_challenge,   // another proxy; subject: the scheme, which the library can't answer
  ask_proxy_operator,       // it refuses this host
  bypass_proxy,             // name the host in no_proxy (NetworkOptions)
  resolve_at_proxy,         // socks5h:// in its URL, or NetworkOptions::addresses = v4
  use_other_proxy,          // one that asks for no certificate

  // A batch.
  rename_item,         // Item::name: two items have one name; or leave one of them out
  rename_in_list,      // the same, in the list that they are from
  name_list_file,      // open_list() takes a file, not a directory
  name_readable_list,  // open_list() takes a file that can be read, or "-"
};

// The last enumerator.
inline constexpr Hint kLastHint = Hint::name_readable_list;

// One thing that helps.
struct Advice {
  Advice(Hint what, std::string about = {})
      : hint(what), subject(std::move(about)) {}  // implicit: most have no subject

  Hint hint;
  std::string subject;
  friend bool operator==(const Advice&, const Advice&) = default;
};

// Alternatives, the most likely to help first.
using Hints = std::vector<Advice>;

// The enumerator's name: "choose_other_name".
std::string_view hint_name(Hint hint);

// The advice in the library's words, with its members; untrusted text in it is escaped.
std::string describe(const Advice& advice);

// All of it as one sentence without a period: "A, B, or C". Empty if there is none.
std::string describe(const Hints& hints);

// The same with the words that `word` has for each.
std::string join_hints(const Hints& hints, std::string (*word)(const Advice& advice));

}  // namespace segdl
#pragma GCC visibility pop
