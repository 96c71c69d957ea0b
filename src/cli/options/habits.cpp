#include "cli/options/habits.h"

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
    {" -P ", "for wget's: write -d DIR; for curl's: segdl does not speak FTP"},
    {" --dir --output-dir --directory-prefix ", "write -d DIR"},
    {" --create-dirs ", "leave it out: directories that are missing are made anyway"},
    {" -nc --no-clobber ", "write --skip-existing"},
    {" -N ", "for wget's: write --update; for curl's and axel's: leave it out"},
    {" --timestamping --conditional-get -z --time-cond ", "write --update"},
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
    {" -t ", "write --retries N"},
    {" -T ", "for wget's: write --timeout S; curl's sends a file, and segdl sends none"},
    {" --read-timeout --dns-timeout ", "write --timeout S, or --connect-timeout S"},
    {" --stop --stop-with-process ", "write --max-time S"},
    {" --tries --retry --max-tries ", "write --retries N, or --retries inf"},
    {" --retry-delay --retry-wait --waitretry --retry-all-errors --retry-connrefused --wait --random-wait "
     "--retry-on-http-error --max-resume-failure-tries --max-file-not-found --rate ",
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
    {" -0 --http0.9 --http1.0 --http1.1 --http2 --http2-prior-knowledge --http3 --http3-only --no-alpn --no-npn ",
     "leave it out: segdl speaks HTTP/1.1"},
    {" --max-redirs --max-redirect --post301 --post302 --post303 ", "leave it out: redirects are followed"},
};

constexpr Habit kWho[] = {
    {" -U ", "write -A NAME; a proxy has its name and password in --proxy URL"},
    {" --http-user --http-passwd --http-password --password --ask-password --use-askpass ",
     "write -u NAME:PASS, or -u @FILE"},
    {" --basic --anyauth --digest --auth-no-challenge --http-auth-challenge ",
     "leave it out: with -u NAME:PASS a server that asks for Digest gets that, another one Basic"},
    {" --proxy-basic --proxy-digest --proxy-anyauth ",
     "leave it out: with --proxy http://NAME:PASS@HOST:PORT a proxy gets what it asks for, Digest or Basic"},
    {" --location-trusted ", "leave it out: names and passwords go to the URL's own server only"},
    {" --oauth2-bearer ", "write -H @FILE, with a line 'Authorization: Bearer TOKEN'"},
    {" --netrc-path ", "write --netrc-file FILE"},
    {" --no-netrc --netrc-optional ", "leave it out: without -n no netrc file is read"},
    {" -b ", "for curl's: write --load-cookies FILE, or -H @FILE for a Cookie header; for wget's: nohup segdl ... &"},
    {" --cookie ", "write --load-cookies FILE, or -H @FILE for a Cookie header"},
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
    {" -1 -2 -3 --sslv2 --sslv3 --tlsv1 --tlsv1.0 --tlsv1.1 --tlsv1.2 --tls-max --secure-protocol --min-tls-version "
     "--ssl --ssl-reqd --proto --proto-redir --proto-default --https-only ",
     "leave it out: TLS is 1.2 or 1.3, and nothing leads from https to http"},
};

constexpr Habit kRest[] = {
    {" --no-progress-meter --no-verbose --show-progress --summary-interval --console-log-level --styled-output "
     "--show-console-readout --human-readable --enable-color --report-speed --percentage --alternate ",
     "write --progress bar, plain or none, or -q"},
    {" -a ", "for axel's: write --progress bar, plain or none; for wget's: 2>> FILE keeps what is told"},
    {" --log --log-level --output-file --append-output --stderr --trace --trace-ascii --dump-header --server-response "
     "--save-headers ",
     "-v says more, --json tells programs, and 2> FILE keeps it"},
    {" -l -D ", "-v says more, and 2> FILE keeps it; for wget's: segdl does not crawl"},
    {" -w --write-out ", "--json tells what came of it; for wget's -w: leave it out"},
    {" --include -I --head --spider --dry-run ", "segdl only downloads; curl -I URL shows what a server says"},
    {" -r --range --start-pos ", "segdl fetches whole files, and does not crawl"},
    {" --recursive --level -p --page-requisites --mirror --no-parent -B --base --span-hosts --accept --reject ",
     "segdl fetches the URLs it is given, and does not crawl: see -i FILE"},
    {" -X ", "for curl's: segdl sends GET, and no data: only curl and its like do; for wget's: segdl does not crawl"},
    {" --request --method -F --form --form-string -G --get --data --data-raw --data-binary --data-ascii "
     "--data-urlencode --upload-file --post-data --post-file --body-data --body-file ",
     "segdl sends GET, and no data: only curl and its like do"},
    {" --compressed --compression --http-accept-gzip ",
     "leave it out: nothing is asked for compressed; --decode undoes what comes so all the same"},
    {" --tr-encoding --http-no-cache --no-cache --ignore-length ",
     "leave it out: the file is fetched as the server has it"},
    {" --fail-early --fail-with-body --remove-on-error --content-on-error ",
     "leave it out: nothing but the whole file gets its name"},
    {" --metalink -M --metalink-file --torrent-file --follow-metalink --follow-torrent --select-file --seed-time "
     "--enable-dht --listen-port ",
     "segdl reads no Metalink or torrent file: give it the URL in there, and --checksum ALGO=HEX"},
    {" -K --conf-path ", "settings are in --config FILE, one 'option = value' a line; see the manual"},
    {" --no-conf --disable ", "write --no-config"},
    {" -: --next ", "a run has one set of options: run segdl twice"},
    {" --background --daemon --enable-rpc ", "write nohup segdl ... &"},
    {" --on-download-complete --on-bt-download-complete --on-download-error --on-download-stop ",
     "write --on-done COMMAND, or --on-error COMMAND"},
};

constexpr Habit kWithoutLike[] = {
    {" --clobber ", "write --overwrite"},
    {" --unlink --backups ", "leave it out: with --overwrite the old file stays until the new one is complete"},
    {" --etag-compare --etag-save ", "write --update: what it compares is kept with the file"},
    {" --no-if-modified-since ", "leave it out: --update compares the date itself"},
    {" --convert-links --accept-regex --reject-regex --regex-type --include-directories --exclude-directories "
     "--domains --exclude-domains --follow-tags --ignore-tags --relative --adjust-extension --html-extension "
     "--backup-converted --delete-after --strict-comments --force-html --force-css --robots --parent --filter-urls "
     "--filter-mime-type --cut-file-get-vars --cut-url-get-vars --default-page --convert-file-only --follow-ftp "
     "--rejected-log --directories --host-directories --cache --signature-extensions ",
     "segdl fetches the URLs it is given, as they are, and does not crawl: see -i FILE"},
    {" --parameterized-uri --no-glob --path-as-is --index-out ", "write each URL out: nothing in it is expanded"},
    {" --url-query ", "write it into the URL, behind a ?"},
    {" --ntlm --ntlm-wb --negotiate --delegation --aws-sigv4 --login-options ",
     "segdl knows Digest and Basic with -u NAME:PASS, and -H @FILE for a header of your own"},
    {" --cookies --cookie-suffixes --http-passwd-file ", "write --load-cookies FILE to send those of a file"},
    {" --pinnedpubkey --crlfile --crl-file --cert-status --ocsp --ocsp-file --ocsp-stapling --check-hostname --ciphers "
     "--curves --engine --random-file --egd-file ",
     "segdl has no such choice: certificates are checked against --cacert FILE, or what the system trusts"},
    {" --https-enforce --false-start --no-sessionid --http2-request-window --http-keep-alive ",
     "leave it out: segdl speaks HTTP/1.1, over TLS 1.2 or 1.3"},
    {" --ignore-content-length --raw --crlf --content-disposition-default-utf8 ",
     "leave it out: the file is fetched as the server has it"},
    {" --max-upload-limit --max-overall-upload-limit --append --quote --list-only ", "segdl only downloads"},
    {" -Q ", "for wget's: segdl has no limit of sizes; for curl's: it does not speak FTP"},
    {" --search ", "segdl takes several URLs for several files, and looks for no mirrors"},
    {" --fsync-policy ", "write --sync interval, end or none"},
    {" --max-filesize --quota ", "segdl has no limit of sizes; --max-time S limits the time"},
    {" --prefer-family --happy-eyeballs-timeout-ms ", "leave it out, or write -4 or -6"},
    {" --max-threads ", "write -x N"},
    {" --chunk-size ", "write --segment-size SIZE, or leave it out"},
    {" --debug --trace-time --verify-save-failed ", "write -v"},
    {" --download-result --truncate-console-readout --force-progress ", "write --progress bar, plain or none, or -q"},
    {" --execute ", "write --config FILE, or the option itself"},
    {" --manual ", "write segdl man | man -l -"},
    {" --hsts --no-hsts --hsts-file --alt-svc --xattr --create-file-mode --rlimit-nofile --deferred-input --reuse-uri "
     "--gid --pause --pause-metadata --max-mmap-limit --socket-recv-buffer-size --dscp --dns-caching --server-stat-if "
     "--server-stat-of --save-session-interval --save-not-found --allow-piece-length-change --max-download-result "
     "--keep-unfinished-download-result --server-stat-timeout --enable-async-dns6 --suppress-connect-headers "
     "--disallow-username-in-url --expect100-timeout --libcurl --haproxy-protocol --iri --no-iri --local-encoding "
     "--remote-encoding --input-encoding --restrict-file-names --ignore-case --local-db --multiple-interface "
     "--abstract-unix-socket --dns-interface --dns-ipv4-addr --dns-ipv6-addr --doh-insecure --doh-cert-status "
     "--request-target --default-http-port --default-https-port ",
     "leave it out: segdl has nothing like it"},
};

// What people try who have none of those programs in mind.
constexpr Habit kGuesses[] = {
    {" --threads --num-threads --concurrency --concurrent --max-connections --segments --chunks --parts --splits "
     "--workers --streams ",
     "write -x N"},
    {" --bwlimit --bandwidth --ratelimit --rate-limit --limit-speed --speed --throttle ", "write --limit-rate RATE"},
    {" --resume ", "leave it out: the same command continues"},
    {" --restart --no-continue --fresh ", "write --no-resume"},
    {" --force --overwrite-existing --replace --yes ", "write --overwrite"},
    {" --no-overwrite --no-overwrites --ignore-existing --skip ", "write --skip-existing"},
    {" --folder --destination --dest --path --outdir --output-directory --target ", "write -d DIR"},
    {" --save-as --filename --file --name --outfile ", "write -o FILE"},
    {" --batch-file --list --urls --url-file --url-list --from-file ", "write -i FILE"},
    {" --token --bearer --api-key ", "write -H @FILE, with a line 'Authorization: Bearer TOKEN'"},
    {" --username --login --passwd --auth ", "write -u NAME:PASS, or -u @FILE"},
    {" --no-verify --no-verify-ssl --skip-verify --no-ssl-verify --allow-insecure ", "write -k"},
    {" --ca --cafile --ca-file --ca-bundle ", "write --cacert FILE"},
    {" --client-cert --client-key ", "write --cert FILE, and --key FILE"},
    {" --max-retries --max-retry --attempts --retry-count ", "write --retries N, or --retries inf"},
    {" --sha256 --sha-256 --sha512 --sha1 --md5 --sha256sum --hash --sums --checksum-file --sha256-file --verify-hash ",
     "write --checksum ALGO=HEX, or --checksum @FILE"},
    {" --sig --gpg --signature ",
     "segdl checks no signatures: --checksum @FILE, once the file of checksums is checked"},
    {" --extract --unzip --unpack ", "write --on-done 'tar xf', or segdl -q -o - URL | tar xJ"},
    {" --stdout --to-stdout --pipe ", "write -o -"},
    {" --exec --post-exec --hook --command --notify ", "write --on-done COMMAND"},
    {" --no-progress --no-progress-bar --no-bar --color --no-color --quiet-mode ",
     "write --progress bar, plain or none, or -q; NO_COLOR in the environment leaves colours out"},
    {" --log-file --logfile ", "2> FILE keeps what is told"},
    {" --detach --bg ", "write nohup segdl ... &"},
    {" --mirrors --mirror-url --mirror-urls ", "segdl takes several URLs for several files"},
    {" --simulate --check --test --print ", "segdl only downloads; curl -I URL shows what a server says"},
    {" --json-output ", "write --json"},
};

// By what a name begins with.
constexpr Habit kFamilies[] = {
    {" --bt- --dht- --metalink- --enable-peer --enable-dht --seed- --peer- --show-files --force-metalink ",
     "segdl reads no Metalink or torrent file: give it the URL in there, and --checksum ALGO=HEX"},
    {" --ftp --tftp --mail- --ssh- --sasl- --disable-ep --hostpub --telnet --krb --no-passive-ftp --retr-symlinks "
     "--preserve-permissions --no-remove-listing --use-ascii --compressed-ssh --pubkey --service-name ",
     "segdl speaks HTTP and HTTPS only"},
    {" --rpc- ", "write nohup segdl ... &"},
    {" --on-download ", "write --on-done COMMAND, or --on-error COMMAND"},
    {" --proxy-cacert --proxy-capath --proxy-crlfile ",
     "a proxy over TLS is checked as servers are: write --cacert FILE"},
    {" --proxy-header ", "segdl sends a proxy none of one's own: its name and password are in --proxy URL"},
    {" --proxy --socks --http-proxy --https-proxy --all-proxy ", "write --proxy http://NAME:PASS@HOST:PORT"},
    {" --tls --ssl --gnutls- ", "leave it out: TLS is 1.2 or 1.3, and nothing leads from https to http"},
    {" --warc --no-warc --plugin --list-plugins --local-plugin --force-rss --force-atom --force-sitemap --gnupg "
     "--hpkp ",
     "leave it out: segdl has nothing like it"},
    {" --stats ", "--json tells programs what happens"},
    {" --form- ", "segdl sends GET, and no data: only curl and its like do"},
};

const Habit* family_of(std::string_view name) {
  for (const Habit& family : kFamilies) {
    for (std::string_view names = family.names; names.size() > 1;) {
      names.remove_prefix(1);
      const std::string_view begins = names.substr(0, names.find(' '));
      if (name.starts_with(begins)) return &family;
      names.remove_prefix(begins.size());
    }
  }
  return nullptr;
}

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
       {found_in(kNames, key), found_in(kConnections, key), found_in(kWho, key), found_in(kRest, key),
        found_in(kWithoutLike, key), found_in(kGuesses, key), family_of(name)}) {
    if (found != nullptr) return found->way_out;
  }
  return {};
}

}  // namespace segdl::cli
