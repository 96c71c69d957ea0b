"""Content-Encoding that nobody has asked for: kept as it came, and never half of one and half of another."""
import ctypes
import gzip
import json
import os
import resource
import subprocess
import threading
import zlib

import harness
from harness import BINARY, MiB, head, pattern, ranged
from measure import peak_anon

PLAIN = pattern(6 * MiB + 77, 3)
CODED = gzip.compress(pattern(8 * MiB, 4), 1)  # another size, and no byte where PLAIN has it


TEXT = b"".join(b"%d: %s\n" % (n, b"some words " * (n % 7)) for n in range(160_000))  # compresses, and is 6 MiB


def brotli(data):
    library = ctypes.CDLL("libbrotlienc.so.1")
    size = ctypes.c_size_t(library.BrotliEncoderMaxCompressedSize(ctypes.c_size_t(len(data))))
    out = ctypes.create_string_buffer(size.value)
    assert library.BrotliEncoderCompress(5, 22, 0, ctypes.c_size_t(len(data)), data, ctypes.byref(size), out)
    return out.raw[:size.value]


def zstd(data, level=3, window=None):
    """One frame, with a checksum of its content, and with a window of so many bits."""
    library = ctypes.CDLL("libzstd.so.1")
    for function in (library.ZSTD_createCCtx, library.ZSTD_compressBound, library.ZSTD_compress2):
        function.restype = ctypes.c_size_t if function is not library.ZSTD_createCCtx else ctypes.c_void_p
    context = ctypes.c_void_p(library.ZSTD_createCCtx())
    for parameter, value in ((100, level), (201, 1), (101, window), (200, 0 if window else 1)):
        if value is not None:
            library.ZSTD_CCtx_setParameter(context, parameter, value)
    bound = library.ZSTD_compressBound(ctypes.c_size_t(len(data))) if window is None else len(data) + MiB
    out = ctypes.create_string_buffer(bound)
    size = library.ZSTD_compress2(context, out, ctypes.c_size_t(bound), data, ctypes.c_size_t(len(data)))
    library.ZSTD_freeCCtx(context)
    return out.raw[:size]


def raw_deflate(data):
    made = zlib.compressobj(6, zlib.DEFLATED, -15)
    return made.compress(data) + made.flush()


def gzip_members(data):
    return b"".join(gzip.compress(data[at:at + 999_999]) for at in range(0, len(data), 999_999))


CODINGS = {"gzip": gzip.compress, "x-gzip": gzip_members, "deflate": zlib.compress, "Deflate": raw_deflate, "br": brotli, "zstd": zstd,
           "aws-chunked, gzip": lambda data: gzip.compress(data) + bytes(1000), "gzip, br": lambda data: brotli(gzip.compress(data)),
           "deflate, gzip, zstd": lambda data: zstd(gzip.compress(raw_deflate(data)))}


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


# --decode.


def decoded(scene, server, *arguments, name="data.json"):
    done = scene.get(server.url(name), "--decode", "--json", *arguments)
    return end_of(done)


def test_each_coding_is_undone(scene):
    for coding, encode in CODINGS.items():
        for content in (TEXT, TEXT[:3000], b"", b"x"):
            coded = encode(content)
            for connections in ("1", "8"):
                end = decoded(scene, scene.raw(stored(coded, [coding])), "-x", connections)
                assert harness.read(scene.path("data.json")) == content, (coding, len(content))
                assert (end["total"], end["fetched"], end["decoded"]) == (len(coded), len(coded), len(content)), end
                assert scene.names() == ["data.json"] and "decoded" in " ".join(end["notes"]), (scene.names(), end)
                clear(scene)


def test_what_is_compressed_on_its_way_is_undone_and_so_is_an_empty_body(scene):
    for body in (gzip.compress(TEXT), b""):
        def handler(connection, request, number):
            connection.sendall(head("200 OK", "Transfer-Encoding: chunked", "Content-Encoding: gzip", 'ETag: "v1"') + chunked(body))

        end = decoded(scene, scene.raw(handler))
        assert harness.read(scene.path("data.json")) == (TEXT if body else b"") and end["total"] == len(body), end
        clear(scene)


def test_a_name_that_has_the_coding_keeps_it(scene):
    coded = gzip.compress(TEXT)
    server = scene.raw(stored(coded, ["gzip"]))
    assert decoded(scene, server, name="f.tar.gz")["decoded"] is None
    assert decoded(scene, server, "-o", "f.tar", name="f.tar.gz")["decoded"] == len(TEXT)
    assert harness.read(scene.path("f.tar.gz")) == coded and harness.read(scene.path("f.tar")) == TEXT
    end = decoded(scene, scene.raw(stored(brotli(coded), ["gzip", "br"])), "-o", "g.gz")
    assert end["decoded"] == len(coded) and harness.read(scene.path("g.gz")) == coded


def test_without_a_coding_it_does_nothing(scene):
    assert decoded(scene, scene.raw(stored(CODED, [])), name="f")["decoded"] is None
    assert harness.read(scene.path("f")) == CODED


def test_what_cannot_be_decoded_publishes_nothing_and_loses_nothing(scene):
    whole = gzip.compress(TEXT)
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    bad = {"cut": whole[:-100], "cut in its trailer": whole[:-1], "flipped": bytes(flipped), "with a wrong checksum": whole[:-5] + b"x" + whole[-4:],
           "followed by something": whole + b"more", "followed by half a member": whole + whole[:50], "plain": TEXT, "zeros and then more": whole + bytes(9) + whole}
    cases = [(words, "gzip", data) for words, data in bad.items()]
    cases += [("cut", "br", brotli(TEXT)[:-9]), ("followed", "br", brotli(TEXT) + b"x"), ("cut", "zstd", zstd(TEXT)[:-9]), ("followed", "zstd", zstd(TEXT) + b"xxxx"),
              ("cut", "deflate", raw_deflate(TEXT)[:-9]), ("followed", "deflate", zlib.compress(TEXT) + b"x"), ("plain", "br", PLAIN), ("plain", "zstd", TEXT)]
    for words, coding, data in cases:
        for sizes in ((), ("--segment-size", "16K")):
            for serve in (stored(data, [coding]), lambda c, r, n: c.sendall(head("200 OK", "Transfer-Encoding: chunked", f"Content-Encoding: {coding}") + chunked(data))):
                server = scene.raw(serve)
                done = scene.get(server.url("f"), "--decode", *sizes, code=6)
                assert coding in done.stderr and "without --decode" in done.stderr, (words, done.stderr)
                assert scene.names() == ["f.part", "f.segdl"], (words, scene.names())
                before = server.count
                scene.get(server.url("f"), *sizes)  # as it was sent, and not fetched again
                assert harness.read(scene.path("f")) == data and server.count == before and scene.names() == ["f"], (words, scene.names())
                clear(scene)


def test_an_unknown_coding_is_named_before_anything_is_fetched(scene):
    for coding in ("compress", "unknown", "gzip, gzip, gzip, gzip"):
        server = scene.raw(stored(PLAIN, [coding]))
        done = scene.get(server.url("f"), "--decode", code=6)
        assert coding in done.stderr and "without --decode" in done.stderr and scene.names() == [], done.stderr
        scene.get(server.url("f"))
        clear(scene)


def test_pipes_and_standard_output_get_the_content_on_the_way(scene):
    for coding, encode in CODINGS.items():
        server = scene.raw(stored(encode(TEXT), [coding]))
        done = subprocess.run([BINARY, "--decode", "-o", "-", server.url("f")], capture_output=True, check=True)
        assert done.stdout == TEXT, coding
    cut = scene.raw(stored(gzip.compress(TEXT)[:-9], ["gzip"]))
    assert subprocess.run([BINARY, "--decode", "-o", "-", cut.url("f")], capture_output=True).returncode == 6


def test_the_checksum_is_of_what_was_sent(scene):
    coded = gzip.compress(TEXT)
    server = scene.raw(stored(coded, ["gzip"]))
    scene.get(server.url("f"), "--decode", "--checksum", f"sha-256={harness.hashlib.sha256(coded).hexdigest()}")
    assert harness.read(scene.path("f")) == TEXT
    done = scene.get(server.url("g"), "--decode", "--checksum", f"sha-256={harness.hashlib.sha256(TEXT).hexdigest()}", code=6)
    assert "g" not in scene.names() and "as it was sent" in done.stderr, done.stderr


def test_a_resume_after_a_kill_decodes_what_both_runs_have_fetched(scene):
    coded = gzip.compress(pattern(9 * MiB, 5), 1)
    for connections in ("1", "8"):
        for before in ((), ("--decode",)):
            server = killed_run(scene, coded, ["gzip"], "-x", connections, *before)
            server.handler = stored(coded, ["gzip"])
            end = decoded(scene, server, "-x", connections, name="f")
            assert end["reused"] > 0 and harness.read(scene.path("f")) == gzip.decompress(coded) and scene.names() == ["f"], end
            clear(scene)


def test_an_older_file_is_replaced_and_only_if_it_may_be(scene):
    coded = gzip.compress(TEXT)
    server = scene.raw(stored(coded, ["gzip"]))
    harness.write(scene.path("f"), b"older")
    os.chmod(scene.path("f"), 0o600)
    scene.get(server.url("f"), "--decode", code=10)
    assert harness.read(scene.path("f")) == b"older"
    scene.get(server.url("f"), "--decode", "--overwrite")
    assert harness.read(scene.path("f")) == TEXT and os.stat(scene.path("f")).st_mode & 0o777 == 0o600
    assert scene.names() == ["f"]


def test_a_foreign_file_in_the_way_stays(scene):
    server = scene.raw(stored(gzip.compress(TEXT), ["gzip"]))
    harness.write(scene.path("f.part.out"), b"somebody's")
    done = scene.get(server.url("f"), "--decode", code=10)
    assert "f.part.out" in done.stderr and harness.read(scene.path("f.part.out")) == b"somebody's"
    os.unlink(scene.path("f.part.out"))
    scene.get(server.url("f"), "--decode")
    assert harness.read(scene.path("f")) == TEXT


def test_a_bomb_grows_a_file_and_no_memory_and_ends_where_files_may_not_grow(scene):
    bomb = gzip.compress(gzip.compress(bytes(256 * MiB), 9), 9)
    server = scene.raw(stored(bomb, ["gzip", "gzip"]))
    limit = 100 * MiB
    scene.get(server.url("f"), "--decode", code=7, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert scene.names() == ["f.part", "f.segdl"], scene.names()
    assert 0 < peak_anon(scene, server.url("f"), "--decode") < 24 * MiB
    assert os.path.getsize(scene.path("f")) == 256 * MiB


def test_a_window_above_the_limit_is_refused(scene):
    frame = zstd(bytes(300 * MiB), window=28)
    done = scene.get(scene.raw(stored(frame, ["zstd"])).url("f"), "--decode", code=6)
    assert "memory" in done.stderr, done.stderr


def test_a_kill_while_it_decodes_costs_the_decoding(scene):
    content = bytes(200 * MiB)
    server = scene.raw(stored(gzip.compress(content, 1), ["gzip"]))
    asked = None
    for _ in range(4):
        process = scene.start(server.url("f"), "--decode")
        harness.wait_for(lambda: "f.part.out" in scene.names() or process.poll() is not None, "decoding")
        if process.poll() is not None:
            break
        harness.kill(process)
        assert "f" not in scene.names()
        asked = asked or server.count
    scene.get(server.url("f"), "--decode", "--skip-existing")
    assert os.path.getsize(scene.path("f")) == len(content) and scene.names() == ["f"], scene.names()
    assert asked is None or server.count == asked, "fetched again"


if __name__ == "__main__":
    harness.main()
