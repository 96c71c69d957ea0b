"""What is measured: the scenarios, and who runs in them by which command.

In commands {url} is what to fetch, {out} the directory to put it in, {file} the name there, {list} a file with one URL a line, {curl_list} and
{lftp_list} the same for programs that want it otherwise. Each peer has the flags that were fastest for it among those its manual offers.
"""
import collections
import os
import random
import shlex

KiB, MiB, GiB = 1024, 1024 ** 2, 1024 ** 3

# kind: "segdl" is compared with every "peer" and "floor".
Contestant = collections.namedtuple("Contestant", "name kind command")


def segdl(name, flags):
    return Contestant(name, "segdl", "{segdl} -q " + flags)


def floor(loop, connections):
    return Contestant(f"floor {loop}", "floor", f"{{floor}} --json --rounds 1 --loops {loop} -x {connections} {{url}} {{file}}")


ARIA2 = "aria2c --no-conf -q -k1M --disk-cache=0 --file-allocation="
LFTP = "lftp --norc -c 'set xfer:buffer-size 1048576; set pget:save-status never; pget -n"
AXEL = "axel -q -n"  # with buffer_size = 262144 in ~/.axelrc: of its own accord it reads 5 KiB at a time
WGET2 = "wget2 --no-config -q "


class Scenario:
    """`sources` are {name: size}; contestants as above; `left_out` says who does not take part, and why."""

    def __init__(self, name, title, sources, contestants, left_out):
        self.name, self.title, self.sources, self.contestants, self.left_out = name, title, sources, contestants, left_out
        self.capped = name == "cap"

    def bytes(self):
        return sum(self.sources.values())


def one_file(name, size, connections, extra):
    n = connections
    return Scenario(
        name, "", {"source": size}, [
            segdl("segdl", "-d {out} {url}"),
            segdl(f"segdl -x{n}", f"-x {n} -d {{out}} {{url}}"),
            segdl(f"segdl -x{n} --sync none", f"-x {n} --sync none -d {{out}} {{url}}"),
            Contestant("aria2", "peer", f"{ARIA2}falloc -x{n} -s{n} -d {{out}} {{url}}"),
            Contestant("axel", "peer", f"{AXEL}{n} -o {{file}} {{url}}"),
            Contestant("lftp", "peer", f"{LFTP}{n} {{url}} -o {{file}}'"),
            *extra,
        ], {})


def loopback(size):
    scenario = one_file("loopback", size, 4, [
        Contestant("aria2 (trunc)", "peer", ARIA2 + "trunc -x4 -s4 -d {out} {url}"),
        Contestant("aria2 (none)", "peer", ARIA2 + "none -x4 -s4 -d {out} {url}"),
        Contestant("wget2", "peer", WGET2 + "-O {file} {url}"),
        Contestant("curl", "peer", "curl -q -s -o {file} {url}"),
        *(floor(loop, 4) for loop in ("recv", "hash", "splice")),
    ])
    scenario.title = f"one file of {size_text(size)} over loopback, 4 connections"
    scenario.left_out = {
        "wget2 --chunk-size": "in every trial it was slower than wget2 with one connection, which takes its place",
        "curl with ranges": "four processes joined by cat are no downloader",
    }
    return scenario


def cap(size, rate):
    scenario = one_file("cap", size, 8, [
        Contestant("wget2", "peer", f"{WGET2}--max-threads=8 --chunk-size={max(size // 8, 1)} -P {{out}} {{url}}"),
    ])
    scenario.title = f"one file of {size_text(size)}, each request capped at {size_text(rate)}/s, 8 connections"
    scenario.left_out = {"curl": "one connection at the cap: its time is size / cap, and needs no measuring",
                         "floor": "the server is the limit"}
    return scenario


def small(name, count, size):
    return Scenario(
        name, f"{count} files of {size_text(size)} by one list", {f"f{i:05}": size for i in range(count)}, [
            segdl("segdl", "-i {list} -d {out}"),
            segdl("segdl --sync none", "--sync none -i {list} -d {out}"),
            *(contestant for at_once in (4, 16) for contestant in peers_for_lists(at_once)),
            Contestant("lftp", "peer", "lftp --norc -f {lftp_list}"),
        ], {"axel": "it takes one file for each process"})


def peers_for_lists(at_once):
    """With few files at once and with many: which is faster depends on the machine."""
    return [
        Contestant(f"aria2 -j{at_once}", "peer", f"{ARIA2}none -x1 -s1 -j{at_once} -i {{list}} -d {{out}}"),
        Contestant(f"wget2 {at_once}", "peer", f"{WGET2}--max-threads={at_once} -i {{list}} -P {{out}}"),
        Contestant(f"curl -Z {at_once}", "peer", f"curl -q -s -Z --parallel-max {at_once} --output-dir {{out}} -K {{curl_list}}"),
    ]


def all_of(settings):
    """The scenarios at the sizes of `settings`, in the order they are run in."""
    return [
        loopback(settings.size),
        cap(settings.cap_size, settings.cap),
        small("small", settings.files, 16 * KiB),
        small("small-1m", max(1, settings.files * 3 // 50), MiB),
    ]


def make_sources(scenario, directory):
    """Bytes that repeat only after a prime number of them: a page at a wrong place differs from the right one."""
    block = random.Random(scenario.name).randbytes(1048583)
    for number, (name, size) in enumerate(scenario.sources.items()):
        with open(os.path.join(directory, name), "wb") as file:
            begin = number * 7919 % len(block)
            file.write(block[begin:begin + size])
            while file.tell() < size:
                file.write(block[:size - file.tell()])


def make_lists(scenario, url_of, directory, out):
    """What {list}, {curl_list} and {lftp_list} stand for."""
    urls = [url_of(name) for name in scenario.sources]
    lists = {
        "list": "".join(f"{url}\n" for url in urls),
        "curl_list": "".join(f'url = "{url}"\nremote-name\n' for url in urls),
        "lftp_list": f"set xfer:buffer-size 1048576\nset net:connection-limit 16\nmget -P 16 -O {out} {' '.join(urls)}\n",
    }
    paths = {}
    for key, text in lists.items():
        paths[key] = os.path.join(directory, key)
        with open(paths[key], "w", encoding="utf-8") as file:
            file.write(text)
    return paths


def filled_in(command, places):
    return [word.format(**places) for word in shlex.split(command)]


def shown(command):
    """The command as people write it."""
    return command.format(segdl="segdl", floor="floor", url="URL", out="DIR", file="FILE", list="LIST", curl_list="LIST", lftp_list="LIST")


def size_text(size):
    for unit, name in ((GiB, "GiB"), (MiB, "MiB"), (KiB, "KiB")):
        if size >= unit:
            return f"{size / unit:g} {name}"
    return f"{size} bytes"
