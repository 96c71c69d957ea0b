"""Calls of curl, wget, aria2c and axel as people paste them: each means the same here, or is refused with what to write instead."""
import os
import pty
import subprocess

import harness
from harness import KiB

URL = "{url}"
LIST = "list.txt"

# What works, and the file that then is there.
WORK = [
    "-O {url}",
    "-LO {url}",
    "-fsSLO {url}",
    "-fsSL {url}",
    "-sSfL {url} -O",
    "-#LO {url}",
    "-L -O -J {url}",
    "-LOJ {url}",
    "-C - -O {url}",
    "-LC - -O {url}",
    "-OLC - {url}",
    "-gC- -O {url}",
    "--fail --silent --show-error --location --remote-name {url}",
    "--continue-at - --remote-name-all {url}",
    "-c {url}",
    "-c -q {url}",
    "--continue=true {url}",
    "-x16 -j 4 -c {url}",
    "-x 8 -o f {url}",
    "-m 60 --connect-timeout 5 --limit-rate 1.5G -O {url}",
    "-s -v {url}",
    "-i " + LIST,
]

# What does not, and what is said of it.
REFUSED = {
    "-0 {url}": "HTTP/1.1",
    "-L1 {url}": "TLS 1.2 or 1.3",
    "-3 {url}": "TLS 1.2 or 1.3",
    "-9 {url}": "segdl --help",
    "-: {url}": "run segdl twice",
    "-c=false {url}": "-c takes no value",
    "-q=false {url}": "-q takes no value",
    "--continue=false {url}": "--no-resume",
    "-T {url}": "--timeout",
    "-O f {url}": "-o f",
    "-O f.zip {url}": "-o f.zip",
    "-o log {url}.zip": "wget's -o",
    "-o wget.log {url}.tar.gz?x=1": "2> FILE",
    "-olog {url}.iso": "-o ./log",
    "{url}.iso -olog": "-o ./log",
    "-o x.log -- {url}.iso": "-o ./x.log",
    "-o /tmp/dl.log {url}.iso": "-d /tmp/ -o ./dl.log",
    "-o log.txt {url}.iso": "-o ./log.txt",
    "--progress=dot:giga {url}": "plain",
    "--progress=bar:force {url}": "bar",
    "--proxy=off {url}": "--proxy ''",
    "--fsync-policy=none {url}": "--sync",
    "-Q 10m {url}": "no size limit",
    "-E no-such.pem:hunter2 {url}": "openssl pkey",
    "-V {url}": "--verify",
    "-A jpg,png {url}": "wget's -A",
    "-A *.pdf {url}": "wget's -A",
    "-R index.html* {url}": "wget's -R",
    "-R jpg,png {url}": "wget's -R",
    "-e ;auto {url}": "remove ;auto",
    "-Of.zip {url}": "-o f.zip",
    "-qO- {url}": "-o -",
    "-qO - {url}": "-o -",
    "-C 100 -O {url}": "omit it",
    "-c jar.txt -O {url}": "kept in memory",
    "-d a=1&b=2 {url}": "without data",
    "-d @body {url}": "without data",
    "-d key=value {url}": "./KEY=VALUE",
    "-dkey=value {url}": "./KEY=VALUE",
    "--json {} {url}": "no data",
    "-X GET {url}": "GET",
    "-I {url}": "curl -I",
    "-fsSLI {url}": "curl -I",
    "-i {url}": "curl's -i",
    "-r 0-99 {url}": "whole files",
    "-N {url}": "--update",
    "-K file": "--config FILE",
    "--create-dirs -o a/b {url}": "director",
    "--metalink {url}": "Metalink",
    "--proto =https --tlsv1.2 -sSf {url}": "omit it",
    "--retry 5 --retry-all-errors {url}": "--retries N",
    "--retry-all-errors {url}": "omit it",
    "--compressed {url}": "--decode",
    "--compression=auto {url}": "--decode",
    "-w %{http_code} {url}": "--json",
    "--url {url}": "as an argument",
    "-x 127.0.0.1:3128 {url}": "for a proxy use --proxy URL",
    "--socks5-hostname h:1 {url}": "--proxy URL",
    "-Z -O {url}": "-j N",
    "--tries=0 {url}": "--retries N",
    "-i list -P dir -nc": "-d DIR",
    "-nc {url}": "--skip-existing",
    "-qnc {url}": "--skip-existing",
    "-nv {url}": "-q",
    "-nd {url}": "-d DIR",
    "-np {url}": "crawl",
    "-H {url} {url}": "crawl",
    "-m {url}": "crawl",
    "-x {url}": "not a number",
    "-E {url}": "wget's -E",
    "-e robots=off {url}": "omit it",
    "-b {url}": "--load-cookies",
    "--no-check-certificate {url}": "-k",
    "--check-certificate=true {url}": "omit it",
    "--spider {url}": "only downloads",
    "-x16 -s16 -k1M {url}": "-x N",
    "-x 16 -s 16 {url}": "-x N",
    "-s 2097152 {url}": "--limit-rate RATE",
    "-k 1M {url}": "--segment-size",
    "-k1M {url}": "--segment-size",
    "-k 1.5m {url}": "--segment-size",
    "--min-split-size=1M {url}": "this itself",
    "--file-allocation=none {url}": "this itself",
    "--allow-overwrite=true {url}": "--overwrite",
    "--auto-file-renaming=false {url}": "--skip-existing",
    "-d dir --out f {url}": "-o FILE",
    "--max-tries=5 {url}": "--retries N",
    "--summary-interval=0 {url}": "--progress",
    "-Z {url}": "-j N",
    "-D {url}": "-v",
    "-T f.torrent": "--timeout",
    "-n 8 -a {url}": "-x N",
    "-n8 {url}": "-x N",
    "-a {url}": "--progress",
}

# Every long option of theirs that segdl does not have, by families of them, has a way out that is not only the help.
LONG = """--bt-tracker --dht-file-path --metalink-location --ftp-user --ftps-implicit --tftp-blksize --mail-from --rpc-secret
--proxy-cacert --proxy-insecure --socks5-gssapi --tlsv1.3 --tls13-ciphers --ssl-no-revoke --warc-file --no-warc-digests --stats-all
--on-download-start --pinnedpubkey --digest --max-filesize --convert-links --hsts --xattr --url-query --ciphers --http0.9 --etag-save
--parameterized-uri --form-escape --quota --krb --peer-agent --hpkp --clobber --execute --manual""".split()

# Words that are commands elsewhere, or were mistyped, and no host.
WORDS = {
    "statsu x": "segdl status",
    "statu x": "segdl status",
    "completoin bash": "segdl completion",
    "cat {url}": "https://cat/",
    "list": "segdl -i FILE",
    "resume x": "continues",
    "get {url}": "segdl URL",
    "{url} status": "put the command first",
    "16 {url}": "https://host/path",
    "out=f {url}": "https://host/path",
    "[::1]": "https://[::1]/",
    "intranet": "https://intranet/",
    "list.txt": "-i list.txt",
    "clean x": "NAME.part",
    "update": "--update URL",
    "frobnicate": "nor a command",
    "http//h/x": "use http://h/x",
    "<http://h/x>": "remove them",
    "'http://h/x'": "remove them",
    "./list.txt": "-i FILE",
    "/srv/x": "-i FILE",
}


# Options of no program in particular, which people try.
GUESSES = """--no-progress --sha256 --threads --bwlimit --force --folder --save-as --urls --token --max-retries --extract --stdout --exec
--signature --log-file --mirrors --username --cafile --ignore-existing --restart""".split()


def arguments(call, url):
    return [word.replace(URL, url) for word in call.split(" ")]


def test_what_means_the_same_works(scene):
    origin = scene.origin()
    url = origin.pattern(1, 100 * KiB, "f")
    data = scene.content(1, 100 * KiB)
    harness.write(scene.path(LIST), f"{url}\n".encode())
    for call in WORK:
        scene.get(*arguments(call, url))
        assert harness.read(scene.path("f")) == data, call
        assert scene.names() == ["f", LIST], (call, scene.names())
        os.unlink(scene.path("f"))


def test_a_log_that_is_asked_for_is_fetched(scene):
    origin = scene.origin()
    for name, arguments in (("f", ("-o", "a.log")), ("f.log", ("-o", "b.log")), ("f.log.gz", ("-o", "c.log")), ("f.zip", ("-o", "./d.log"))):
        scene.get(origin.pattern(1, 1000, name), *arguments)
    page = "http://127.0.0.1:1/page.pdf"  # names no file to fetch
    scene.get("-e", page, "-o", "e.log", origin.pattern(1, 1000, "app.log"))
    scene.get("-H", f"X-From: {page}", "--referer", page, "-o", "g.log", "--", origin.pattern(1, 1000, "f"))
    assert scene.names() == ["a.log", "b.log", "c.log", "d.log", "e.log", "g.log"]


# What somebody may expect to be written to standard output, and where it is a file as they say themselves.
FEEDS = ("-fsSL {url}", "-L {url}", "-L -k {url}", "-f -v {url}")
FEEDS_A_PERSON = ("{url}", "-v {url}")  # and not a program that keeps both outputs apart
FEEDS_NOT = ("-fsSLO {url}", "-L -o f {url}", "-L -d . {url}", "{url} --overwrite", "-c {url}", "--json -L {url}", "-s {url}", "-fsL {url}", "-q -s {url}", "-q -fsSL {url}", "-o - {url}")


def test_standard_output_that_gets_nothing_is_warned_of(scene):
    url = scene.origin().pattern(1, 1000, "f")
    for number, call in enumerate(FEEDS + FEEDS_A_PERSON + FEEDS_NOT):
        outputs = {"file": open(scene.path("out"), "wb"), "pipe": subprocess.PIPE, "null": subprocess.DEVNULL}
        for kind, output in outputs.items():
            cwd = scene.path(f"{kind}{number}")
            os.mkdir(cwd)
            done = subprocess.run([harness.BINARY, *arguments(call, url)], cwd=cwd, stdout=output, stderr=subprocess.PIPE, text=True, errors="replace", timeout=harness.TIMEOUT, check=True)
            told = "warning: standard output gets no data: saving to f; to write there use -o -\n" in done.stderr
            assert told == (call in FEEDS and kind != "null"), (call, kind, done.stderr)
            assert done.stderr == "" or not call.startswith(("-s", "-q", "-fsL ")), (call, kind, done.stderr)
        outputs["file"].close()


def test_a_person_is_told_that_standard_output_gets_nothing(scene):
    url = scene.origin().pattern(1, 1000, "f")
    for number, call in enumerate(FEEDS + FEEDS_A_PERSON + FEEDS_NOT):
        cwd = scene.path(f"at{number}")
        os.mkdir(cwd)
        ours, theirs = pty.openpty()
        with open(scene.path("out"), "wb") as output:
            subprocess.run([harness.BINARY, *arguments(call, url)], cwd=cwd, stdout=output, stderr=theirs, timeout=harness.TIMEOUT, check=True)
        os.write(theirs, b"end")  # so that there is something to read
        told = b"warning: standard output gets no data" in os.read(ours, 65536)
        assert told == (call in FEEDS + FEEDS_A_PERSON), call
        os.close(ours)
        os.close(theirs)


def test_what_gets_the_words_as_well_is_not_warned_of(scene):
    url = scene.origin().pattern(1, 1000, "f")
    with open(scene.path("log"), "ab") as log:
        subprocess.run([harness.BINARY, "-L", url], cwd=scene.path(""), stdout=log, stderr=log, timeout=harness.TIMEOUT, check=True)
    assert b"verified" in harness.read(scene.path("log")) and b"warning" not in harness.read(scene.path("log"))
    done = subprocess.run([harness.BINARY, url + "g", url + "h"], cwd=scene.path(""), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=harness.TIMEOUT, check=True)
    assert "warning" not in done.stdout, done.stdout


def test_silent_is_quiet_unless_it_is_to_be_verbose(scene):
    url = scene.origin().pattern(1, 100 * KiB, "f")
    assert scene.get("-sSf", url, "-o", "a").stderr == ""
    assert "KiB" in scene.get("-sSfv", url, "-o", "b").stderr
    missing = scene.raw(lambda connection, request, number: connection.sendall(harness.head("404 No", "Content-Length: 0")))
    assert "404" in scene.get("-s", missing.url(), "-o", "c", code=4).stderr


def test_what_means_something_else_is_refused_with_what_to_write(scene):
    server = scene.raw(lambda connection, request, number: "close")
    harness.write(scene.path("list.txt"), b"")
    for call, way_out in {**REFUSED, **WORDS}.items():
        done = scene.get(*arguments(call, server.url("f")), code=2)
        assert len(done.stderr.splitlines()) == 2 and way_out in done.stderr, (call, done.stderr)
        assert scene.names() == ["list.txt"] and not server.requests, call


def test_headers_of_a_browser_are_left_out_where_they_change_nothing(scene):
    fields = ("Accept-Encoding: gzip, deflate, br", "Connection: keep-alive", "X-Empty:", "Accept: */*")
    done = scene.get(scene.origin().pattern(1, 1000, "f"), "-o", "f", *(word for field in fields for word in ("-H", field)))
    for name in ("Accept-Encoding", "Connection", "X-Empty"):
        assert f"header {name} ignored" in done.stderr, done.stderr
    assert "header Accept " not in done.stderr
    for field in ("Host: h", "Connection: close", "Range: bytes=0-1"):
        assert "leave it out" in scene.get("http://127.0.0.1:1/x", "-H", field, code=2).stderr


def test_secrets_and_names_of_files_in_values(scene):
    url = "http://127.0.0.1:1/x"
    assert "hunter2" not in scene.get(url, "-E", "c.pem:hunter2", code=2).stderr
    assert "'@data.json'" in scene.get(url, "-d", "@data.json", code=2).stderr


def test_globs_are_told_to_be_taken_as_they_are(scene):
    missing = scene.raw(lambda connection, request, number: connection.sendall(harness.head("404 No", "Content-Length: 0")))
    assert "write out each URL" in scene.get(missing.url("f[1-3].iso"), "-o", "f", code=4).stderr


def test_options_of_theirs_are_known(scene):
    for option in LONG:
        done = scene.get(option, "http://127.0.0.1:1/x", code=2)
        assert f"unknown option '{option}'\n" in done.stderr, done.stderr
        assert "see segdl --help" not in done.stderr and "did you mean" not in done.stderr, done.stderr


def test_hosts_without_a_dot_have_a_scheme(scene):
    assert "unknown host" in scene.get("https://no-such-host-at-all/x", "--retries", "0", code=3).stderr
    port = harness.free_port()
    assert "refused" in scene.get(f"localhost:{port}", "--retries", "0", code=3).stderr
    assert "refused" in scene.get("-k", f"127.0.0.1:{port}", "--retries", "0", code=3).stderr


def test_what_people_guess_is_answered_with_what_to_write(scene):
    for option in GUESSES:
        done = scene.get(option, "http://h/x", code=2)
        assert f"unknown option '{option}'\n" in done.stderr and "see segdl --help" not in done.stderr, done.stderr
    for call in (["help"], ["help", "all"], ["-h", "curl"], ["--help", "x", "http://h/x"]):
        assert "Usage: segdl [options] URL..." in scene.get(*call).stdout, call
    assert "Usage: segdl status" in scene.get("help", "status").stdout
    assert scene.get("version").stdout == scene.get("--version").stdout
    assert "-i FILE" in scene.get("-o", "a", "http://h/x", "-o", "b", "http://h/y", code=2).stderr
    assert "inf to retry forever" in scene.get("--retries", "infinite", "http://h/x", code=2).stderr
    digest = "ab" * 32
    assert f"sha-256={digest}" in scene.get("--checksum", digest, "http://h/x", code=2).stderr
    harness.write(scene.path("SUMS"), b"x")
    assert "use @SUMS" in scene.get("--checksum", "SUMS", "http://h/x", code=2).stderr
    for place in (["-d", "~/x"], ["--directory=~"], ["-o", "~/x"], ["-d", "$HOME/x"], ["-o", "${HOME}/x"]):
        done = scene.get(*place, "http://h/x", code=2)
        assert "was not expanded by a shell" in done.stderr and "./" in done.stderr, done.stderr
    assert scene.names() == ["SUMS"]


if __name__ == "__main__":
    harness.main()
