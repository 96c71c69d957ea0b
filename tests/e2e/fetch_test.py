"""Real downloads from a real nginx, plain and over TLS."""
import os
import time

import harness
from harness import GiB, KiB, MiB, kill, pattern, same, wait_for

SEGMENT = 64 * KiB


def test_every_size_arrives_identical_over_http_and_https(scene):
    for size in (0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 5 * MiB + 3, GiB):
        source = scene.nginx.put(f"s{size}", pattern(size, size))
        scene.get(scene.nginx.url(f"s{size}"), "-q")
        assert same(scene.path(f"s{size}"), source), size
        scene.get(scene.nginx.tls_url(f"s{size}"), "-q", "--cacert", scene.nginx.certificates.ca, "-o", f"tls{size}")
        assert same(scene.path(f"tls{size}"), source), size
    assert not [n for n in scene.names() if "." in n]


def interrupted(scene, name="f", size=16 * MiB):
    data = pattern(size, 1)
    scene.nginx.put(name, data)
    process = scene.start(scene.nginx.url(name, rate=4096), "-o", name)
    wait_for(lambda: os.path.exists(scene.path(name + ".segdl")) and scene.status(name)["claimed_segments"] > 20, "progress")
    kill(process)
    return data


def test_a_flipped_byte_of_the_part_costs_exactly_its_segment(scene):
    data = interrupted(scene)
    claimed = scene.status("f")["claimed"]
    with open(scene.path("f.part"), "r+b") as part:
        part.seek(3 * SEGMENT + 17)
        byte = part.read(1)
        part.seek(3 * SEGMENT + 17)
        part.write(bytes([byte[0] ^ 1]))
    scene.nginx.forget_requests()
    scene.get(scene.nginx.url("f", rate=65536), "-o", "f", "-u", "x:y", "-x", "1")
    assert harness.read(scene.path("f")) == data
    # The URL differs from the first run's, so three segments are sampled; those apart, only the hole and the flipped segment are asked for.
    # The first of all is asked for twice: over http a name and password are not sent before the server had its chance to ask for them.
    asked = [r["range"] for r in scene.nginx.requests()]
    assert (3 * SEGMENT, 4 * SEGMENT) in asked, asked
    assert sum(r["sent"] for r in scene.nginx.requests()) == len(data) - claimed + 5 * SEGMENT


def test_a_file_replaced_between_kill_and_resume_comes_new_and_whole(scene):
    interrupted(scene)
    time.sleep(1.1)  # nginx makes the ETag from seconds and size
    new = pattern(16 * MiB, 2)
    scene.nginx.put("f", new)
    done = scene.get(scene.nginx.url("f", rate=4096), "-o", "f", timeout=60)
    assert "changed" in done.stderr
    assert harness.read(scene.path("f")) == new
    assert scene.names() == ["f"]


def test_a_file_replaced_during_a_run_is_one_version_whole(scene):
    scene.nginx.put("f", pattern(24 * MiB, 1))
    process = scene.start(scene.nginx.url("f", rate=8192), "-o", "f")
    wait_for(lambda: os.path.exists(scene.path("f.segdl")) and scene.status("f")["claimed_segments"] > 20, "progress")
    new = pattern(24 * MiB, 2)
    time.sleep(1.1)
    scene.nginx.put("f", new)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    # The response under way still comes from the old file; whichever version it is, it is one.
    assert harness.read(scene.path("f")) in (new, pattern(24 * MiB, 1))


def test_several_urls_are_one_run_and_the_first_failure_is_the_exit_code(scene):
    scene.nginx.put("a", b"a" * 1000)
    scene.nginx.put("b", b"b" * 1000)
    done = scene.get(scene.nginx.url("a"), scene.nginx.url("b"), scene.nginx.url("missing"), "ftp://no/scheme", code=2)
    assert scene.names() == ["a", "b"]
    # What is wrong with a URL shows before any server has answered.
    assert "2 of 4 failed:\n       ftp://no/scheme\n       " + scene.nginx.url("missing") in done.stderr, done.stderr


def test_the_name_is_the_last_part_of_the_url_as_it_was_typed(scene):
    scene.nginx.put(".bashrc", b"x")
    scene.get(scene.nginx.url(".bashrc?token=secret"), "-q")
    assert scene.names() == [".bashrc"]


def test_the_output_has_the_mode_of_the_umask(scene):
    scene.nginx.put("f", b"x" * 100_000)
    scene.get(scene.nginx.url("f"), umask=0o027)
    assert os.stat(scene.path("f")).st_mode & 0o777 == 0o640


def test_no_secret_is_printed_stored_or_in_the_process_list(scene):
    scene.nginx.put("f", pattern(8 * MiB, 1))
    url = scene.nginx.url("f", rate=1024).replace("http://", "http://alice:hunter2@") + "?token=sesame"
    process = scene.start(url, "-o", "f", "-v", "-H", "X-Key: opensesame", "-u", "bob:hunter3")
    wait_for(lambda: os.path.exists(scene.path("f.segdl")), "the journal")
    with open(f"/proc/{process.pid}/cmdline", "rb") as file:
        shown = file.read()
    journal = harness.read(scene.path("f.segdl"))
    kill(process)
    status = scene.run("status", "f").stdout.encode()
    failed = scene.run(url.replace("/f?", "/missing?"), "-v").stderr.encode()
    for secret in (b"hunter2", b"hunter3", b"sesame"):
        for text in (shown, journal, status, failed):
            assert secret not in text, (secret, text[:300])


if __name__ == "__main__":
    harness.main()
