"""Everything that goes wrong has its exit code and one clear line, and leaves nothing behind that was not there."""
import os
import socket
import ssl

import harness
from harness import MiB, head, pattern, ranged, wait_for


def fails(scene, code, words, *arguments, **options):
    before = scene.names()
    done = scene.get(*arguments, "--retries", "1", code=code, **options)
    lines = [line for line in done.stderr.splitlines() if line.startswith("segdl: ") and "warning" not in line]
    assert len(lines) == 1, done.stderr
    assert words in lines[0], done.stderr
    assert done.stdout == ""
    assert scene.names() == before, scene.names()


def test_wrong_urls_and_options_are_usage_errors(scene):
    fails(scene, 2, "not http or https", "ftp://host/x")
    fails(scene, 2, "gopher is not http or https", "gopher://just-words")
    fails(scene, 2, "no host", "http:///x")
    fails(scene, 2, "port", "http://host:99999/x")
    for url, way_out in (("ftp://host/x", "give the address that"), ("file:///x", "over http"), ("http://host:99999/x", "or none"), ("http:///x", "http://host/path")):
        assert way_out in scene.get(url, code=2).stderr
    fails(scene, 2, "host", "http://0x7f.1/x")
    fails(scene, 2, "--bogus", "http://host/x", "--bogus")
    fails(scene, 2, "URL", "-q")
    fails(scene, 2, "power of two", "http://127.0.0.1:1/x", "--segment-size", "100K")
    fails(scene, 2, "size", "http://127.0.0.1:1/x", "--segment-size", "abc")
    fails(scene, 2, "time", "http://127.0.0.1:1/x", "--timeout", "-3")
    fails(scene, 2, "too large", "http://127.0.0.1:1/x", "--min-speed", "99999999999G")
    fails(scene, 2, "one name", "http://127.0.0.1:1/x", "http://127.0.0.1:1/y", "-o", "z")
    fails(scene, 2, "Range", "http://127.0.0.1:1/x", "-H", "Range: bytes=0-1")
    fails(scene, 2, "If-None-Match", "http://127.0.0.1:1/x", "-H", 'If-None-Match: "a"', "--update")
    fails(scene, 2, "If-Modified-Since", "http://127.0.0.1:1/x", "-H", "If-Modified-Since: Sun, 06 Nov 2022 08:49:37 GMT")
    fails(scene, 2, "header", "http://127.0.0.1:1/x", "-H", "no colon")
    os.symlink("nothing", scene.path("link"))
    for words, code, way_out in ((("-d", ""), 2, "-d ."), (("-o", "."), 2, "-d"), (("-d", "/etc/hostname"), 7, "another directory with -d"), (("-d", "link"), 7, "a link to nothing"), (("-i", "/etc"), 7, "a file of URLs")):
        assert way_out in scene.get("http://127.0.0.1:1/x", *words, code=code).stderr, words
    os.unlink(scene.path("link"))
    assert scene.get("status", "/etc").stdout == "/etc: no interrupted downloads\n"
    fails(scene, 2, "can't read /no/such/file", "http://127.0.0.1:1/x", "-H", "@/no/such/file")
    fails(scene, 2, "no certificates", "http://127.0.0.1:1/x", "--cacert", "/etc/hostname")


def test_an_unknown_option_is_told_with_what_may_be_meant(scene):
    def told(*arguments):
        return scene.get("http://127.0.0.1:1/x", *arguments, code=2).stderr

    assert "unknown option '--chekcsum'\n       did you mean --checksum?" in told("--chekcsum", "x")
    assert "did you mean --connections?" in told("--connect=3")  # the beginning of two: the first
    assert "use -d DIR" in told("-P", "there") and "use -x N" in told("--split=5")
    assert "secret" not in told("--http-passwd=secret")
    assert "--checksum requires a value\n       usage: --checksum ALGO=HEX|[ALGO=]@FILE" in told("--checksum")
    assert "--output given more than once" in told("-o", "a", "-o", "b")
    assert "--overwrite and --skip-existing are mutually exclusive" in told("--skip-existing", "--overwrite")
    assert "--json takes no value" in told("--json=yes please")
    assert "for a proxy use --proxy URL" in told("-x", "http://127.0.0.1:1")
    assert "see segdl --help" in told("--bogus")


def test_unknown_host_and_refused_connection_are_network_errors(scene):
    fails(scene, 3, "unknown host", "http://no-such-host.invalid/x")
    fails(scene, 3, "Connection refused", f"http://127.0.0.1:{harness.free_port()}/x")


def test_refusals_tell_the_status(scene):
    for status, code in ((401, 4), (403, 4), (404, 4), (410, 4), (500, 4), (503, 4)):
        server = scene.raw(lambda c, r, n, s=status: c.sendall(head(f"{s} No", "Content-Length: 5") + b"sorry"))
        fails(scene, code, str(status), server.url())


def test_bad_certificates_are_refused(scene):
    scene.nginx.put("f", b"x" * 1000)
    ca = scene.nginx.certificates.ca
    fails(scene, 5, "not issued by a trusted authority", scene.nginx.tls_url("f"))
    fails(scene, 5, "another host", scene.nginx.tls_url("f", "wronghost"), "--cacert", ca)
    fails(scene, 5, "expired", scene.nginx.tls_url("f", "expired"), "--cacert", ca)
    fails(scene, 5, "self-signed", scene.nginx.tls_url("f", "selfsigned"), "--cacert", ca)
    fails(scene, 5, "does not speak TLS", scene.nginx.url("f").replace("http:", "https:"))
    scene.get(scene.nginx.tls_url("f", host="127.0.0.1"), "--cacert", ca, "-o", "by-address")
    warned = scene.get(scene.nginx.tls_url("f", "expired"), "-k", "-o", "insecure")
    assert "certificates are not verified" in warned.stderr and "certificate not verified" in warned.stderr


def test_redirects_that_lead_astray_are_refused(scene):
    scene.nginx.put("f", b"x" * 1000)
    certificates = scene.nginx.certificates
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.pem("good"), certificates.key("good"))
    down = scene.raw(lambda c, r, n: c.sendall(head("302 Found", f"Location: {scene.nginx.url('f')}", "Content-Length: 0")), context)
    fails(scene, 5, "from https to http", down.url().replace("http:", "https:"), "--cacert", certificates.ca)
    circle = scene.raw(lambda c, r, n: c.sendall(head("302 Found", "Location: /file.bin", "Content-Length: 0")))
    fails(scene, 4, "circle", circle.url())
    ever = scene.raw(lambda c, r, n: c.sendall(head("302 Found", f"Location: /{n}", "Content-Length: 0")))
    fails(scene, 4, "redirects", ever.url())
    fails(scene, 3, "not http or https",
          scene.raw(lambda c, r, n: c.sendall(head("302 Found", "Location: file:///etc/passwd", "Content-Length: 0"))).url())


def test_an_unwritable_directory_is_told_to_an_unprivileged_user(scene):
    scene.nginx.put("f", b"x" * 1000)
    os.chmod(scene.out, 0o755)
    before = scene.names()
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    done = harness.subprocess.run(drop + [harness.BINARY, scene.nginx.url("f")], cwd=scene.out, capture_output=True,
                                  text=True, timeout=60, check=False)
    assert done.returncode == 7, done
    assert "Permission denied" in done.stderr, done.stderr
    assert scene.names() == before


def test_what_has_a_name_that_segdl_needs_is_told_with_a_way_out_that_works(scene):
    scene.nginx.put("g", pattern(3 * MiB, 1))
    url = scene.nginx.url("g")
    for suffix in ("", ".part", ".segdl", ".segdl.new", ".segdl.old"):
        name = scene.path("g" + suffix)
        for directory in (True, False):
            os.mkdir(name) if directory else harness.write(name, b"mine, and no journal")
            told = scene.get(url, "-d", ".", code=10).stderr
            way_out = told.splitlines()[1:]
            assert f"write g{suffix}: " in told and len(way_out) == 1 and "another name with -o" in way_out[0], told
            if "--overwrite" in told:
                scene.get("--overwrite", url)
            else:
                assert "move it away" in told or "it is a directory" in told, told
                assert len(scene.get("--overwrite", url, code=10).stderr.splitlines()) == 2
                os.rename(name, scene.path("away"))
                scene.get(url)
                os.rmdir(scene.path("away")) if directory else os.remove(scene.path("away"))
            assert scene.names() == ["g"], scene.names()
            os.remove(scene.path("g"))


def test_a_working_directory_that_was_removed_is_told(scene):
    for size in (1000, 3 * MiB):
        scene.nginx.put("f", pattern(size, 1))
        command = ["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh", harness.BINARY, scene.nginx.url("f")]
        done = harness.subprocess.run(command, cwd=scene.out, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 7 and "the working directory was removed" in done.stderr and "-d" in done.stderr, done


def test_existing_names_are_not_touched(scene):
    scene.nginx.put("f", b"x" * 1000)
    harness.write(scene.path("f"), b"mine")
    fails(scene, 10, "exists", scene.nginx.url("f"))
    assert harness.read(scene.path("f")) == b"mine"
    harness.write(scene.path("g.part"), b"foreign")
    for arguments in ((), ("--overwrite",), ("--update",)):
        fails(scene, 10, "no journal", scene.nginx.url("f"), "-o", "g", *arguments)
        assert harness.read(scene.path("g.part")) == b"foreign" and not os.path.exists(scene.path("g"))
    os.symlink("/etc/passwd", scene.path("h.part"))
    fails(scene, 10, "symbolic link", scene.nginx.url("f"), "-o", "h")
    os.symlink("/etc/passwd", scene.path("k.segdl"))
    fails(scene, 10, "not a regular file", scene.nginx.url("f"), "-o", "k", "--overwrite")
    assert os.readlink(scene.path("k.segdl")) == "/etc/passwd"
    os.mkfifo(scene.path("i.part"))
    fails(scene, 10, "not a regular file", scene.nginx.url("f"), "-o", "i")
    os.mkdir(scene.path("j"))
    fails(scene, 10, "is a directory", scene.nginx.url("f"), "-o", "j")
    fails(scene, 10, "is a directory", scene.nginx.url("f"), "-o", "j", "--overwrite")
    scene.get(scene.nginx.url("f"), "--overwrite")
    assert harness.read(scene.path("f")) == b"x" * 1000


def test_a_long_name_and_a_missing_directory_are_told(scene):
    fails(scene, 7, "too long", "http://127.0.0.1:1/x", "-o", "x" * 300)
    fails(scene, 7, "No such file or directory", "http://127.0.0.1:1/x", "-d", "missing", "--no-create-dirs")
    fails(scene, 2, "directory", "http://127.0.0.1:1/x", "-o", "dir/")


def test_status_of_several_files_and_of_a_directory(scene):
    url = scene.origin("--limit-rate", MiB).pattern(1, 4 * MiB, "x")
    for name in ("a", "b"):
        process = scene.start(url, "-o", name, "-x", "1")
        wait_for(lambda: os.path.exists(scene.path(f"{name}.segdl")) and scene.status(name)["claimed"] > 0, "some of it")
        process.kill()
        process.communicate()
    harness.write(scene.path("c"), b"c")
    told = scene.get("status", "a", "c").stdout
    assert "a: interrupted\n" in told and "missing:" in told and told.endswith("c: complete\n"), told
    told = scene.get("status").stdout
    assert [line.split(",")[0] for line in told.splitlines()] == ["a: interrupted", "b: interrupted"], told
    assert told.endswith(" of 4.0 MiB\n"), told
    told = scene.get("status", "none", "a", code=7)
    assert "find none: " in told.stderr and "a: interrupted\n" in told.stdout, told
    assert scene.get("status", scene.directory).stdout == f"{scene.directory}: no interrupted downloads\n"
    assert scene.get("status", scene.directory, "--json").stdout == ""
    assert "usage: segdl status NAME" in scene.get("status", url, code=2).stderr


def test_status_of_nothing_says_so(scene):
    done = scene.get("status", "nothing", code=7)
    assert "no such file" in done.stderr
    assert scene.get("--version").stdout.startswith("segdl ")
    assert "--segment-size" in scene.get("--help").stdout


def test_a_server_that_contradicts_itself_is_an_integrity_error(scene):
    data = pattern(MiB, 1)
    lies = scene.raw(lambda c, r, n: c.sendall(head("206 Partial Content", "Content-Range: bytes 5-9/10", "Content-Length: 5")
                                               + data[:5]))
    fails(scene, 6, "it answered with bytes 5-9/10", lies.url())


def test_plain_http_on_a_tls_port_is_told(scene):
    port = scene.nginx.ports["good"]
    done = scene.run(f"http://127.0.0.1:{port}/f", "--retries", "0")
    assert done.returncode in (4, 5), done.stderr  # nginx answers 400 in plain HTTP; others send a TLS alert
    alert = scene.raw(lambda c, r, n: (c.sendall(b"\x15\x03\x01\x00\x02\x02\x46"), "close")[1])
    fails(scene, 5, "speaks TLS", alert.url())


def test_silence_and_crawling_end_by_the_limits(scene):
    silent = socket.create_server(("127.0.0.1", 0))
    fails(scene, 3, "no response within 0.3 s", f"http://127.0.0.1:{silent.getsockname()[1]}/x", "--timeout", "0.3")
    silent.close()
    stalls = scene.raw(lambda c, r, n: (c.sendall(head("200 OK", "Content-Length: 100") + b"x"), harness.time.sleep(3)))
    done = scene.get(stalls.url(), "--timeout", "0.3", "--retries", "0", code=3)
    assert "nothing received for 0.3 s" in done.stderr
    done = scene.get(stalls.url(), "-o", "other", "--max-time", "0.5", "--retries", "50", code=3)
    assert "time limit" in done.stderr and "check the URL" not in done.stderr, done.stderr


def test_a_limited_speed_does_not_outlast_the_time_limit(scene):
    server = scene.raw(lambda c, r, n: c.sendall(b"".join(ranged(pattern(MiB, 1), r))))
    for connections in ("1", "4"):
        done = scene.get(server.url(), "-x", connections, "--limit-rate", "50", "--max-time", "1", code=3, timeout=30)
        assert "time limit" in done.stderr, done.stderr


if __name__ == "__main__":
    harness.main()
