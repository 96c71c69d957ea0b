"""Through real proxies, plain and by tunnels; which requests go through one; and one family of addresses only."""
import os
import socket
import tempfile
import time
import urllib.request

import harness
from harness import MiB, free_port, head, kill, ranged, read, wait_for
from measure import most_at_once
from proxies import Microsocks, Squid, Tinyproxy

SIZE = 16 * MiB


def start(scene, kind, **options):
    scene.servers.append(kind(tempfile.mkdtemp(dir=scene.directory), **options))
    return scene.servers[-1]


def origins(scene, *arguments):
    """A plain origin and a secure one, and how to trust the latter."""
    tls = os.path.join(scene.directory, f"tls{len(scene.servers)}")
    return ((scene.origin("--size", SIZE, *arguments), ()),
            (scene.origin("--size", SIZE, "--tls", tls, *arguments), ("--cacert", os.path.join(tls, "ca.pem"))))


def environment(**variables):
    return {**os.environ, **variables}


def test_eight_connections_through_each_proxy_plain_and_in_tunnels(scene):
    for kind in (Tinyproxy, Squid):
        for origin, trust in origins(scene, "--limit-rate", 2 * MiB):
            proxy = start(scene, kind)
            scene.get("-q", "-o", "f", "-x", "8", "--proxy", f"http://{proxy.address}", origin.url, *trust)
            assert read(scene.path("f")) == scene.content(1, SIZE)
            os.unlink(scene.path("f"))
            proxy.finish()  # with it go the connections that it keeps
            origin.wait_until_idle()
            requests = origin.requests()
            most = most_at_once(requests)
            asked = proxy.asked()
            print(f"{kind.__name__} {origin.url[:5]}: {len(requests)} requests, at most {most} at once, {len(asked)} asked of the proxy")
            assert 4 <= most <= 11, most  # one that was cut may still be there when its successor asks
            wanted = ("CONNECT", origin.url.split("/")[2]) if trust else ("GET", origin.url)
            assert set(asked) == {wanted}, asked


def test_the_proxys_credentials_go_to_it_and_no_further(scene):
    proxy = start(scene, Tinyproxy, password="pa55")
    for origin, trust in origins(scene):
        secrets = ("-u", "me:origin-secret")
        done = scene.get("--proxy", proxy.address, origin.url, *trust, *secrets, code=4)
        assert f"the proxy {proxy.address} answered 407" in done.stderr and "http://NAME:PASS@" in done.stderr, done.stderr
        assert scene.names() == []
        scene.get("-q", "-o", "f", origin.url, *trust, *secrets,
                  env=environment(all_proxy=f"http://user:pa55@{proxy.address}"))
        assert read(scene.path("f")) == scene.content(1, SIZE)
        os.unlink(scene.path("f"))
        origin.wait_until_idle()
        requests = sorted(origin.requests(), key=lambda request: request["begun"])  # the log has them as they ended
        for request in requests:
            assert "Proxy-Authorization" not in request["fields"], request
        told = ["Authorization" in request["fields"] for request in requests]
        assert all(told[1:]) and told[0] == bool(trust), told  # in clear it is not told before it is known what the origin asks for
    origin, trust = origins(scene)[1]
    done = scene.get("--proxy", f"http://user:wrong@{proxy.address}", origin.url, *trust, code=4)
    assert "wrong" not in done.stderr and "the proxy" in done.stderr, done.stderr
    scene.get("-H", "Proxy-Authorization: Basic x", origin.url, *trust, code=2)  # a header goes to the origin


def test_eight_connections_through_socks_plain_and_with_tls_and_a_kill(scene):
    proxy = start(scene, Microsocks, password="pa55")
    first = socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)[0][4][0]  # this proxy tries no other
    family = ("--ipv6",) if ":" in first else ()
    for scheme in ("socks5h", "socks5", "socks"):
        for origin, trust in origins(scene, "--limit-rate", 2 * MiB, *family):
            url = origin.url.replace("127.0.0.1", "localhost").replace("[::1]", "localhost")
            command = ("-o", "f", "-x", "8", url, *trust, "--proxy", f"{scheme}://user:pa55@{proxy.address}")
            process = scene.start(*command)
            wait_for(lambda: os.path.exists(scene.path("f.segdl")) and scene.status("f").get("claimed", 0) > MiB, "some of it")
            kill(process)
            done = scene.get(*command)
            assert "reused" in done.stderr, done.stderr
            assert read(scene.path("f")) == scene.content(1, SIZE)
            os.unlink(scene.path("f"))
            origin.wait_until_idle()
            assert 4 <= most_at_once(origin.requests()) <= 11
    origin, trust = origins(scene)[1]
    for url, words in ((origin.url, trust), (origins(scene)[0][0].url, ())):
        for wrong, way_out in (("user:wrong@", "check the name and password"), ("", "socks5h://NAME:PASS@")):
            done = scene.get("--proxy", f"socks5h://{wrong}{proxy.address}", url, *words, code=4)
            assert way_out in done.stderr and "wrong" not in done.stderr, done.stderr
        scene.get("-q", "-o", "f", "--overwrite", url, *words, env=environment(all_proxy=f"socks5h://user:pa55@{proxy.address}"))
        assert read(scene.path("f")) == scene.content(1, SIZE)
    nobody = scene.get("--retries", "0", "-o", "none", "--proxy", f"socks5h://user:pa55@{proxy.address}", f"http://127.0.0.1:{free_port()}/f", code=3)
    assert "could not connect: connection refused" in nobody.stderr, nobody.stderr


def test_the_process_list_shows_no_password(scene):
    server = scene.raw(lambda connection, request, number: "close" if request.startswith(b"CONNECT") else None)
    for words in (("--proxy", f"http://user:pa55@127.0.0.1:{server.port}"), (f"--proxy=user:pa55@127.0.0.1:{server.port}",)):
        before = server.count
        process = scene.start("https://origin.test/f", "--retries", "9", *words)
        wait_for(lambda: server.count > before, "the proxy to be asked")
        shown = read(f"/proc/{process.pid}/cmdline")
        assert b"pa55" not in shown and b"@127.0.0.1:" in shown, shown
        kill(process)


def test_a_kill_in_a_tunnel_and_the_same_command_again(scene):
    proxy = start(scene, Squid)
    origin, trust = origins(scene, "--limit-rate", 2 * MiB)[1]
    command = (origin.url, "-o", "f", "-x", "4", *trust, "--proxy", proxy.address)
    process = scene.start(*command)
    wait_for(lambda: os.path.exists(scene.path("f.segdl")) and scene.status("f").get("claimed", 0) > MiB, "some of it")
    kill(process)
    kept = scene.status("f")["claimed"]
    done = scene.get(*command)
    assert "reused" in done.stderr, done.stderr
    assert read(scene.path("f")) == scene.content(1, SIZE)
    print(f"{kept} bytes kept")


def test_a_file_that_changed_behind_a_cache_is_never_mixed(scene):
    old, new = harness.pattern(4 * MiB, 1), harness.pattern(4 * MiB, 2)
    os.utime(scene.nginx.put("f", old), (1e9, 1e9))  # old enough for a cache to keep it
    url = scene.nginx.url("f")
    cache = start(scene, Squid)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": cache.address}))
    assert opener.open(url, timeout=30).read() == old
    scene.nginx.put("f", new)
    scene.get("-q", "-o", "kept", "--proxy", cache.address, url)
    assert read(scene.path("kept")) == old  # which the cache may give, and gives whole
    process = scene.start(url, "-o", "f", "--limit-rate", "1M", "--proxy", cache.address)
    wait_for(lambda: os.path.exists(scene.path("f.segdl")) and scene.status("f").get("claimed", 0) > 0, "some of it")
    kill(process)
    done = scene.get("-o", "f", "--proxy", start(scene, Squid).address, url)  # this one knows nothing yet
    assert read(scene.path("f")) == new
    assert "changed" in done.stderr, done.stderr


def test_what_is_exempt_goes_straight(scene):
    proxy = start(scene, Tinyproxy)
    origin = origins(scene)[0][0]
    for exempt in ("127.0.0.0/8", "localhost,127.0.0.1", f"127.0.0.1:{origin.url.split(':')[2].split('/')[0]}", "*"):
        for variables in ({"http_proxy": proxy.address, "no_proxy": exempt}, {"ALL_PROXY": proxy.address, "NO_PROXY": exempt}):
            scene.get("-q", "-o", "f", "--overwrite", origin.url, env=environment(**variables))
    scene.get("-q", "-o", "f", "--overwrite", "--proxy", "", origin.url, env=environment(http_proxy=proxy.address))
    scene.get("-q", "-o", "f", "--overwrite", origin.url, env=environment(HTTP_PROXY=proxy.address))
    assert proxy.asked() == []
    scene.get("-q", "-o", "f", "--overwrite", origin.url, env=environment(http_proxy=proxy.address, no_proxy="127.0.0.2"))
    assert set(proxy.asked()) == {("GET", origin.url)}, proxy.asked()


def test_what_is_no_proxy_is_told(scene):
    nobody = f"127.0.0.1:{free_port()}"
    for url in ("http://origin.test/f", "https://origin.test/f"):
        done = scene.get("--retries", "0", "--proxy", nobody, url, code=3)
        assert f"connect to the proxy {nobody}: Connection refused" in done.stderr, done.stderr
        for unfit in ("socks4://user:pa55@127.0.0.1:1", "ftp://user:pa55@127.0.0.1:1", "http://user:pa55@127.0.0.1:x"):
            done = scene.get("--proxy", unfit, url, code=2)
            assert "pa55" not in done.stderr and "http://HOST:PORT" in done.stderr, done.stderr
        for none in ("off", "none", "direct"):
            done = scene.get(url, code=2, env=environment(all_proxy=none))
            assert f"use the proxy {none}: " in done.stderr and "--proxy ''" in done.stderr, done.stderr
        done = scene.get("--retries", "0", "--proxy", "127.0.0.1", url, code=3)
        assert "127.0.0.1:1080: Connection refused" in done.stderr and "names no port, which means 1080" in done.stderr, done.stderr
        done = scene.get("--retries", "0", "--proxy", f"http://{start(scene, Microsocks, password='p').address}", url, code=3)
        assert "speaks SOCKS, not HTTP" in done.stderr and "socks5h://" in done.stderr, done.stderr
        done = scene.get("--retries", "0", "--proxy", f"socks5://{start(scene, Squid).address}", url.replace("origin.test", "127.0.0.1"),
                         "--connect-timeout", "2", code=3)
        assert "speaks HTTP, not SOCKS5" in done.stderr or "wrong port or scheme" in done.stderr, done.stderr
    done = scene.get("--proxy", f"127.0.0.1:{scene.nginx.port}", "https://origin.test/f", code=4)
    assert "the proxy" in done.stderr and "answered 4" in done.stderr, done.stderr
    done = scene.get("--proxy", f"127.0.0.1:{scene.nginx.ports['good']}", "https://origin.test/f", code=4)  # its port for TLS
    assert scene.names() == []


def test_a_portal_in_place_of_the_proxy_keeps_what_has_arrived(scene):
    data = harness.pattern(3 * MiB, 3)
    portal = []

    def serve(connection, request, number):
        if portal:
            connection.sendall(head("200 OK", "Content-Type: text/html", "Content-Length: 6") + b"<html>")
            return "close"
        answer, body = ranged(data, request)
        connection.sendall(answer + body[:MiB])
        portal.append(number)
        return "close"

    proxy = scene.raw(serve)
    command = ("http://origin.test/f", "-x", "1", "--retries", "1", "--proxy", f"127.0.0.1:{proxy.port}")
    done = scene.run(*command)
    assert done.returncode in (3, 6, 8), done.stderr
    kept = scene.status("f")["claimed"]
    assert kept > 0
    proxy.handler = lambda connection, request, number: connection.sendall(b"".join(ranged(data, request)))
    done = scene.get(*command)
    assert "reused" in done.stderr, done.stderr
    assert read(scene.path("f")) == data


def test_an_international_host_typed_and_in_a_location(scene):
    data = harness.pattern(6 * MiB, 4)
    stuck = []

    def serve(connection, request, number):
        lines = request.split(b"\r\n")
        if b"://xn--bcher-kva.example/" in lines[0]:
            connection.sendall(head("302 Found", "Location: //M\xfcller.example/f", "Content-Length: 0").replace(b"\xfc", "\xfc".encode()))
            return None
        assert lines[0].startswith(b"GET http://xn--mller-kva.example/f ") and b"Host: xn--mller-kva.example" in lines, request
        answer, body = ranged(data, request)
        if stuck:
            if len(stuck) > 1:
                time.sleep(1)  # until what the first one was sent is claimed
            connection.sendall(b"" if len(stuck) > 1 else answer + body[:MiB])
            stuck.append(True)
            return "close"
        connection.sendall(answer + body)
        return None

    proxy = scene.raw(serve)
    for connections in ("1", "8"):
        stuck.append(True)
        command = ("-v", "http://B\u00fccher.example/f", "-x", connections, "--retries", "0", "--overwrite", "--proxy", f"127.0.0.1:{proxy.port}")
        failed = scene.run(*command)
        assert failed.returncode != 0 and "m\u00fcller.example/f" in failed.stderr, failed.stderr
        stuck.clear()
        assert scene.status("f")["claimed"] > 0
        done = scene.get(*command)
        assert "reused" in done.stderr, done.stderr
        assert read(scene.path("f")) == data
    done = scene.run("http://\u0430\u0440\u0440\u04cf\u0435.example/g", "--retries", "0", "--proxy", f"127.0.0.1:{free_port()}")
    assert "xn--80ak6aa92e.example" in done.stderr or "the proxy" in done.stderr, done.stderr
    assert "h\uff0fx" in scene.get("http://h\uff0fx.example/", code=2).stderr


def test_one_family_of_addresses(scene):
    def answer(text):
        return lambda connection, request, number: connection.sendall(b"".join(ranged(text, request)))

    four = scene.raw(answer(b"four"))
    scene.get("-q", "-4", "-o", "four", f"http://localhost:{four.port}/f")
    scene.get("-q", "--ipv4", "-o", "again", four.url())
    assert read(scene.path("four")) == read(scene.path("again")) == b"four"
    done = scene.get("-6", "-o", "none", four.url(), code=3)
    assert "no IPv6 address" in done.stderr and "-6" in done.stderr, done.stderr
    try:
        six = harness.RawServer(answer(b"six"), family=socket.AF_INET6)
    except OSError as error:
        print(f"this machine has no ::1 ({error}): -6 is tested by what it refuses only")
        return
    scene.servers.append(six)
    scene.get("-q", "-6", "-o", "six", f"http://[::1]:{six.port}/f")
    assert read(scene.path("six")) == b"six"
    done = scene.get("-4", "-o", "none", f"http://[::1]:{six.port}/f", code=3)
    assert "no IPv4 address" in done.stderr, done.stderr
    scene.get("-46", "-o", "none", four.url(), code=2)


if __name__ == "__main__":
    harness.main()
