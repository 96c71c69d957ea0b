#include <segdl/hint.h>

#include "core/base/escape.h"

#include <array>
#include <cstddef>

namespace segdl {
namespace {

struct Row {
  Hint hint;
  std::string_view name;
  std::string_view words;  // {} is the subject
};

constexpr auto kRows = [] {
  using enum Hint;
  return std::to_array<Row>({
      {custom, "custom", "{}"},

      {choose_other_name, "choose_other_name", "choose another Request::output"},
      {choose_shorter_name, "choose_shorter_name", "choose a shorter Request::output"},
      {use_name_on_disk, "use_name_on_disk", "use that name"},
      {choose_other_directory, "choose_other_directory", "choose another Request::directory"},
      {choose_writable_directory, "choose_writable_directory", "choose a Request::directory you may write to"},
      {choose_other_file_system, "choose_other_file_system",
       "choose a Request::directory on another file system, or mount this one with stable numbers"},
      {separate_directory, "separate_directory",
       "put the directory into Request::directory, and only a name in it into Request::output"},
      {create_directory, "create_directory", "create {} first, or set Request::create_directories"},
      {create_link_target, "create_link_target", "it is a link to nothing: create what it leads to"},
      {restore_working_directory, "restore_working_directory", "change to a directory that exists"},
      {replace_existing, "replace_existing", "replace it with Existing::replace"},
      {skip_existing, "skip_existing", "keep it with Existing::skip"},
      {do_not_skip_existing, "do_not_skip_existing",
       "set another Request::existing than Existing::skip: the file stays until the new one is complete"},
      {replace_with_new_version, "replace_with_new_version",
       "if it is what you want, replace what is here with Existing::replace"},
      {fetch_published_again, "fetch_published_again", "fetch it again with Existing::replace, as it was there before"},
      {use_consumer, "use_consumer", "if that is what you want, write to it from a Request::consumer"},
      {pass_descriptor, "pass_descriptor", "name one that was given to it"},
      {name_output, "name_output", "give the name the download is going to have"},
      {name_file_inside, "name_file_inside", "give the name of a file in it"},

      {move_away, "move_away", "move it away"},
      {move_away_and_retry, "move_away_and_retry",
       "move away what is there now, if anything, and make the same request again"},
      {remove_if_own, "remove_if_own", "remove it, if it is yours"},
      {remove_unused_journal, "remove_unused_journal", "remove {}, if it is of no use any more"},
      {remove_old_version, "remove_old_version",
       "if space is what is missing, remove {}, which hold an older version of it"},
      {remove_stale_lock, "remove_stale_lock", "if no such process is running, remove {} from beside it"},
      {remove_stuck_journal, "remove_stuck_journal", "find out why, and remove it"},
      {clear_attributes, "clear_attributes", "see lsattr and chattr"},
      {make_readable, "make_readable", "make it readable (chmod u+r), which syncing takes"},
      {restrict_permissions, "restrict_permissions", "chmod 600 {}"},
      {find_interference, "find_interference", "find out what changes it, and make the same request again"},
      {publish_later, "publish_later", "all of it is in {}: once it can have that name, the same request publishes it"},
      {wait_for_other, "wait_for_other", "wait for it to end"},

      {free_space, "free_space", "free some space, then make the same request again"},
      {check_disk, "check_disk", "the disk may be failing: make the same request again"},
      {allow_larger_files, "allow_larger_files",
       "the file system (vfat: less than 4 GiB) or a limit (ulimit -f) does not allow files of this size: choose "
       "another Request::directory"},
      {raise_descriptor_limit, "raise_descriptor_limit", "raise the limit of open files (ulimit -n)"},
      {raise_thread_limits, "raise_thread_limits", "raise the limits of memory and threads (ulimit -v, ulimit -u)"},
      {use_fewer_connections, "use_fewer_connections", "lower SessionOptions::connections"},
      {check_clock, "check_clock", "check this machine's clock"},

      {start_over, "start_over", "start over with Request::resume = false"},
      {start_over_if_stuck, "start_over_if_stuck",
       "that does not match what an earlier run has kept here: if it stays so, start over with Request::resume = "
       "false"},
      {accept_new_version, "accept_new_version",
       "if the new version is what you want, start over with Request::resume = false"},
      {run_again, "run_again", "make the same request again"},
      {fetch_again, "fetch_again", "make the same request again, which fetches all of it"},

      {check_checksum, "check_checksum", "check the checksum"},
      {check_checksum_first, "check_checksum_first",
       "check the checksum: with another one, or none, nothing is fetched again"},
      {use_other_checksum, "use_other_checksum", "give another checksum, or none"},
      {decode, "decode", "set Request::decode to have its content decoded"},
      {keep_encoded, "keep_encoded", "without Request::decode it is kept as it was sent"},
      {accept_unframed, "accept_unframed", "set Request::accept_unframed to believe it"},
      {accept_unframed_kept, "accept_unframed_kept",
       "what came is kept: the same request with Request::accept_unframed accepts it as the whole, and fetches "
       "nothing again"},
      {allow_more_time, "allow_more_time", "raise SessionOptions::max_time, with which the same request continues"},

      {adopt_other_file, "adopt_other_file", "name the file that the other tool has left"},
      {adopt_existing, "adopt_existing",
       "if another tool has left it unfinished, reuse it with Request::adopt and Request::checksum"},
      {leave_adopt_out, "leave_adopt_out", "leave Request::adopt empty"},
      {continue_without_adopt, "continue_without_adopt", "leave Request::adopt empty: the same request continues it"},
      {rename_adopted, "rename_adopted", "give it another name first"},
      {give_checksum, "give_checksum", "set Request::checksum"},

      {write_whole_url, "write_whole_url", "write it as http://host/path or https://host/path"},
      {use_http_url, "use_http_url",
       "segdl supports nothing else: give the address that the file has over http or https"},
      {write_valid_port, "write_valid_port", "write the port that the server listens at, or none"},
      {use_https, "use_https", "perhaps the URL should begin with https://"},
      {use_plain_http, "use_plain_http", "perhaps the URL should begin with http://"},
      {check_url, "check_url", "check the URL"},
      {leave_header_out, "leave_header_out", "leave it out"},
      {use_default_size, "use_default_size", "leave it out to have it chosen"},

      {check_network, "check_network", "check the URL and the network, or try again later"},
      {check_host, "check_host", "check the spelling of the host, and that this machine is online"},
      {allow_both_families, "allow_both_families",
       "set NetworkOptions::addresses to any, to use what addresses there are"},
      {try_later, "try_later", "the server is busy or failing: try again later"},
      {try_when_ready, "try_when_ready", "the server is not ready with it: try again later"},
      {wait_as_asked, "wait_as_asked", "the server asks to be left alone for {} s: try again after that"},
      {slow_down, "slow_down", "the server limits requests: try again later, with fewer connections"},
      {retry_vanished, "retry_vanished", "it was there before: try again later, and if it stays so, check the URL"},

      {give_credentials, "give_credentials",
       "give a name and password in Request::credentials or SessionOptions::netrc_file"},
      {check_credentials, "check_credentials", "check the name and password: the server does not accept them"},
      {answer_challenge, "answer_challenge",
       "if you know what it takes, give the answer to the {} challenge in Request::headers"},
      {trust_certificate, "trust_certificate", "if you trust it, give its certificate in SessionOptions::ca_file"},
      {report_to_server, "report_to_server", "report it to the operator of the server"},
      {show_client_certificate, "show_client_certificate",
       "name one that it knows in SessionOptions::client_certificate and client_key"},
      {name_certificate, "name_certificate", "name that in SessionOptions::client_certificate"},
      {name_key_file, "name_key_file", "if the key is in a file of its own, name it in SessionOptions::client_key"},
      {use_unencrypted_key, "use_unencrypted_key",
       "give a file without one, for yourself only: (umask 077; openssl pkey -in FILE -out PLAIN)"},
      {name_readable_netrc, "name_readable_netrc",
       "name a file that can be read in SessionOptions::netrc_file, or do without"},
      {correct_netrc, "correct_netrc", "correct it there, or do without the file"},
      {name_readable_cookies, "name_readable_cookies",
       "name a file that can be read in SessionOptions::cookie_file, or do without"},

      {write_proxy_url, "write_proxy_url",
       "write it as http://HOST:PORT or socks5h://NAME:PASS@HOST:PORT; https:// and socks5:// are known too"},
      {connect_directly, "connect_directly",
       "to use none leave the proxies of NetworkOptions empty; a host of that name is written with its port"},
      {read_proxy_script, "read_proxy_script", "look into it, and give the proxy that it names, as http://HOST:PORT"},
      {check_proxy, "check_proxy", "check the proxy's URL, and whether the proxy runs, or try again later"},
      {check_silent_proxy, "check_silent_proxy",
       "try again later; if the proxy never answers, its URL may have a wrong port or scheme: http://, https:// (TLS "
       "to the proxy) or socks5h://"},
      {check_proxy_scheme, "check_proxy_scheme",
       "check the scheme and port of the proxy's URL: http:// and https:// name an HTTP proxy"},
      {use_https_proxy, "use_https_proxy", "perhaps its URL should begin with https://"},
      {use_plain_proxy, "use_plain_proxy", "perhaps its URL should begin with http:// or socks5h://"},
      {use_socks_proxy, "use_socks_proxy", "perhaps its URL should begin with socks5h://"},
      {give_proxy_credentials, "give_proxy_credentials", "give a name and password in the proxy's URL: {}"},
      {check_proxy_credentials, "check_proxy_credentials", "check the name and password in the proxy's URL"},
      {answer_proxy_challenge, "answer_proxy_challenge",
       "it asks for {}, which segdl can't answer: ask its operator for another way in, or use a proxy beside you "
       "that can"},
      {ask_proxy_operator, "ask_proxy_operator", "ask the operator of the proxy"},
      {bypass_proxy, "bypass_proxy", "name the host in no_proxy to connect without it"},
      {resolve_at_proxy, "resolve_at_proxy",
       "let the proxy look names up: socks5h://, or set NetworkOptions::addresses to v4"},
      {use_other_proxy, "use_other_proxy", "use another proxy, or an address of this one that asks for none"},

      {rename_item, "rename_item", "give one of them another Item::name, or leave one out"},
      {rename_in_list, "rename_in_list", "give one of them another name in the list, after a TAB"},
      {name_list_file, "name_list_file", "name a file of URLs"},
      {name_readable_list, "name_readable_list", "give a readable file, or - for standard input"},
  });
}();

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].hint) != i) return false;
  }
  return kRows.size() == static_cast<std::size_t>(kLastHint) + 1;
}
static_assert(in_order(), "a row for each enumerator, in their order");

const Row& row_of(Hint hint) { return kRows[static_cast<std::size_t>(hint)]; }

}  // namespace

std::string_view hint_name(Hint hint) { return row_of(hint).name; }

std::string describe(const Advice& advice) {
  const bool names = advice.hint == Hint::choose_other_name || advice.hint == Hint::choose_other_directory;
  std::string words(row_of(advice.hint).words);
  if (names && !advice.subject.empty()) words += ", without any of {}";
  if (advice.hint == Hint::check_proxy && !advice.subject.empty()) {
    words += "; the URL names no port, which means {}";
  }
  const auto at = words.find("{}");
  return at == std::string::npos ? words : words.replace(at, 2, escape(advice.subject));
}

std::string describe(const Hints& hints) { return join_hints(hints, describe); }

std::string join_hints(const Hints& hints, std::string (*word)(const Advice& advice)) {
  std::string text;
  for (std::size_t i = 0; i < hints.size(); ++i) {
    if (i > 0) text += i + 1 < hints.size() ? ", " : ", or ";
    text += word(hints[i]);
  }
  return text;
}

}  // namespace segdl
