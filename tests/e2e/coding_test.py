"""Content-Encoding that nobody has asked for: kept as it came, and never half of one and half of another."""
import gzip
import json
import os
import threading

import harness
from harness import MiB, head, pattern, ranged

PLAIN = pattern(6 * MiB + 77, 3)
CODED = gzip.compress(pattern(8 * MiB, 4), 1)  # another size, and no byte where PLAIN has it


def chunked(body):
    return b"".join(b"%x\r\n%s\r\n" % (len(body[at:at + 50_000]), body[at:at + 50_000]) for at in range(0, len(body), 50_000)) + b"0\r\n\r\n"


def stored(data, coding, etag='"v1"'):
    """A handler that serves ranges of what is stored coded so."""
    def handler(connection, request, number):
        top, body = ranged(data, request, etag)
        connection.sendall(coded_head(top, *coding) + body)
    return handler


def coded_head(top, *coding):
    return top[:-2] + b"".join(b"Content-Encoding: %s\r\n" % one.encode() for one in coding) + b"\r\n"


def killed_run(scene, data, coding, *arguments, name="f"):
    """One that has claimed something. Its server, so that the same URL can go on."""
    over = threading.Event()

    def handler(connection, request, number):
        top, body = ranged(data, request)
        connection.sendall(coded_head(top, *coding) + body[:700_000])
        over.wait(harness.TIMEOUT if len(body) > 700_000 else 0)

    server = scene.raw(handler)
    process = scene.start(server.url(name), *arguments)
    harness.wait_for(lambda: claimed(scene, name) > 0, "claims")
    harness.kill(process)
    over.set()
    return server


def clear(scene):
    for name in scene.names():
        os.unlink(scene.path(name))


def claimed(scene, name):
    done = scene.run("status", name, "--json")
    return json.loads(done.stdout)["claimed"] if done.returncode == 0 else 0


def end_of(done):
    """The `done` object of what --json has printed."""
    return next(event for event in map(json.loads, done.stdout.splitlines()) if event["event"] == "done")


def test_what_names_no_coding_is_no_coding(scene):
    for words in (["none"], ["utf-8"], ["aws-chunked"], ["aws-chunked", "identity"], [""], ["binary"]):
        for connections in ("1", "8"):
            done = scene.get(scene.raw(stored(PLAIN, words)).url("f"), "-x", connections, "--json", "--overwrite")
            end = end_of(done)
            assert end["coding"] is None and end["notes"] == [] and end["verified_to"] == "strong_validator", end
            assert harness.read(scene.path("f")) == PLAIN


def test_what_is_stored_coded_is_kept_and_continued_after_a_kill(scene):
    for connections in ("1", "8"):
        server = killed_run(scene, CODED, ["gzip"], "-x", connections, name="data.json")
        assert scene.status("data.json")["coding"] == "gzip"
        server.handler = stored(CODED, ["aws-chunked", "x-gzip"])
        done = scene.get(server.url("data.json"), "-x", connections, "--json")
        end = end_of(done)
        assert end["coding"] == "gzip" and any("content coding gzip" in note for note in end["notes"]), end
        assert harness.read(scene.path("data.json")) == CODED and scene.names() == ["data.json"], scene.names()
        clear(scene)


def test_a_compressed_file_that_the_server_calls_so_by_its_name(scene):
    server = scene.raw(stored(PLAIN, ["x-gzip"], etag='W/"v1"'))
    done = scene.get(server.url("f.tar.gz"), "-x", "4")
    assert "as its name does" in done.stderr and harness.read(scene.path("f.tar.gz")) == PLAIN, done.stderr


def test_gzip_under_the_etag_of_the_file_is_never_joined_with_it(scene):
    # In a run: every other answer, or all but the first; between runs: all. By ranges, or compressed on its way.
    for connections in ("1", "8"):
        for when in (lambda number: number % 2 == 0, lambda number: number > 1):
            for way in (lambda r: ranged(CODED, r), lambda r: (head("200 OK", "Transfer-Encoding: chunked", 'ETag: "v1"'), chunked(CODED))):
                def handler(connection, request, number):
                    top, body = way(request) if when(number) else ranged(PLAIN, request)
                    connection.sendall(top[:-2] + (b"Content-Encoding: gzip\r\n" if when(number) else b"") + b"\r\n" + body)

                done = scene.run(scene.raw(handler).url("f"), "-x", connections, "--retries", "2", "--overwrite")
                assert done.returncode == 6 or harness.read(scene.path("f")) in (PLAIN, CODED), done.stderr
                clear(scene)


def test_a_resume_that_meets_another_coding_keeps_what_is_here(scene):
    for connections in ("1", "8"):
        server = killed_run(scene, PLAIN, [], "-x", connections)
        before = claimed(scene, "f")
        server.handler = stored(CODED, ["gzip"])
        done = scene.get(server.url("f"), "-x", connections, "--retries", "1", code=6)
        assert "--no-resume" in done.stderr and "content coding" in done.stderr, done.stderr
        assert claimed(scene, "f") == before
        server.handler = stored(PLAIN, [])
        scene.get(server.url("f"), "-x", connections)
        assert harness.read(scene.path("f")) == PLAIN
        clear(scene)


def test_another_etag_with_the_other_coding_is_a_new_version(scene):
    for connections in ("1", "8"):
        server = killed_run(scene, PLAIN, [], "-x", connections)
        server.handler = stored(CODED, ["gzip"], etag='"v2"')
        scene.get(server.url("f"), "-x", connections)
        assert harness.read(scene.path("f")) == CODED and scene.names() == ["f"]
        clear(scene)


def test_what_is_compressed_on_its_way_comes_in_one_piece(scene):
    def handler(connection, request, number):
        body = chunked(gzip.compress(PLAIN, 1 if number % 2 else 2, mtime=number))
        connection.sendall(head("200 OK", "Transfer-Encoding: chunked", "Content-Encoding: gzip", 'ETag: "v1"'))
        connection.sendall(body[:len(body) // 2] if number < 3 else body)
        return "close" if number < 3 else None

    for connections in ("1", "8"):
        scene.get(scene.raw(handler).url("f"), "-x", connections, "--overwrite")
        assert gzip.decompress(harness.read(scene.path("f"))) == PLAIN


if __name__ == "__main__":
    harness.main()
