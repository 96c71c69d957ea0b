#include "cli/habits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>

namespace segdl::cli {
namespace {

struct Habit {
  std::string_view names;  // between blanks
  std::string_view way_out;
};

constexpr Habit kNames[] = {
    {" --out --output-document ", "write -o FILE"},
    {" -P --dir --output-dir --directory-prefix ", "write -d DIR"},
    {" --create-dirs ", "make the directory first: mkdir -p DIR"},
    {" -nc --no-clobber ", "write --skip-existing"},
    {" -N ", "for wget's: --skip-existing leaves a file that is there; for curl's and axel's: leave it out"},
    {" --timestamping --conditional-get -z --time-cond ", "--skip-existing leaves a file that is there"},
    {" --allow-overwrite ", "write --overwrite"},
    {" --auto-file-renaming ", "no other name is chosen: write --skip-existing, --overwrite, or -o FILE"},
    {" --content-disposition --trust-server-names ", "write -J"},
    {" --use-server-timestamps ", "write -R"},
    {" --no-use-server-timestamps ", "leave it out: without -R the file has the time of its arrival"},
    {" --force-directories --no-directories --no-host-directories --protocol-directories --cut-dirs ",
     "leave it out: files go to -d DIR, without directories of the URL"},
    {" --check-integrity --hash-check-only ", "write --checksum ALGO=HEX, or --verify"},
    {" --url ", "write the URL by itself"},
};

constexpr Habit kConnections[] = {
    {" --split --max-connection-per-server --num-connections ", "write -x N"},
    {" -Z --parallel --parallel-max --max-concurrent-downloads ", "write -j N"},
    {" --parallel-immediate --force-sequential ", "write -j N: so many files at once"},
    {" --min-split-size --piece-length --file-allocation --disk-cache --stream-piece-selector --uri-selector "
     "--no-file-allocation-limit --optimize-concurrent-downloads --enable-http-pipelining --enable-http-keep-alive "
     "--async-dns --event-poll --enable-mmap --realtime-chunk-checksum --use-head --keepalive-time --no-keepalive "
     "--tcp-nodelay --tcp-fastopen --no-http-keep-alive --no-dns-cache --no-buffer ",
     "leave it out: segdl decides that by itself"},
    {" --auto-save-interval --always-resume --save-session --force-save --remove-control-file ",
     "leave it out: what is there is always kept, and the same command continues"},
    {" --max-overall-download-limit --max-download-limit --max-speed ", "write --limit-rate RATE"},
    {" -y -Y --lowest-speed-limit --speed-limit --speed-time ", "write --min-speed RATE"},
    {" -t -T ", "write --timeout S, or --retries N"},
    {" --read-timeout --dns-timeout ", "write --timeout S, or --connect-timeout S"},
    {" --stop --stop-with-process ", "write --max-time S"},
    {" --tries --retry --max-tries ", "write --retries N, or --retries inf"},
    {" --retry-delay --retry-wait --waitretry --retry-all-errors --retry-connrefused --retry-max-time --wait "
     "--random-wait --retry-on-http-error --max-resume-failure-tries --max-file-not-found --rate ",
     "leave it out: what may pass is tried again, with growing pauses; --retries N says how often"},
    {" --all-proxy --http-proxy --https-proxy --preproxy --socks4 --socks4a --socks5 --socks5-hostname --proxy-user "
     "--proxy-password --http-proxy-user --https-proxy-user --all-proxy-user ",
     "write --proxy URL"},
    {" --no-proxy --noproxy ", "write --proxy '' to ask none; the environment's no_proxy names hosts"},
    {" --inet4-only --disable-ipv6 ", "write -4"},
    {" --inet6-only ", "write -6"},
    {" --interface --bind-address --local-port --resolve --connect-to --dns-servers --async-dns-server --doh-url "
     "--unix-socket ",
     "segdl has nothing like it: it asks the system's resolver, and connects as the system routes"},
    {" -0 --http1.0 --http1.1 --http2 --http2-prior-knowledge --http3 --http3-only --no-alpn --no-npn ",
     "leave it out: segdl speaks HTTP/1.1"},
    {" --max-redirs --max-redirect --post301 --post302 --post303 ", "leave it out: redirects are followed"},
};

constexpr Habit kWho[] = {
    {" -U ", "write -A NAME; a proxy has its name and password in --proxy URL"},
    {" --http-user --http-passwd --http-password --password --ask-password --use-askpass ",
     "write -u NAME:PASS, or -u @FILE"},
    {" --basic --anyauth --auth-no-challenge --http-auth-challenge ", "leave it out: -u NAME:PASS is what it needs"},
    {" --location-trusted ", "leave it out: names and passwords go to the URL's own server only"},
    {" --oauth2-bearer ", "write -H @FILE, with a line 'Authorization: Bearer TOKEN'"},
    {" --netrc-path ", "write --netrc-file FILE"},
    {" --no-netrc --netrc-optional ", "leave it out: without -n no netrc file is read"},
    {" -b --cookie ", "write --load-cookies FILE, or -H @FILE for a Cookie header"},
    {" --cookie-jar --save-cookies --keep-session-cookies --no-cookies --junk-session-cookies ",
     "leave it out: cookies that servers set are kept in memory, and never written"},
    {" --no-check-certificate ", "write -k"},
    {" --check-certificate ", "leave it out: certificates are checked; for =false write -k"},
    {" --ca-certificate ", "write --cacert FILE"},
    {" --ca-directory ", "write --capath DIR"},
    {" --certificate ", "write --cert FILE"},
    {" --private-key ", "write --key FILE"},
    {" --cert-type --key-type --certificate-type --private-key-type --pass ",
     "certificates and keys are PEM, without a passphrase"},
    {" -1 --tlsv1 --tlsv1.0 --tlsv1.1 --tlsv1.2 --tls-max --secure-protocol --min-tls-version --ssl --ssl-reqd "
     "--proto --proto-redir --proto-default --https-only ",
     "leave it out: TLS is 1.2 or 1.3, and nothing leads from https to http"},
};

constexpr Habit kRest[] = {
    {" --no-progress-meter --no-verbose --show-progress --summary-interval --console-log-level --styled-output "
     "--show-console-readout --human-readable --enable-color --report-speed --percentage --alternate -a ",
     "write --progress bar, plain or none, or -q"},
    {" --log --log-level --output-file --append-output --stderr --trace --trace-ascii -l -D --dump-header "
     "--server-response --save-headers ",
     "-v says more, --json tells programs, and 2> FILE keeps it"},
    {" -w --write-out ", "--json tells what came of it; for wget's -w: leave it out"},
    {" --include -I --head --spider --dry-run ", "segdl only downloads; curl -I URL shows what a server says"},
    {" -r --range --start-pos ", "segdl fetches whole files, and does not crawl"},
    {" --recursive --level -p --page-requisites --mirror --no-parent -B --base --span-hosts --accept --reject ",
     "segdl fetches the URLs it is given, and does not crawl: see -i FILE"},
    {" -X --request --method -F --form --form-string -G --get --data --data-raw --data-binary --data-ascii "
     "--data-urlencode --upload-file --post-data --post-file --body-data --body-file ",
     "segdl sends GET, and no data: only curl and its like do"},
    {" --compressed --tr-encoding --compression --http-accept-gzip --http-no-cache --no-cache --ignore-length ",
     "leave it out: the file is fetched as the server has it"},
    {" --fail-early --fail-with-body --remove-on-error --content-on-error ",
     "leave it out: nothing but the whole file gets its name"},
    {" --metalink -M --metalink-file --torrent-file --follow-metalink --follow-torrent --select-file --seed-time "
     "--enable-dht --listen-port ",
     "segdl reads no Metalink or torrent file: give it the URL in there, and --checksum ALGO=HEX"},
    {" -K --conf-path ", "settings are in --config FILE, one 'option = value' a line; see the manual"},
    {" --no-conf --disable ", "write --no-config"},
    {" --next ", "a run has one set of options: run segdl twice"},
    {" --background --daemon --enable-rpc ", "write nohup segdl ... &"},
    {" --on-download-complete --on-bt-download-complete --on-download-error --on-download-stop ",
     "write --on-done COMMAND, or --on-error COMMAND"},
};

template <std::size_t kCount>
const Habit* found_in(const Habit (&habits)[kCount], const std::string& between_blanks) {
  const auto names_it = [&](const Habit& habit) { return habit.names.find(between_blanks) != std::string_view::npos; };
  const auto* const found = std::find_if(std::begin(habits), std::end(habits), names_it);
  return found == std::end(habits) ? nullptr : found;
}

}  // namespace

std::string_view habit(std::string_view name) {
  const std::string key = fmt::format(" {} ", name);
  for (const Habit* found :
       {found_in(kNames, key), found_in(kConnections, key), found_in(kWho, key), found_in(kRest, key)}) {
    if (found != nullptr) return found->way_out;
  }
  return {};
}

}  // namespace segdl::cli
