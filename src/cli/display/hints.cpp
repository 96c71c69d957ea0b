#include "cli/display/hints.h"

#include <segdl/text.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace segdl::cli {
namespace {

struct Row {
  Hint hint;
  std::string_view words;  // {} is the subject
};

// Where the library's words name a member. All others are used as they are.
constexpr Row kRows[] = {
    {Hint::choose_other_name, "choose another name with -o"},
    {Hint::choose_shorter_name, "choose a shorter name with -o"},
    {Hint::choose_other_directory, "choose another directory with -d"},
    {Hint::choose_writable_directory, "choose a directory you may write to with -d or -o"},
    {Hint::choose_other_file_system,
     "choose a directory on another file system with -d, or mount this one with stable numbers"},
    {Hint::separate_directory, "name the directory with -d, and only a file in it with -o"},
    {Hint::create_directory, "create it first: mkdir -p {}"},
    {Hint::replace_existing, "replace it with --overwrite"},
    {Hint::skip_existing, "keep it with --skip-existing"},
    {Hint::do_not_skip_existing, "leave --skip-existing out: the file stays until the new one is complete"},
    {Hint::replace_with_new_version, "if it is what you want, replace what is here with --overwrite"},
    {Hint::fetch_published_again, "fetch it again with --overwrite, as it was there before"},
    {Hint::use_consumer, "if that is what you want: segdl -o - URL | dd bs=1M of=DEVICE"},
    {Hint::move_away_and_retry, "move away what is there now, if anything, and run the same command again"},
    {Hint::find_interference, "find out what changes it; the same command continues"},
    {Hint::publish_later, "all of it is in {}: once it can have that name, the same command publishes it"},
    {Hint::free_space, "free some space, then run the same command again"},
    {Hint::check_disk, "the disk may be failing: run the same command again"},
    {Hint::allow_larger_files,
     "the file system (vfat: less than 4 GiB) or a limit (ulimit -f) does not allow files of this size: choose "
     "another directory with -d"},
    {Hint::use_fewer_connections, "use fewer connections with -x"},
    {Hint::start_over, "start over with --no-resume"},
    {Hint::start_over_if_stuck,
     "that does not match what an earlier run has kept here: if it stays so, start over with --no-resume"},
    {Hint::accept_new_version, "if the new version is what you want, start over with --no-resume"},
    {Hint::run_again, "run the same command again"},
    {Hint::fetch_again, "run the same command again, which fetches all of it"},
    {Hint::decode, "use --decode to have its content decoded"},
    {Hint::keep_encoded, "without --decode it is kept as it was sent"},
    {Hint::accept_unframed, "use --accept-unframed to believe it"},
    {Hint::accept_unframed_kept,
     "what came is kept: the same command with --accept-unframed accepts it as the whole, and fetches nothing again"},
    {Hint::allow_more_time, "allow more with --max-time, with which the same command continues"},
    {Hint::adopt_existing, "to reuse the partial file of another tool, use --adopt FILE and --checksum ALGO=HEX"},
    {Hint::leave_adopt_out, "leave --adopt out"},
    {Hint::continue_without_adopt, "leave --adopt out: the same command continues it"},
    {Hint::give_checksum, "give one with --checksum ALGO=HEX"},
    {Hint::allow_both_families, "leave -{} out, to use what addresses there are"},
    {Hint::slow_down, "the server limits requests: try again later, with fewer connections (-x)"},
    {Hint::give_credentials, "give a name and password with -u NAME:PASS, or --netrc"},
    {Hint::trust_certificate, "if you trust it, give its certificate with --cacert FILE"},
    {Hint::show_client_certificate, "name one that it knows with --cert FILE and --key FILE"},
    {Hint::name_certificate, "name that with --cert FILE"},
    {Hint::name_key_file, "if the key is in a file of its own, name it with --key"},
    {Hint::name_readable_netrc, "name a file that can be read with --netrc-file FILE, or do without"},
    {Hint::name_readable_cookies, "name a file that can be read with --load-cookies FILE, or do without"},
    {Hint::connect_directly,
     "to use none leave http_proxy, https_proxy and all_proxy empty, or write --proxy ''; a host of that name is "
     "written with its port"},
    {Hint::rename_item, "give only one of several mirrors; download two files in separate runs, with -o"},
    {Hint::name_list_file, "-i takes a file of URLs; to choose where files go use -d DIR"},
    {Hint::resolve_at_proxy, "let the proxy look names up: socks5h://, or use -4"},
};

std::string answer_to(const std::string& scheme) {
  std::string asked = scheme;
  std::transform(asked.begin(), asked.end(), asked.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (asked == "bearer") return "give the token in a header: -H @FILE, with a line 'Authorization: Bearer TOKEN'";
  if (asked == "ntlm") return "curl --ntlm -u NAME:PASS can answer that";
  if (asked == "negotiate") return "curl --negotiate -u : can answer that";
  if (asked == "digest") return "ask its operator for another way in";
  return "if you know what it takes, give it in a header: -H @FILE, with a line 'Authorization: ...'";
}

}  // namespace

std::string hint_words(const Advice& advice) {
  if (advice.hint == Hint::answer_challenge) return answer_to(advice.subject);
  const Row* row =
      std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& r) { return r.hint == advice.hint; });
  if (row == std::end(kRows)) return describe(advice);
  std::string words(row->words);
  const bool refused = advice.hint == Hint::choose_other_name || advice.hint == Hint::choose_other_directory;
  if (refused && !advice.subject.empty()) {
    words += advice.hint == Hint::choose_other_directory ? " or -o, without any of {}" : ", without any of {}";
  }
  const auto at = words.find("{}");
  return at == std::string::npos ? words : words.replace(at, 2, printable(advice.subject));
}

std::string hint_words(const Hints& hints) {
  return join_hints(hints, [](const Advice& advice) { return hint_words(advice); });
}

}  // namespace segdl::cli
