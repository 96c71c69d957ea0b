"""--adopt: what other tools have left, over real sockets, plain and TLS, and across kills."""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import time

import harness
from harness import KiB, MiB, kill, pattern, wait_for

SIZE = 12 * MiB + 77
PART = 8 * MiB + 1000
WHOLE = 8 * MiB  # of that, in whole segments


def served(scene, seed=1):
    data = pattern(SIZE, seed)
    scene.nginx.put("f", data)
    return data


def digest(data):
    return f"sha-256={hashlib.sha256(data).hexdigest()}"


def done_of(done):
    return [line for line in map(json.loads, done.stdout.splitlines()) if line["event"] == "done"][0]


def test_what_is_there_is_not_fetched(scene):
    data = served(scene)
    for url in (scene.nginx.url("f"), scene.nginx.tls_url("f")):
        for connections in ("1", "8"):
            tls = ("--cacert", scene.nginx.certificates.ca) if url.startswith("https") else ()
            harness.write(scene.path("part"), data[:PART])
            got = scene.get("--json", "--adopt", scene.path("part"), "--checksum", digest(data), "-x", connections, *tls, url)
            report = done_of(got)
            assert report["reused"] == WHOLE, report
            assert report["fetched"] - report["wasted"] == SIZE - WHOLE, report
            assert harness.read(scene.path("f")) == data
            assert harness.read(scene.path("part")) == data[:PART]
            assert scene.names() == ["f", "part"], scene.names()
            os.remove(scene.path("f"))


def test_another_version_costs_time_and_no_byte(scene):
    data = served(scene)
    for connections in ("1", "8"):
        harness.write(scene.path("part"), data[:MiB] + pattern(PART, 2)[MiB:])
        got = scene.get("--adopt", scene.path("part"), "--checksum", digest(data), "-x", connections, scene.nginx.url("f"))
        assert "does not have this checksum" in got.stderr, got.stderr
        assert harness.read(scene.path("f")) == data
        os.remove(scene.path("f"))


def test_gaps_of_a_tool_with_many_connections(scene):
    data = served(scene)
    for holes in (True, False):
        with open(scene.path("part"), "wb") as file:
            file.truncate(SIZE) if holes else file.write(bytes(SIZE))
            for begin, end in ((0, 2 * MiB + 100), (4 * MiB, 5 * MiB + 9000), (8 * MiB, 11 * MiB + 50000)):
                file.seek(begin)
                file.write(data[begin:end])
        got = scene.get("--json", "--adopt", scene.path("part"), "--checksum", digest(data), scene.nginx.url("f"))
        assert harness.read(scene.path("f")) == data
        assert done_of(got)["reused"] > 5 * MiB, got.stdout
        os.remove(scene.path("f"))


def written(path):
    """Of a file that may be full of zeros."""
    data = harness.read(path)
    return sum(64 * KiB for at in range(0, len(data), 64 * KiB) if any(data[at:at + 64]))


def test_what_real_tools_leave(scene):
    data = served(scene)
    url = scene.nginx.url("f", rate=2048)
    calls = {"curl": ("curl", "-so", "part", url), "wget": ("wget", "-qO", "part", url),
             "aria2c": ("aria2c", "-q", "-x4", "-s4", "-k1M", "-o", "part", url)}
    for tool, call in calls.items():
        if shutil.which(tool) is None:
            continue
        process = subprocess.Popen(call, cwd=scene.path("."))
        part = scene.path("part")
        wait_for(lambda: os.path.exists(part) and written(part) > 3 * MiB, tool)
        process.send_signal(signal.SIGTERM)
        process.wait()
        before = harness.read(part)
        got = scene.get("--json", "--adopt", part, "--checksum", digest(data), scene.nginx.url("f"))
        assert harness.read(scene.path("f")) == data
        assert harness.read(part) == before
        assert done_of(got)["reused"] > MiB, (tool, got.stdout)
        for name in scene.names():
            os.remove(scene.path(name))


def test_the_output_itself(scene):
    data = served(scene)
    harness.write(scene.path("f"), data[:PART])
    os.chmod(scene.path("f"), 0o600)
    report = done_of(scene.get("--json", "--adopt", scene.path("f"), "--checksum", digest(data), scene.nginx.url("f")))
    assert report["reused"] == WHOLE, report
    assert harness.read(scene.path("f")) == data and scene.names() == ["f"]
    assert os.stat(scene.path("f")).st_mode & 0o777 == 0o600
    done = scene.get("--adopt", scene.path("f"), "--checksum", digest(data), scene.nginx.url("f"))
    assert done.stderr == "f: unchanged\n", done.stderr
    # A checksum that is wrong leaves it, and what had come.
    harness.write(scene.path("f"), data[:PART])
    scene.get("--adopt", scene.path("f"), "--checksum", digest(b""), scene.nginx.url("f"), code=6)
    assert harness.read(scene.path("f")) == data[:PART]
    report = done_of(scene.get("--json", "--adopt", scene.path("f"), "--checksum", digest(data), scene.nginx.url("f")))
    assert report["fetched"] == 0, report
    assert harness.read(scene.path("f")) == data and scene.names() == ["f"]


def test_who_wants_to_continue_is_told_how(scene):
    data = served(scene)
    for name, words in (("f", "--adopt FILE"), ("f.part", "--adopt FILE")):
        harness.write(scene.path(name), data[:PART])
        for call in (("-c",), ("-C", "-"), ("--continue",)):
            assert words in scene.get(*call, scene.nginx.url("f"), code=10).stderr
        assert words not in scene.get(scene.nginx.url("f"), code=10).stderr
        os.remove(scene.path(name))
    # What is whole is nothing to continue, as the journal that is left beside it shows, though its URL is another one.
    scene.nginx.put("g", data)
    with scene.start("--limit-rate", "8M", "-x", "1", "-o", "f", scene.nginx.url("f")) as first:
        wait_for(lambda: os.path.exists(scene.path("f.segdl")), "a journal")
        os.link(scene.path("f.segdl"), scene.path("kept"))
        assert first.wait(harness.TIMEOUT) == 0, first.stderr.read()
    os.rename(scene.path("kept"), scene.path("f.segdl"))
    assert scene.status("f")["state"] == "complete"
    whole = scene.get("-c", "-o", "f", scene.nginx.url("g"), code=10).stderr
    assert "fetched whole from" in whole and "--adopt" not in whole, whole
    os.remove(scene.path("f"))
    for name in ("f", "f.part"):  # what nobody can continue
        os.mkdir(scene.path(name))
        assert "--adopt" not in scene.get("-c", scene.nginx.url("f"), code=10).stderr
        os.rmdir(scene.path(name))


def test_kills_while_it_is_adopted_and_after(scene):
    data = served(scene)
    for seed in (1, 2):
        part = pattern(SIZE, seed)[:PART]
        for connections in ("1", "8"):
            for again in ("named", "not named", "no checksum"):
                for after in (0, 0.02, 0.05, 0.1, 0.3):
                    harness.write(scene.path("part"), part)
                    call = ("--adopt", scene.path("part"), "--checksum", digest(data), "-x", connections)
                    process = scene.start(*call, scene.nginx.url("f", rate=2048))
                    wait_for(lambda: "f.part" in scene.names() or process.poll() is not None, "its data")
                    time.sleep(after)
                    kill(process)
                    rest = {"named": call, "not named": call[2:], "no checksum": call[4:]}[again]
                    if "f" not in scene.names():
                        scene.get(*rest, scene.nginx.url("f"))
                    assert harness.read(scene.path("f")) == data
                    assert harness.read(scene.path("part")) == part
                    assert scene.names() == ["f", "part"], scene.names()
                    os.remove(scene.path("f"))


def test_status_counts_what_was_adopted(scene):
    data = served(scene)
    harness.write(scene.path("part"), data[:PART])
    process = scene.start("--adopt", scene.path("part"), "--checksum", digest(data), scene.nginx.url("f", rate=64))
    wait_for(lambda: "f.segdl" in scene.names() and (scene.status("f").get("claimed") or 0) >= WHOLE, "claims")
    kill(process)
    assert scene.status("f")["claimed"] >= WHOLE


def test_what_it_can_not_be_a_part_of(scene):
    data = served(scene)
    url = scene.nginx.url("f")
    part = scene.path("part")
    harness.write(part, data[:PART])
    os.mkdir(scene.path("directory"))
    os.mkfifo(scene.path("fifo"))
    os.symlink("part", scene.path("link"))
    harness.write(scene.path("empty"), b"")
    harness.write(scene.path("f.part"), data[:PART])
    known = ("--checksum", digest(data))
    for words, call in (("requires --checksum", ("--adopt", part, url)),
                        ("several", ("--adopt", part, "--checksum", "@SUMS", url, url + "2")),
                        ("several", ("--adopt", part, "--checksum", "@SUMS", "-i", "list")),
                        ("standard output", ("--adopt", part, *known, "-o", "-", url)),
                        ("no regular file", ("--adopt", part, *known, "-o", "/dev/null", url)),
                        ("directory", ("--adopt", scene.path("directory"), *known, url)),
                        ("not a regular file", ("--adopt", scene.path("fifo"), *known, url)),
                        ("link", ("--adopt", scene.path("link"), *known, url)),
                        ("not a regular file", ("--adopt", "/dev/zero", *known, url)),
                        ("empty", ("--adopt", scene.path("empty"), *known, url)),
                        ("No such file", ("--adopt", scene.path("absent"), *known, url)),
                        ("it is the output", ("--adopt", part, *known, "--skip-existing", "-o", "part", url)),
                        ("itself writes", ("--adopt", scene.path("f.part"), *known, "--overwrite", url))):
        harness.write(scene.path("SUMS"), f"{hashlib.sha256(data).hexdigest()}  f\n".encode())
        before = scene.names()
        got = scene.get(*call, code=2)
        assert words in got.stderr, (words, got.stderr)
        assert scene.names() == before, (words, scene.names())


harness.main()
