#include "cli/options/habits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>

namespace segdl::cli {
namespace {

struct Habit {
  std::string_view names;  // separated by blanks
  std::string_view hint;
};

constexpr Habit kNames[] = {
    {" --out --output-document ", "use -o FILE"},
    {" -P ", "for wget's: use -d DIR; for curl's: FTP is not supported"},
    {" --dir --output-dir --directory-prefix ", "use -d DIR"},
    {" --create-dirs ", "omit it: missing directories are created"},
    {" -nc --no-clobber ", "use --skip-existing"},
    {" -N ", "for wget's: use --update; for curl's and axel's: omit it"},
    {" --timestamping --conditional-get -z --time-cond ", "use --update"},
    {" --allow-overwrite ", "use --overwrite"},
    {" --auto-file-renaming ", "files are not renamed: use --skip-existing, --overwrite, or -o FILE"},
    {" --content-disposition --trust-server-names ", "use -J"},
    {" --use-server-timestamps ", "use -R"},
    {" --no-use-server-timestamps ", "omit it: only -R sets the server's time"},
    {" --force-directories --no-directories --no-host-directories --protocol-directories --cut-dirs ",
     "omit it: files go to -d DIR, without the URL's directories"},
    {" --check-integrity --hash-check-only ", "use --checksum ALGO=HEX, or --verify"},
    {" --url ", "give the URL as an argument"},
};

constexpr Habit kConnections[] = {
    {" --split --max-connection-per-server --num-connections ", "use -x N"},
    {" -Z --parallel --parallel-max --max-concurrent-downloads ", "use -j N"},
    {" --parallel-immediate --force-sequential ", "use -j N"},
    {" --min-split-size --piece-length --file-allocation --disk-cache --stream-piece-selector --uri-selector "
     "--no-file-allocation-limit --optimize-concurrent-downloads --enable-http-pipelining --enable-http-keep-alive "
     "--async-dns --event-poll --enable-mmap --realtime-chunk-checksum --use-head --keepalive-time --no-keepalive "
     "--tcp-nodelay --tcp-fastopen --no-http-keep-alive --no-dns-cache --no-buffer ",
     "omit it: segdl decides this itself"},
    {" --auto-save-interval --always-resume --save-session --force-save --remove-control-file ",
     "omit it: progress is always saved, and the same command continues"},
    {" --max-overall-download-limit --max-download-limit --max-speed ", "use --limit-rate RATE"},
    {" -y -Y --lowest-speed-limit --speed-limit --speed-time ", "use --min-speed RATE"},
    {" -t ", "use --retries N"},
    {" -T ", "for wget's: use --timeout S; for curl's: segdl does not upload"},
    {" --read-timeout --dns-timeout ", "use --timeout S, or --connect-timeout S"},
    {" --stop --stop-with-process ", "use --max-time S"},
    {" --tries --retry --max-tries ", "use --retries N, or --retries inf"},
    {" --retry-delay --retry-wait --waitretry --retry-all-errors --retry-connrefused --wait --random-wait "
     "--retry-on-http-error --max-resume-failure-tries --max-file-not-found --rate ",
     "omit it: transient failures are retried with growing delays; to limit them use --retries N"},
    {" --all-proxy --http-proxy --https-proxy --preproxy --socks4 --socks4a --socks5 --socks5-hostname --proxy-user "
     "--proxy-password --http-proxy-user --https-proxy-user --all-proxy-user ",
     "use --proxy URL"},
    {" --no-proxy --noproxy ", "use --proxy '' for none, or no_proxy in the environment for some hosts"},
    {" --inet4-only --disable-ipv6 ", "use -4"},
    {" --inet6-only ", "use -6"},
    {" --interface --bind-address --local-port --resolve --connect-to --dns-servers --async-dns-server --doh-url "
     "--unix-socket ",
     "not supported: the system's resolver and routes are used"},
    {" -0 --http0.9 --http1.0 --http1.1 --http2 --http2-prior-knowledge --http3 --http3-only --no-alpn --no-npn ",
     "omit it: segdl uses HTTP/1.1"},
    {" --max-redirs --max-redirect --post301 --post302 --post303 ", "omit it: redirects are followed"},
};

constexpr Habit kWho[] = {
    {" -U ", "use -A NAME; credentials of a proxy go into --proxy URL"},
    {" --http-user --http-passwd --http-password --password --ask-password --use-askpass ",
     "use -u NAME:PASS, or -u @FILE"},
    {" --basic --anyauth --digest --auth-no-challenge --http-auth-challenge ",
     "omit it: -u NAME:PASS uses Digest if the server asks for it, else Basic"},
    {" --proxy-basic --proxy-digest --proxy-anyauth ",
     "omit it: --proxy http://NAME:PASS@HOST:PORT uses Digest or Basic as the proxy asks"},
    {" --location-trusted ", "omit it: credentials are sent to the URL's own server only"},
    {" --oauth2-bearer ", "use -H @FILE, with a line 'Authorization: Bearer TOKEN'"},
    {" --netrc-path ", "use --netrc-file FILE"},
    {" --no-netrc --netrc-optional ", "omit it: netrc is read only with -n"},
    {" -b ", "for curl's: use --load-cookies FILE, or -H @FILE for a Cookie header; for wget's: nohup segdl ... &"},
    {" --cookie ", "use --load-cookies FILE, or -H @FILE for a Cookie header"},
    {" --cookie-jar --save-cookies --keep-session-cookies --no-cookies --junk-session-cookies ",
     "omit it: cookies that servers set are kept in memory only"},
    {" --no-check-certificate ", "use -k"},
    {" --check-certificate ", "omit it: certificates are verified; for =false use -k"},
    {" --ca-certificate ", "use --cacert FILE"},
    {" --ca-directory ", "use --capath DIR"},
    {" --certificate ", "use --cert FILE"},
    {" --private-key ", "use --key FILE"},
    {" --cert-type --key-type --certificate-type --private-key-type --pass ",
     "certificates and keys must be PEM without a passphrase"},
    {" -1 -2 -3 --sslv2 --sslv3 --tlsv1 --tlsv1.0 --tlsv1.1 --tlsv1.2 --tls-max --secure-protocol --min-tls-version "
     "--ssl --ssl-reqd --proto --proto-redir --proto-default --https-only ",
     "omit it: TLS 1.2 or 1.3 is used, and https never redirects to http"},
};

constexpr Habit kRest[] = {
    {" --no-progress-meter --no-verbose --show-progress --summary-interval --console-log-level --styled-output "
     "--show-console-readout --human-readable --enable-color --report-speed --percentage --alternate ",
     "use --progress bar, plain or none, or -q"},
    {" -a ", "for axel's: use --progress bar, plain or none; for wget's: redirect stderr with 2>> FILE"},
    {" --log --log-level --output-file --append-output --stderr --trace --trace-ascii --dump-header --server-response "
     "--save-headers ",
     "use -v for details, --json for programs, 2> FILE for a log"},
    {" -l -D ", "use -v for details, 2> FILE for a log; for wget's: segdl does not crawl"},
    {" -w --write-out ", "use --json; for wget's: omit it"},
    {" --include -I --head --spider --dry-run ", "segdl only downloads; for the headers use curl -I URL"},
    {" -r --range --start-pos ", "segdl fetches whole files, and does not crawl"},
    {" --recursive --level -p --page-requisites --mirror --no-parent -B --base --span-hosts --accept --reject ",
     "segdl does not crawl; for a list of URLs use -i FILE"},
    {" -X ", "for curl's: segdl sends only GET, without data; for wget's: segdl does not crawl"},
    {" --request --method -F --form --form-string -G --get --data --data-raw --data-binary --data-ascii "
     "--data-urlencode --upload-file --post-data --post-file --body-data --body-file ",
     "segdl sends only GET, without data: use curl"},
    {" --compressed --compression --http-accept-gzip ",
     "omit it: compression is never requested; use --decode for an unrequested one"},
    {" --tr-encoding --http-no-cache --no-cache --ignore-length ", "omit it: the file is fetched as the server has it"},
    {" --fail-early --fail-with-body --remove-on-error --content-on-error ",
     "omit it: only a complete file gets its name"},
    {" --metalink -M --metalink-file --torrent-file --follow-metalink --follow-torrent --select-file --seed-time "
     "--enable-dht --listen-port ",
     "Metalink and torrent files are not supported: give the URL in it, and --checksum ALGO=HEX"},
    {" -K --conf-path ", "use --config FILE, with lines 'option = value'; see segdl man"},
    {" --no-conf --disable ", "use --no-config"},
    {" -: --next ", "not supported: run segdl twice"},
    {" --background --daemon --enable-rpc ", "use nohup segdl ... &"},
    {" --on-download-complete --on-bt-download-complete --on-download-error --on-download-stop ",
     "use --on-done COMMAND, or --on-error COMMAND"},
};

constexpr Habit kWithoutLike[] = {
    {" --clobber ", "use --overwrite"},
    {" --unlink --backups ", "omit it: with --overwrite the old file stays until the new one is complete"},
    {" --etag-compare --etag-save ", "use --update: the ETag is stored with the file"},
    {" --no-if-modified-since ", "omit it: --update compares the date itself"},
    {" --convert-links --accept-regex --reject-regex --regex-type --include-directories --exclude-directories "
     "--domains --exclude-domains --follow-tags --ignore-tags --relative --adjust-extension --html-extension "
     "--backup-converted --delete-after --strict-comments --force-html --force-css --robots --parent --filter-urls "
     "--filter-mime-type --cut-file-get-vars --cut-url-get-vars --default-page --convert-file-only --follow-ftp "
     "--rejected-log --directories --host-directories --cache --signature-extensions ",
     "segdl does not crawl or convert; for a list of URLs use -i FILE"},
    {" --parameterized-uri --no-glob --path-as-is --index-out ", "write out each URL: nothing in it is expanded"},
    {" --url-query ", "append it to the URL, after a ?"},
    {" --ntlm --ntlm-wb --negotiate --delegation --aws-sigv4 --login-options ",
     "only Digest and Basic are supported (-u NAME:PASS); for others use a header (-H @FILE)"},
    {" --cookies --cookie-suffixes --http-passwd-file ", "use --load-cookies FILE to send the cookies in a file"},
    {" --pinnedpubkey --crlfile --crl-file --cert-status --ocsp --ocsp-file --ocsp-stapling --check-hostname --ciphers "
     "--curves --engine --random-file --egd-file ",
     "not supported: certificates are verified against --cacert FILE or the system's certificates"},
    {" --https-enforce --false-start --no-sessionid --http2-request-window --http-keep-alive ",
     "omit it: segdl uses HTTP/1.1 over TLS 1.2 or 1.3"},
    {" --ignore-content-length --raw --crlf --content-disposition-default-utf8 ",
     "omit it: the file is fetched as the server has it"},
    {" --max-upload-limit --max-overall-upload-limit --append --quote --list-only ", "segdl only downloads"},
    {" -Q ", "for wget's: there is no size limit; for curl's: FTP is not supported"},
    {" --search ", "mirrors are not supported: each URL is a separate download"},
    {" --fsync-policy ", "use --sync interval, end or none"},
    {" --max-filesize --quota ", "there is no size limit; to limit the time use --max-time S"},
    {" --prefer-family --happy-eyeballs-timeout-ms ", "omit it, or use -4 or -6"},
    {" --max-threads ", "use -x N"},
    {" --chunk-size ", "use --segment-size SIZE, or omit it"},
    {" --debug --trace-time --verify-save-failed ", "use -v"},
    {" --download-result --truncate-console-readout --force-progress ", "use --progress bar, plain or none, or -q"},
    {" --execute ", "use --config FILE, or the option itself"},
    {" --manual ", "use segdl man | man -l -"},
    {" --hsts --no-hsts --hsts-file --alt-svc --xattr --create-file-mode --rlimit-nofile --deferred-input --reuse-uri "
     "--gid --pause --pause-metadata --max-mmap-limit --socket-recv-buffer-size --dscp --dns-caching --server-stat-if "
     "--server-stat-of --save-session-interval --save-not-found --allow-piece-length-change --max-download-result "
     "--keep-unfinished-download-result --server-stat-timeout --enable-async-dns6 --suppress-connect-headers "
     "--disallow-username-in-url --expect100-timeout --libcurl --haproxy-protocol --iri --no-iri --local-encoding "
     "--remote-encoding --input-encoding --restrict-file-names --ignore-case --local-db --multiple-interface "
     "--abstract-unix-socket --dns-interface --dns-ipv4-addr --dns-ipv6-addr --doh-insecure --doh-cert-status "
     "--request-target --default-http-port --default-https-port ",
     "not supported: omit it"},
};

// Guesses of users who do not think of those programs.
constexpr Habit kGuesses[] = {
    {" --threads --num-threads --concurrency --concurrent --max-connections --segments --chunks --parts --splits "
     "--workers --streams ",
     "use -x N"},
    {" --bwlimit --bandwidth --ratelimit --rate-limit --limit-speed --speed --throttle ", "use --limit-rate RATE"},
    {" --resume ", "omit it: the same command continues"},
    {" --restart --no-continue --fresh ", "use --no-resume"},
    {" --force --overwrite-existing --replace --yes ", "use --overwrite"},
    {" --no-overwrite --no-overwrites --ignore-existing --skip ", "use --skip-existing"},
    {" --folder --destination --dest --path --outdir --output-directory --target ", "use -d DIR"},
    {" --save-as --filename --file --name --outfile ", "use -o FILE"},
    {" --batch-file --list --urls --url-file --url-list --from-file ", "use -i FILE"},
    {" --token --bearer --api-key ", "use -H @FILE, with a line 'Authorization: Bearer TOKEN'"},
    {" --username --login --passwd --auth ", "use -u NAME:PASS, or -u @FILE"},
    {" --no-verify --no-verify-ssl --skip-verify --no-ssl-verify --allow-insecure ", "use -k"},
    {" --ca --cafile --ca-file --ca-bundle ", "use --cacert FILE"},
    {" --client-cert --client-key ", "use --cert FILE, and --key FILE"},
    {" --max-retries --max-retry --attempts --retry-count ", "use --retries N, or --retries inf"},
    {" --sha256 --sha-256 --sha512 --sha1 --md5 --sha256sum --hash --sums --checksum-file --sha256-file --verify-hash ",
     "use --checksum ALGO=HEX, or --checksum @FILE"},
    {" --sig --gpg --signature ",
     "signatures are not supported: verify the list of checksums, then use --checksum @FILE"},
    {" --extract --unzip --unpack ", "use --on-done 'tar xf', or segdl -q -o - URL | tar xJ"},
    {" --stdout --to-stdout --pipe ", "use -o -"},
    {" --exec --post-exec --hook --command --notify ", "use --on-done COMMAND"},
    {" --no-progress --no-progress-bar --no-bar --color --no-color --quiet-mode ",
     "use --progress bar, plain or none, or -q; NO_COLOR in the environment turns colours off"},
    {" --log-file --logfile ", "redirect stderr: 2> FILE"},
    {" --detach --bg ", "use nohup segdl ... &"},
    {" --mirrors --mirror-url --mirror-urls ", "mirrors are not supported: each URL is a separate download"},
    {" --simulate --check --test --print ", "segdl only downloads; for the headers use curl -I URL"},
    {" --json-output ", "use --json"},
};

// By the beginning of a name.
constexpr Habit kFamilies[] = {
    {" --bt- --dht- --metalink- --enable-peer --enable-dht --seed- --peer- --show-files --force-metalink ",
     "Metalink and torrent files are not supported: give the URL in it, and --checksum ALGO=HEX"},
    {" --ftp --tftp --mail- --ssh- --sasl- --disable-ep --hostpub --telnet --krb --no-passive-ftp --retr-symlinks "
     "--preserve-permissions --no-remove-listing --use-ascii --compressed-ssh --pubkey --service-name ",
     "only HTTP and HTTPS are supported"},
    {" --rpc- ", "use nohup segdl ... &"},
    {" --on-download ", "use --on-done COMMAND, or --on-error COMMAND"},
    {" --proxy-cacert --proxy-capath --proxy-crlfile ",
     "the certificate of a proxy is verified like a server's: use --cacert FILE"},
    {" --proxy-header ", "not supported: credentials of a proxy go into --proxy URL"},
    {" --proxy --socks --http-proxy --https-proxy --all-proxy ", "use --proxy http://NAME:PASS@HOST:PORT"},
    {" --tls --ssl --gnutls- ", "omit it: TLS 1.2 or 1.3 is used, and https never redirects to http"},
    {" --warc --no-warc --plugin --list-plugins --local-plugin --force-rss --force-atom --force-sitemap --gnupg "
     "--hpkp ",
     "not supported: omit it"},
    {" --stats ", "use --json"},
    {" --form- ", "segdl sends only GET, without data: use curl"},
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
    if (found != nullptr) return found->hint;
  }
  return {};
}

}  // namespace segdl::cli
