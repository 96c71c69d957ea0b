"""--update: fetched only if it changed, from real servers and over real sockets."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import time

import harness
from harness import KiB, MiB, head, kill, pattern, ranged, wait_for
from real_servers import OTHERS, USUAL, installed

LARGE, SMALL = 5 * MiB + 77, 3000
HOUR = 3600
DATE = "Sun, 06 Nov 2022 08:49:37 GMT"


def age(path, seconds):
    os.utime(path, (time.time() - seconds, time.time() - seconds))


def put(scene, name, data, seconds=3 * HOUR):
    age(scene.nginx.put(name, data), seconds)


def statuses(scene):
    scene.nginx.wait_until_idle()
    return [request["status"] for request in scene.nginx.requests()]


def identity(path):
    found = os.stat(path)
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def keeps_attributes(scene):
    path = scene.path("probe")
    harness.write(path, b"x")
    try:
        os.setxattr(path, "user.segdl", b"x")
        return True
    except OSError:
        return False
    finally:
        os.remove(path)


def test_unchanged_costs_one_304_and_touches_nothing(scene):
    if not keeps_attributes(scene):
        return
    for size in (LARGE, SMALL):
        put(scene, "f", pattern(size, 1))
        for url in (scene.nginx.url("f"), scene.nginx.tls_url("f")):
            for first in ((), ("--update",)):
                for connections in ("1", "8"):
                    tls = ("--cacert", scene.nginx.certificates.ca) if url.startswith("https") else ()
                    scene.get(*first, *tls, "-x", connections, url)
                    before = identity(scene.path("f"))
                    scene.nginx.wait_until_idle()
                    scene.nginx.forget_requests()
                    done = scene.get("--update", *tls, "-x", connections, url)
                    assert done.stderr == "f: unchanged\n", done.stderr
                    assert statuses(scene) == [304], statuses(scene)
                    assert identity(scene.path("f")) == before and scene.names() == ["f"]
                    os.remove(scene.path("f"))


def test_what_a_link_leads_to_is_compared_and_the_link_replaced_by_what_has_changed(scene):
    os.mkdir(scene.path("store"))
    for size in (LARGE, SMALL):
        put(scene, "f", pattern(size, 1))
        scene.get("--update", "-d", "store", scene.nginx.url("f"))
        os.symlink("store/f", scene.path("f"))
        for known in ((), ("--checksum", "sha-256=" + hashlib.sha256(pattern(size, 1)).hexdigest())):
            assert scene.get("--update", *known, scene.nginx.url("f")).stderr == "f: unchanged\n"
            assert os.readlink(scene.path("f")) == "store/f" and scene.names() == ["f", "store"]
        put(scene, "f", pattern(size, 2), 2 * HOUR)
        assert "is a symbolic link" in scene.get("-v", "--update", scene.nginx.url("f")).stderr
        assert not os.path.islink(scene.path("f")) and harness.read(scene.path("f")) == pattern(size, 2)
        assert harness.read(scene.path("store/f")) == pattern(size, 1)
        os.unlink(scene.path("f"))
        os.unlink(scene.path("store/f"))


def test_a_change_replaces_the_file_without_waste(scene):
    for size in (LARGE, SMALL):
        for connections in ("1", "8"):
            put(scene, "f", pattern(size, 1))
            scene.get("--update", "-x", connections, scene.nginx.url("f"))
            os.chmod(scene.path("f"), 0o600)
            put(scene, "f", pattern(size, 2), 2 * HOUR)
            scene.nginx.wait_until_idle()
            scene.nginx.forget_requests()
            scene.get("--update", "-x", connections, scene.nginx.url("f"))
            scene.nginx.wait_until_idle()
            # Of several connections the first is left where another's part begins, with what its sockets hold.
            spare = 64 * KiB if connections == "1" else 4 * MiB
            assert sum(request["sent"] for request in scene.nginx.requests()) <= size + spare
            assert harness.read(scene.path("f")) == pattern(size, 2)
            assert os.stat(scene.path("f")).st_mode & 0o777 == 0o600
            assert scene.get("--update", scene.nginx.url("f")).stderr == "f: unchanged\n"
            os.remove(scene.path("f"))


def test_what_was_changed_here_is_fetched_again(scene):
    put(scene, "f", pattern(LARGE, 1))
    for change in ("a byte", "cut", "touched", "another"):
        scene.get("--update", scene.nginx.url("f"))
        if change == "another":
            os.remove(scene.path("f"))
            harness.write(scene.path("f"), pattern(LARGE, 9))
        elif change == "touched":
            os.utime(scene.path("f"))
        else:
            with open(scene.path("f"), "r+b") as file:
                if change == "cut":
                    file.truncate(LARGE - 1)
                else:
                    file.write(b"?")
        done = scene.get("--update", scene.nginx.url("f"))
        assert "unchanged" not in done.stderr, (change, done.stderr)
        assert harness.read(scene.path("f")) == pattern(LARGE, 1)


def test_another_tools_file_with_the_servers_time_is_unchanged(scene):
    put(scene, "f", pattern(LARGE, 1))
    shutil.copy2(os.path.join(scene.nginx.root, "f"), scene.path("f"))
    os.utime(scene.path("f"), (0, int(os.stat(os.path.join(scene.nginx.root, "f")).st_mtime)))
    assert scene.get("--update", scene.nginx.url("f")).stderr == "f: unchanged\n"
    os.utime(scene.path("f"), (0, int(os.stat(scene.path("f")).st_mtime) + 1))
    assert "unchanged" not in scene.get("--update", scene.nginx.url("f")).stderr


def test_an_older_version_on_the_server_is_a_change(scene):
    """Of the same size, put there with the time it was made: If-Modified-Since would be answered with 304."""
    versions = [(pattern(SMALL, 1), DATE), (pattern(SMALL, 2), "Sat, 05 Nov 2022 08:49:37 GMT")]

    def answer(connection, request, number):
        data, date = versions[0]
        assert b"If-Modified-Since" not in request
        connection.sendall(head("200 OK", f"Last-Modified: {date}", "Date: Tue, 08 Nov 2022 08:49:37 GMT", f"Content-Length: {len(data)}") + data)

    server = scene.raw(answer)
    scene.get("--update", server.url("f"))
    assert scene.get("--update", server.url("f")).stderr == "f: unchanged\n"
    versions.pop(0)
    scene.get("--update", server.url("f"))
    assert harness.read(scene.path("f")) == pattern(SMALL, 2)


def test_odd_answers_to_the_condition_never_leave_a_stale_file(scene):
    if not keeps_attributes(scene):
        return
    new = pattern(LARGE, 2)
    odd = {"412": head("412 Precondition Failed", "Content-Length: 0"), "400": head("400 Bad Request", "Content-Length: 0"),
           "304 of another": head("304 Not Modified", 'ETag: "v2"')}
    for name, first in odd.items():
        old = scene.raw(lambda connection, request, number: connection.sendall(b"".join(ranged(pattern(LARGE, 1), request))))
        port = old.socket.getsockname()[1]
        scene.get("--update", old.url("f"))
        old.stop()
        scene.servers.remove(old)

        def answer(connection, request, number):
            conditional = b"if-none-match" in request.lower()
            connection.sendall(first if conditional else b"".join(ranged(new, request, '"v2"')))

        server = scene.raw(answer, port=port)
        scene.get("--update", server.url("f"))
        assert harness.read(scene.path("f")) == new, name
        server.stop()
        scene.servers.remove(server)
        os.remove(scene.path("f"))


def test_a_half_fetched_update_goes_on_after_a_kill_and_the_old_file_stays_until_then(scene):
    put(scene, "f", pattern(LARGE, 1))
    scene.get("--update", scene.nginx.url("f"))
    put(scene, "f", pattern(LARGE, 2), 2 * HOUR)
    process = scene.start("--update", "-x", "8", "--limit-rate", "2M", scene.nginx.url("f"))
    wait_for(lambda: os.path.exists(scene.path("f.segdl")) and scene.status("f")["claimed"] > MiB, "a part of it")
    kill(process)
    assert harness.read(scene.path("f")) == pattern(LARGE, 1)
    done = scene.get("--update", "-x", "8", scene.nginx.url("f"))
    assert "reused" in done.stderr, done.stderr
    assert harness.read(scene.path("f")) == pattern(LARGE, 2) and scene.names() == ["f"]
    assert scene.get("--update", scene.nginx.url("f")).stderr == "f: unchanged\n"


def test_a_failure_leaves_the_old_file(scene):
    put(scene, "f", pattern(LARGE, 1))
    scene.get("--update", scene.nginx.url("f"))
    os.remove(os.path.join(scene.nginx.root, "f"))
    scene.get("--update", scene.nginx.url("f"), code=4)
    assert harness.read(scene.path("f")) == pattern(LARGE, 1) and scene.names() == ["f"]


def test_a_checksum_needs_no_request(scene):
    put(scene, "f", pattern(LARGE, 1))
    scene.get("--update", scene.nginx.url("f"))
    digest = subprocess.run(["sha256sum", scene.path("f")], capture_output=True, text=True, check=True).stdout.split()[0]
    scene.nginx.stop()
    scene.nginx.process.wait(10)
    done = scene.get("--update", "--checksum", f"sha-256={digest}", scene.nginx.url("f"))
    assert done.stderr == "f: unchanged\n", done.stderr


def test_a_list_of_unchanged_files_costs_a_request_each_over_few_connections(scene):
    if not keeps_attributes(scene):
        return
    count = 300
    for i in range(count):
        put(scene, f"f{i}", pattern(SMALL, i))
    harness.write(scene.path("../list"), "".join(scene.nginx.url(f"f{i}") + "\n" for i in range(count)).encode())
    scene.get("--update", "-i", "../list", "-x", "4")
    scene.nginx.wait_until_idle()
    scene.nginx.forget_requests()
    done = scene.get("--update", "-i", "../list", "-x", "4", "--json")
    scene.nginx.wait_until_idle()
    requests = scene.nginx.requests()
    assert [request["status"] for request in requests] == [304] * count
    assert len({request["connection"] for request in requests}) <= 4
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert sum(event["event"] == "done" and event["unchanged"] for event in told) == count
    assert told[-1]["unchanged"] == count and told[-1]["done"] == 0 and told[-1]["bytes"] == 0
    put(scene, "f7", pattern(SMALL, 1000), HOUR)
    done = scene.get("--update", "-i", "../list", "-x", "4")
    assert re.search(rf"^1 file: .*, {count - 1} unchanged$", done.stderr, re.M), done.stderr
    assert harness.read(scene.path("f7")) == pattern(SMALL, 1000)


def test_what_contradicts_it_is_said(scene):
    url = "http://127.0.0.1:1/f"
    for other in ("--overwrite", "--skip-existing"):
        assert "mutually exclusive" in scene.get("--update", other, url, code=2).stderr
    assert "--update: can't be combined with standard output" in scene.get("--update", "-o", "-", url, code=2).stderr
    harness.write(scene.path("../settings"), b"overwrite\n")
    put(scene, "f", pattern(SMALL, 1))
    scene.get("--update", scene.nginx.url("f"))
    assert scene.get("--config", "../settings", "--update", scene.nginx.url("f")).stderr == "f: unchanged\n"


def test_a_command_is_not_run_for_what_is_unchanged(scene):
    put(scene, "f", pattern(SMALL, 1))
    hook = scene.path("../hook")
    harness.write(hook, b"#!/bin/sh\necho ran >> ../ran\n")
    os.chmod(hook, 0o755)
    for _ in range(2):
        scene.get("--update", "--on-done", hook, scene.nginx.url("f"))
    assert harness.read(scene.path("../ran")) == b"ran\n"


def check(scene, kind):
    root = os.path.join(scene.directory, kind.__name__)
    os.mkdir(root)
    os.chmod(root, 0o755)
    server = kind(os.path.join(scene.directory, kind.__name__ + "-server"), root)
    scene.servers.append(server)
    for size in (LARGE, SMALL):
        name = f"f{size}"
        url = server.url(name)
        for seed, hours in ((1, 5), (2, 4)):
            harness.write(os.path.join(root, "upload"), pattern(size, seed))
            os.chmod(os.path.join(root, "upload"), 0o644)
            age(os.path.join(root, "upload"), hours * HOUR)
            os.rename(os.path.join(root, "upload"), os.path.join(root, name))
            if seed > 1:
                time.sleep(2.5)  # what a server keeps of the old one is over by then
            assert "unchanged" not in scene.get("--update", url).stderr
            assert harness.read(scene.path(name)) == pattern(size, seed)
            for connections in ("1", "8"):
                assert scene.get("--update", "-x", connections, url).stderr == f"{name}: unchanged\n", kind.__name__


def test_of(kind):
    def test(scene):
        if installed(kind):
            check(scene, kind)
    test.__name__ = f"test_{kind.__name__.lower()}"
    return test


for server_kind in USUAL + OTHERS[:3]:
    globals()[f"test_{server_kind.__name__.lower()}"] = test_of(server_kind)
del test_of

if __name__ == "__main__":
    harness.main()
