"""What tools/plug downloads, and what must hold of whatever is left of it."""
import contextlib
import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "e2e"))
from origin import Origin  # noqa: E402

KiB, MiB = 1024, 1024 ** 2
PATIENCE = 60  # seconds: a command that takes longer hangs
NAME = "f"
DOCUMENTED = {0, 2, 3, 4, 5, 6, 7, 8, 9, 10}  # 1, an internal error, is no answer to a fault


class Scene:
    """A command, a server, and what was there before it began."""

    def __init__(self, name, size=6 * MiB, arguments=("-x", "4"), before=None, files=None, server=(), seconds=2.2, connections=4):
        self.name, self.size, self.arguments, self.before, self.files = name, size, list(arguments), before, files
        self.server, self.seconds, self.connections = list(server), seconds, connections

    def rate(self):
        """Bytes a second of each connection, so that it takes about its seconds."""
        return max(1, int(self.size / self.connections / self.seconds))

    def names(self):
        return [name for name, _ in self.files] if self.files else [NAME]


FILES = [(f"n{i:02}", 700 + 1487 * i) for i in range(40)]
SCENES = [
    Scene("small", size=40 * KiB, arguments=(), seconds=0.2, connections=1),
    Scene("large"),
    Scene("resume", before="interrupted"),
    Scene("changed", before="older", size=4 * MiB, seconds=1.6),
    Scene("overwrite", before="present", size=3 * MiB, arguments=("-x", "4", "--overwrite"), seconds=1.4),
    Scene("stream", before="interrupted", size=2 * MiB, arguments=(), server=("--no-ranges",), seconds=1.0, connections=1),
    Scene("list", files=FILES, size=sum(size for _, size in FILES), arguments=("-x", "4", "--skip-existing"), seconds=1.0),
]


def lasting_port():
    """A free one that stays free while no server is there: not one of those that connections get by themselves."""
    while True:
        port = random.randint(20000, 29999)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Servers:
    """The scene's server on one port: with a rate, without, with an older version. One at a time."""

    def __init__(self, program, scene, directory):
        self.program, self.scene, self.directory = program, scene, directory
        self.origin, self.port, self.count = None, lasting_port(), 0

    def start(self, version=1, rate=None):
        self.stop()
        self.count += 1
        arguments = ["--port", self.port, "--size", self.scene.size, "--seed", version, "--etag", f'"v{version}"', *self.scene.server]
        arguments += ["--limit-rate", rate] if rate else []
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self.origin = Origin(self.program, os.path.join(self.directory, f"origin{self.count}.log"), *arguments)
                break
            except AssertionError:  # the port is not free again yet
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
        self.port = int(self.origin.base.rsplit(":", 1)[1])
        return self.origin

    def stop(self):
        if self.origin:
            self.origin.stop()
            self.origin = None

    def expected(self):
        """By name what must be there in the end. Asks the server, which must be without a rate."""
        get = self.origin.get
        return {name: digest(get(self.origin.pattern(1, size, name))) for name, size in self.scene.files or ()} or {NAME: digest(get(self.origin.url))}

    def command(self, binary, list_file):
        """The command that is run, and run again."""
        arguments = [binary, "--no-config", "--json", *self.scene.arguments]
        if not self.scene.files:
            return [*arguments, "-o", NAME, self.origin.url]
        with open(list_file, "w", encoding="ascii") as lines:
            lines.writelines(self.origin.pattern(1, size, name) + "\n" for name, size in self.scene.files)
        return [*arguments, "-i", list_file]


def digest(data):
    return hashlib.sha256(data).hexdigest()


def digest_of(path):
    with open(path, "rb") as file:
        return digest(file.read())


def contents(directory):
    """What is in a directory, by name."""
    return {name: digest_of(os.path.join(directory, name)) for name in sorted(os.listdir(directory))}


def status(binary, directory, name=NAME):
    """What segdl status says of an interrupted download, or None."""
    try:
        done = subprocess.run([binary, "status", name, "--json"], cwd=directory, capture_output=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return None
    return json.loads(done.stdout) if done.returncode == 0 else None


def claims_in(binary, directory):
    """What its journal claims of the version that the server has; what is left of an older one may go."""
    if not os.path.exists(os.path.join(directory, NAME + ".segdl")):
        return []
    found = status(binary, directory) or {}
    return [tuple(claim) for claim in found.get("claims", [])] if found.get("validator") == '"v1"' else []


def overlap(claims, requests):
    """Bytes of the claims that were asked for again. A single byte asks whether a published file is still the server's, and fetches nothing."""
    fetches = [r["range"] for r in requests if r["range"] and r["range"][1] - r["range"][0] > 1]
    return sum(max(0, min(c[1], f[1]) - max(c[0], f[0])) for c in claims for f in fetches)


def finish(process):
    """Its code and what it wrote; None for the code if it hangs."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        return None, out, err


def run(command, directory):
    return finish(subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))


def why(out, err):
    """The message of a failed run: the last error of its events, or its last words."""
    for line in reversed(out.splitlines()):
        with contextlib.suppress(ValueError, AttributeError):
            event = json.loads(line)
            if event.get("event") == "error":
                return event.get("message", "")
    return (err.strip().splitlines() or [""])[-1]


def interrupt(command, directory, seconds):
    """Runs it until it has a journal and so many seconds have passed, and kills it."""
    process = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + PATIENCE
    while not os.path.exists(os.path.join(directory, NAME + ".segdl")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()


class Judge:
    """Judges what is left in a directory, and what the command makes of it."""

    def __init__(self, scene, expected, before, command, servers, binary):
        self.scene, self.expected, self.before = scene, expected, before
        self.command, self.servers, self.binary = command, servers, binary

    def allowed(self, name):
        return {self.expected[name], self.before.get(name)}

    def as_found(self, directory, told=()):
        """What is wrong with it as it lies there: (kind of violation, words)."""
        found = contents(directory)
        for name in self.scene.names():
            if name in found and found[name] not in self.allowed(name):
                size = os.path.getsize(os.path.join(directory, name))
                yield "wrong bytes", f"{name} has {size} bytes that are not the resource's"
            if name in told and found.get(name) != self.expected[name]:
                yield "told, and gone", f"{name} was told to be done and is {'another' if name in found else 'not there'}"

    def after_rerun(self, directory, claims=(), wrap=()):
        """Runs the command again, and says what is wrong then."""
        left = contents(directory)
        complete = all(left.get(name) == self.expected[name] for name in self.scene.names()) and not [n for n in left if n.endswith(".segdl")]
        self.servers.origin.forget_requests()
        code, out, err = run([*wrap, *self.command], directory)
        now = contents(directory)
        if code is None:
            yield "hang", f"the same command again does not end within {PATIENCE} s, from {describe(left)}"
            return
        if code != 0 and not (code == 10 and complete):
            yield f"stuck: exit {code}", f"the same command again: {why(out, err)}; from {describe(left)}"
            return
        wrong = [name for name in self.scene.names() if now.get(name) != self.expected[name]]
        if wrong:
            yield "wrong bytes", f"after the same command again, exit {code}: {', '.join(wrong)}"
        litter = sorted(set(now) - set(self.scene.names()))
        if litter:
            yield "litter", f"{', '.join(litter)} stays, from {describe(left)}"
        if claims:
            self.servers.origin.wait_until_idle()
            twice = overlap(claims, self.servers.origin.requests())
            if twice:
                yield "claims lost", f"{twice} bytes of what was safe are fetched again, from {describe(left)}"


def describe(found):
    return "{" + ", ".join(sorted(found)) + "}" if len(found) < 8 else f"{len(found)} files"


@contextlib.contextmanager
def servers_of(program, scene, directory):
    servers = Servers(program, scene, directory)
    try:
        yield servers
    finally:
        servers.stop()
