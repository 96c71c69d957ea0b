"""Little memory, few threads and few open files: the command ends with a documented exit code, or with fewer connections, and never hangs; the
next run is right. SEGDL_LARGE in the environment makes every allocation and every thread fail in turn, and not a sample of them."""
import os
import shutil
import tempfile

import faulty
import harness
from harness import KiB, MiB

ALL = bool(os.environ.get("SEGDL_LARGE"))
SAMPLED = 20  # of each way and kind of fault
CODES = (0, 1, 3, 7)  # done; out of memory, or no thread; the network's; the disk's
SMALL, LARGE, FILES = 3 * KiB, 600 * KiB, 24
SEGMENTS = ("-x", "8", "--segment-size", "16K")


class Origin:
    """An honest one; `cut` in the path ends each answer after half of what it promised."""

    def __init__(self, scene):
        self.large, self.small = harness.pattern(LARGE, 1), harness.pattern(SMALL, 2)
        self.url = scene.raw(self.answer).url("")

    def answer(self, connection, request, number):
        line = request.split(b"\r\n")[0]
        head, body = harness.ranged(self.small if b"small" in line else self.large, request)
        if b"cut" in line:
            connection.sendall(head + body[:len(body) // 2])
            return "close"
        connection.sendall(head + body)


class SlowOrigin(Origin):
    """So slow that all connections of a download are open at once."""

    def answer(self, connection, request, number):
        head, body = harness.ranged(self.small if b"small" in request.split(b"\r\n")[0] else self.large, request)
        connection.sendall(head)
        for at in range(0, len(body), 32 * KiB):
            harness.time.sleep(0.02)
            connection.sendall(body[at:at + 32 * KiB])


class Way:
    """What the command is to do: its arguments, what a run before it left, and what there is in the end."""

    def __init__(self, scene, name, arguments, expected, before=None):
        self.scene, self.name, self.arguments, self.expected = scene, name, arguments, expected
        self.left = os.path.join(scene.directory, "left by " + name)
        os.mkdir(self.left)
        if before:
            scene.get(*before, code=3, cwd=self.left)
            assert os.path.exists(os.path.join(self.left, "f.segdl"))

    def check(self, faults, **wrong):
        """Runs it with this wrong, and then without."""
        out = os.path.join(tempfile.mkdtemp(dir=self.scene.directory), "out")
        shutil.copytree(self.left, out)
        done = faults.run(out, *self.arguments, **wrong)
        said = f"{self.name}, {wrong}: exit {done.returncode} after {done.took:.1f} s: {done.stderr}"
        assert done.returncode in CODES, said
        assert done.returncode == 0 or done.stderr, said
        here = {name for name in os.listdir(out) if name in self.expected}
        assert here == set(self.expected) or done.returncode != 0, f"{said}: only {here} are there"
        assert all(self.is_right(out, name) for name in here), f"{said}: wrong bytes"
        again = faults.run(out, *self.arguments, *(["--overwrite"] if here else []))
        assert again.returncode == 0, f"{said}; and then exit {again.returncode}: {again.stderr}"
        assert sorted(os.listdir(out)) == sorted(self.expected), f"{said}; and then {os.listdir(out)}"
        assert all(self.is_right(out, name) for name in self.expected), f"{said}; and then wrong bytes"
        shutil.rmtree(os.path.dirname(out))
        return done

    def is_right(self, out, name):
        return harness.read(os.path.join(out, name)) == self.expected[name]


def ways(scene):
    origin = Origin(scene)
    whole = [origin.url + "large", "-o", "f", *SEGMENTS]
    checked = [*whole, "--checksum", "sha-256=" + harness.hashlib.sha256(origin.large).hexdigest()]
    cut = [origin.url + "cut", "-o", "f", *SEGMENTS, "--retries", "0"]
    several = [f"{origin.url}small{i}" for i in range(FILES)]
    return [Way(scene, "segments", whole, {"f": origin.large}),
            Way(scene, "a resume", checked, {"f": origin.large}, before=cut),
            Way(scene, "small files", [*several, "-j", "8"], {f"small{i}": origin.small for i in range(FILES)})]


def numbers(calls):
    """Which calls are to fail, of so many."""
    return range(1, calls + 1, 1 if ALL else max(1, calls // SAMPLED))


def fail_in_turn(scene, call, *steps):
    """Each call of a run by itself, or (step 1) with all after it."""
    faults = faulty.Faulty(scene.directory)
    cases = []
    for way in ways(scene):
        calls = way.check(faults, fault=f"{call}:1000000000:0").calls
        assert calls > 0
        cases += [(way, f"{call}:{number}:{step}") for number in numbers(calls) for step in steps]
    ends = faulty.all_at_once(lambda way, fault: way.check(faults, fault=fault), cases)
    codes = [end.returncode for end in ends]
    harness.tally(**{"failed_allocations" if call == "malloc" else "failed_threads": sum(end.failures for end in ends)}, starved_runs=len(ends))
    print(f"{len(cases)} runs: " + ", ".join(f"{codes.count(code)} ended with {code}" for code in sorted(set(codes))))
    return ends


def test_any_allocation_may_fail(scene):
    ends = fail_in_turn(scene, "malloc", 0, 1)
    assert any(end.returncode == 1 and "out of memory" in end.stderr for end in ends)


def test_any_thread_may_not_start(scene):
    ends = fail_in_turn(scene, "pthread_create", 0, 1)
    assert any(end.returncode == 0 and end.failures for end in ends), "it never went on with fewer threads"
    assert any(end.returncode == 1 and "start a thread" in end.stderr for end in ends)


def test_a_process_with_little_memory_ends(scene):
    faults, cases = faulty.Faulty(scene.directory), []
    for way in ways(scene):
        cases += [(way, mib) for mib in range(24, 129, 1 if ALL else 8)]
    ends = faulty.all_at_once(lambda way, mib: way.check(faults, limits=[f"--as={mib * MiB}"], fault=""), cases)
    harness.tally(starved_runs=len(ends))
    codes = {(way.name, mib): end.returncode for (way, mib), end in zip(cases, ends)}
    assert {0, 1} <= set(codes.values()), f"it says nothing: {codes}"


def test_few_descriptors_cost_speed_and_nothing_else(scene):
    faults, origin = faulty.Faulty(scene.directory), SlowOrigin(scene)
    small, large = ([f"{origin.url}{kind}{i}" for i in range(number)] for kind, number in (("small", 200), ("large", 8)))
    busy = [Way(scene, "one file", [origin.url + "large", "-o", "f", "-x", "64", "--segment-size", "16K"], {"f": origin.large}),
            Way(scene, "many small files", [*small, "-j", "64"], {url.rpartition("/")[2]: origin.small for url in small}),
            Way(scene, "several large files", [*large, "-j", "8", *SEGMENTS], {url.rpartition("/")[2]: origin.large for url in large})]
    cases = [(way, number) for way in busy for number in (12, 16, 24, 32, 48, 64, 100, 150, 200)]
    ends = faulty.all_at_once(lambda way, number: way.check(faults, limits=[f"--nofile={number}"]), cases)
    harness.tally(starved_runs=len(ends))
    codes = {(way.name, number): end.returncode for (way, number), end in zip(cases, ends)}
    assert set(codes.values()) == {0}, codes


if __name__ == "__main__":
    harness.main()
