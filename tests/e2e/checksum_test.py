"""--checksum: what is right is published, what is wrong is not, and the same command is not stuck. hashlib and, where it is installed, xxhsum are the oracle."""
import hashlib
import os
import shutil
import subprocess

import harness
from harness import KiB, MiB, kill, pattern, read, wait_for, write

ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512", "sha-1": "sha1", "md5": "md5"}
EMPTY_XXH = {"xxh3-64": "2d06800538d394c2", "xxh128": "99aa06d3014798d86001c324468d497f"}


def digests(data):
    return {name: hashlib.new(python, data).hexdigest() for name, python in ALGORITHMS.items()}


def sha256(data):
    return "sha-256=" + hashlib.sha256(data).hexdigest()


def hexdigest(data):
    return hashlib.sha256(data).hexdigest()


def broken(text):
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def test_every_algorithm_agrees_with_its_oracle(scene):
    data = pattern(3 * MiB + 17, 1)
    path = scene.nginx.put("f", data)
    expected = digests(data)
    if shutil.which("xxhsum"):
        for name, option in (("xxh3-64", "-H3"), ("xxh128", "-H2")):
            line = subprocess.run(["xxhsum", option, path], check=True, capture_output=True, text=True).stdout.strip()
            expected[name] = line.rsplit(" ", 1)[1] if "(" in line else line.split(" ")[0].removeprefix("XXH3_")
    for name, digest in expected.items():
        done = scene.get(scene.nginx.url("f"), "-o", name, "--checksum", f"{name}={digest}")
        assert f"verified by {name}\n" in done.stderr, done.stderr
        wrong = scene.get(scene.nginx.url("f"), "-o", "wrong", "--checksum", f"{name}={broken(digest)}", code=6)
        assert f"its {name} is {digest}, and {broken(digest)} was expected" in wrong.stderr, wrong.stderr
        assert not os.path.exists(scene.path("wrong"))
    scene.nginx.put("empty", b"")
    for name, digest in {**digests(b""), **EMPTY_XXH}.items():
        scene.get(scene.nginx.url("empty"), "-o", f"empty-{name}", "--checksum", f"{name.upper()}:{digest.upper()}")


def test_a_wrong_file_is_not_published_and_fetched_again_whole(scene):
    url = scene.origin("--size", 4 * MiB, "--flip-at", f"{3 * MiB}:1").url
    right = scene.content(1, 4 * MiB)
    done = scene.get(url, "-o", "f", "-x", "4", "--checksum", sha256(right), code=6)
    assert "run the same command again, which fetches all of it" in done.stderr and "kept" not in done.stderr, done.stderr
    assert scene.names() == ["f.part", "f.segdl"], scene.names()
    assert scene.status("f")["claimed"] == 4 * MiB
    done = scene.get(url, "-o", "f", "-x", "4", "--checksum", sha256(right))
    assert "reused" not in done.stderr
    assert scene.names() == ["f"] and read(scene.path("f")) == right


def test_a_mistyped_checksum_costs_nothing(scene):
    right = scene.content(1, 4 * MiB)
    origin = scene.origin("--size", 4 * MiB)
    scene.get(origin.url, "-o", "f", "-x", "4", "--checksum", sha256(b"other"), code=6)
    done = scene.get(origin.url, "-o", "f", "-x", "4", "--checksum", sha256(right))
    assert "4.0 MiB reused" in done.stderr and "verified by sha-256" in done.stderr, done.stderr
    assert scene.names() == ["f"] and read(scene.path("f")) == right


def test_a_small_file_or_a_stream_that_is_wrong_leaves_nothing_to_trip_over(scene):
    origin = scene.origin()
    small = origin.pattern(2, 1000, "small")
    scene.get(small, "--checksum", sha256(b"other"), code=6)
    assert scene.names() == []
    scene.get(small, "--checksum", sha256(origin.get(small)))
    stream = scene.origin("--size", MiB, "--no-ranges")
    right = scene.content(1, MiB)
    scene.get(stream.url, "-o", "s", "--checksum", sha256(b"other"), code=6)
    assert "s" not in scene.names()
    scene.get(stream.url, "-o", "s", "--checksum", sha256(right))
    assert scene.names() == ["s", "small"] and read(scene.path("s")) == right


def test_a_killed_download_is_hashed_from_its_beginning(scene):
    size = 16 * MiB
    slow = scene.origin("--size", size, "--limit-rate", "1M")
    right = scene.content(1, size)
    arguments = (slow.url, "-o", "f", "-x", "8", "--checksum", sha256(right))
    process = scene.start(*arguments)
    wait_for(lambda: os.path.exists(scene.path("f.segdl")) and scene.status("f")["claimed"] > 2 * MiB, "something to be claimed")
    kill(process)
    done = scene.get(*arguments)
    assert "reused" in done.stderr and "verified by sha-256" in done.stderr, done.stderr
    assert read(scene.path("f")) == right


def test_standard_output_tells_by_its_exit_code(scene):
    origin = scene.origin()
    url = origin.pattern(3, 300 * KiB, "f")
    data = origin.get(url)
    for expected, code in ((sha256(data), 0), (sha256(b""), 6), (sums(scene, sha256(data)[8:] + "  f\n"), 0)):
        with open(scene.path("piped"), "wb") as out:
            done = subprocess.run([harness.BINARY, url, "-o", "-", "--checksum", expected], stdout=out, stderr=subprocess.PIPE,
                                  text=True, check=False, timeout=harness.TIMEOUT)
        assert done.returncode == code, done.stderr
        assert read(scene.path("piped")) == data


def test_a_body_without_a_length_needs_no_faith(scene):
    origin = scene.origin("--size", MiB, "--until-close", "--no-ranges")
    right = scene.content(1, MiB)
    scene.get(origin.url, "-o", "f", code=6)
    os.remove(scene.path("f.part"))
    os.remove(scene.path("f.segdl"))
    scene.get(origin.url, "-o", "f", "--checksum", sha256(right))
    assert read(scene.path("f")) == right


def sums(scene, text, name="SUMS"):
    path = os.path.join(scene.directory, name)
    write(path, text.encode())
    return "@" + path


def test_a_list_of_sums_serves_one_url_several_and_lists(scene):
    files = {f"f{i}": pattern(1000 + 70_000 * i, i) for i in range(4)}
    for name, data in files.items():
        scene.nginx.put(name, data)
    paths = [os.path.join(scene.nginx.root, name) for name in files]
    for number, command in enumerate((["sha256sum"], ["sha512sum", "--tag"], ["md5sum", "-b"], ["cksum", "-a", "sha1"])):
        written = subprocess.run([*command, *paths], check=True, capture_output=True, text=True).stdout
        directory = os.path.join(scene.out, str(number))
        os.mkdir(directory)
        option = ("--checksum", sums(scene, "# made by hand\n" + written, "MD5SUMS" if command[0] == "md5sum" else "SUMS"), "-d", directory)
        one = scene.get(scene.nginx.url("f0"), *option)
        assert "verified by " in one.stderr and "validator" not in one.stderr, one.stderr
        listed = os.path.join(scene.directory, "list.txt")
        write(listed, f"{scene.nginx.url('f2')}\n{scene.nginx.url('f1')}\tf3\n".encode())
        done = scene.get(scene.nginx.url("f1"), "-i", listed, *option, code=6)  # f1's bytes are not what f3 is to be
        assert "f3" in done.stderr and sorted(os.listdir(directory)) == ["f0", "f1", "f2", "f3.part", "f3.segdl"], done.stderr


def test_a_name_without_a_sum_is_a_failure_of_its_own(scene):
    origin = scene.origin()
    urls = {name: origin.pattern(1, 1000, name) for name in ("a", "b", "c")}
    digest = hashlib.sha256(origin.get(urls["a"])).hexdigest()
    option = sums(scene, f"{digest}  a\n{digest}  c\n{'0' * 64} *c\n")
    done = scene.get(*urls.values(), "--checksum", option, code=2)
    assert "look up the checksum of b" in done.stderr and "no checksum for this name" in done.stderr, done.stderr
    assert "look up the checksum of c" in done.stderr and "two different checksums" in done.stderr, done.stderr
    assert scene.names() == ["a"]
    for name, words in (("b", "no checksum for this name"), ("c", "two different checksums")):
        done = scene.get(urls[name], "--checksum", option, code=2)
        assert words in done.stderr, done.stderr
    assert scene.names() == ["a"]


def test_a_list_with_directories_tells_files_of_one_name_apart(scene):
    origin = scene.origin()
    urls = [origin.pattern(seed, 100 * KiB, "linux") for seed in (1, 2)]
    data = [scene.content(seed, 100 * KiB) for seed in (1, 2)]
    lines = [f"{hexdigest(data[seed - 1])}  ./pattern/{seed}/{100 * KiB}/linux\n" for seed in (1, 2)]
    path = sums(scene, "".join(lines))
    for url, content in zip(urls, data):
        assert "verified by sha-256" in scene.get("--checksum", path, url, "--overwrite").stderr
        assert read(scene.path("linux")) == content
    path = sums(scene, lines[0])
    assert "sha-256" in scene.get("--checksum", path, urls[1], "--overwrite", code=6).stderr
    path = sums(scene, "".join(lines).replace("/pattern/", "/other/").replace(f"/{100 * KiB}/", "/"))
    assert "two different checksums" in scene.get("--checksum", path, urls[0], "--overwrite", code=2).stderr


def test_a_file_with_one_digest_serves_one_url(scene):
    origin = scene.origin()
    url = origin.pattern(1, 100 * KiB, "f")
    digest = hexdigest(scene.content(1, 100 * KiB))
    for text in (digest, digest + "\n", digest + "  -\n", "# of f\r\n" + digest + "\r\n"):
        assert "verified by sha-256" in scene.get("--checksum", sums(scene, text), url, "-o", "g", "--overwrite").stderr
    assert "sha-256" in scene.get("--checksum", sums(scene, broken(digest)), url, "-o", "h", code=6).stderr
    for arguments in ((url, url + "2"), ("-i", sums(scene, url + "\n", "list")[1:])):
        assert "can't apply to several URLs" in scene.get("--checksum", sums(scene, digest), *arguments, code=2).stderr


def test_a_list_of_sums_may_be_large(scene):
    url = scene.origin().pattern(1, 100 * KiB, "f")
    line = f"{hexdigest(scene.content(1, 100 * KiB))}  f\n"
    path = sums(scene, "".join(f"{number:064x}  pool/{number}.deb\n" for number in range(250_000)) + line)
    assert os.path.getsize(path[1:]) > 16 * MiB
    assert "verified by sha-256" in scene.get("--checksum", path, url).stderr


def test_what_is_no_checksum_is_a_usage_error(scene):
    url = "http://127.0.0.1:1/x"
    digest = sha256(b"")
    big = sums(scene, f"{digest[8:]}  x\n", "big")
    os.truncate(big[1:], 256 * MiB + 1)
    for words, *arguments in (
            ("missing algorithm; did you mean sha-256=", "--checksum", digest[8:], url),
            ("none of sha-256", "--checksum", "crc32=12345678", url),
            ("64 hexadecimal digits, not 63", "--checksum", digest[:-1], url),
            ("hexadecimal", "--checksum", digest[:-1] + "x", url),
            ("can't apply to several", "--checksum", digest, url, url + "y"),
            ("can't apply to several", "--checksum", digest, "-i", "/dev/null"),
            ("can't read /no/such/file", "--checksum", "@/no/such/file", url),
            ("can't read /", "--checksum", "@/", url),
            ("no supported checksum", "--checksum", sums(scene, "<html>\n"), url),
            ("no supported checksum", "--checksum", "@/dev/null", url),
            ("larger than 256 MiB", "--checksum", big, url)):
        done = scene.get(*arguments, code=2)
        assert words in done.stderr and "--checksum" in done.stderr, done.stderr
    assert scene.names() == []


if __name__ == "__main__":
    harness.main()
