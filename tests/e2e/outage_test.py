"""Servers that are away for a while, slow to begin, or elsewhere: how often they are asked meanwhile."""
import os
import threading
import time

import harness
from harness import KiB, MiB, head, pattern, ranged, wait_for

DATA = pattern(16 * MiB, 1)


class Patient:
    """Serves DATA with ranges at a rate for each connection; `hook(number)` may give another answer, or None."""

    def __init__(self, scene, rate, hook=lambda number: None, before=0.0):
        self.rate, self.hook, self.before = rate, hook, before
        self.lock = threading.Lock()
        self.asked = []  # when
        self.live = set()
        self.at_once = self.most_at_once = 0
        self.server = scene.raw(self.answer)

    def answer(self, connection, request, number):
        with self.lock:
            self.asked.append(time.monotonic())
            self.live.add(connection)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            other = self.hook(number)
            if other is not None:
                connection.sendall(other)
                return None
            time.sleep(self.before)
            answer, body = ranged(DATA, request)
            connection.sendall(answer)
            piece = max(self.rate // 20, 1)
            for at in range(0, len(body), piece):
                connection.sendall(body[at:at + piece])
                time.sleep(1 / 20)
            return None
        finally:
            with self.lock:
                self.at_once -= 1
                self.live.discard(connection)

    def cut(self, pause=0.0):
        with self.lock:
            live = list(self.live)
        for connection in live:
            try:
                connection.shutdown(2)
            except OSError:
                pass
            time.sleep(pause)

    def asked_between(self, begin, end):
        return sum(begin <= moment < end for moment in self.asked)


def arrives(scene, url, *arguments):
    done = scene.get(url, "-o", "f", *arguments)
    assert harness.read(scene.path("f")) == DATA
    os.unlink(scene.path("f"))
    return done


def test_an_outage_of_some_seconds_in_the_middle_is_waited_out(scene):
    for connections in (1, 8):
        away = threading.Event()
        patient = Patient(scene, 2 * MiB, lambda number: head("500 No", "Content-Length: 0") if away.is_set() else None)
        process = scene.start(patient.server.url("f"), "-o", "f", "-x", str(connections))
        wait_for(lambda: os.path.exists(scene.path("f.segdl")) and scene.status("f")["claimed_segments"] > 4, "progress")
        away.set()
        begun = time.monotonic()
        patient.cut()
        time.sleep(4)
        ended = time.monotonic()
        assert process.poll() is None, process.communicate()
        patient.rate = 64 * MiB
        away.clear()
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 0, stderr
        assert harness.read(scene.path("f")) == DATA
        os.unlink(scene.path("f"))
        asked = patient.asked_between(begun, ended)
        print(f"-x {connections}: asked {asked} times in 4 s")
        assert asked <= 2 * connections + 8, asked


def test_a_server_that_is_slow_to_begin_is_not_pestered(scene):
    for connections, before in ((8, 0.3), (8, 0.8), (32, 0.3)):
        patient = Patient(scene, 1 * MiB, before=before)
        arrives(scene, patient.server.url("f"), "-x", str(connections))
        print(f"-x {connections}, first byte after {before} s: {len(patient.asked)} requests")
        assert len(patient.asked) <= 4 * connections + 8, len(patient.asked)


def test_a_time_to_wait_holds_for_connections_that_are_open(scene):
    shut = threading.Event()
    patient = Patient(scene, 256 * KiB,
                      lambda number: head("503 No", "Retry-After: 4", "Content-Length: 0") if shut.is_set() else None)
    process = scene.start(patient.server.url("f"), "-o", "f", "-x", "8")
    wait_for(lambda: patient.at_once == 8, "eight connections")
    shut.set()
    begun = time.monotonic()
    patient.cut(pause=0.4)
    asked = patient.asked_between(begun, begun + 3.8)
    harness.kill(process)
    print(f"asked {asked} times while it was to wait")
    assert asked <= 3, asked


def test_a_redirect_is_no_way_around_the_number_of_connections(scene):
    target = Patient(scene, 64 * MiB, before=0.1)

    def elsewhere(connection, request, number):
        connection.sendall(head("302 Found", f"Location: {target.server.url('f')}", "Content-Length: 0"))

    server = scene.raw(elsewhere)
    scene.get("-x", "2", "-j", "8", "-q", *(server.url(f"f{n}") for n in range(12)))
    assert all(harness.read(scene.path(f"f{n}")) == DATA for n in range(12))
    print(f"{target.most_at_once} at once at the target")
    assert target.most_at_once == 2, target.most_at_once


def test_files_of_other_hosts_pass_those_that_wait_for_one_that_has_gone(scene):
    def small(connection, request, number):
        connection.sendall(b"".join(ranged(DATA[:10 * KiB], request)))

    def until_it_goes(number):
        if away.is_set():
            raise ConnectionResetError
        return None

    away = threading.Event()
    gone = Patient(scene, 1 * MiB, until_it_goes)
    live = scene.raw(small)
    harness.write(scene.path("list"), "".join(
        f"{gone.server.url(f'gone{n}')}\n{live.url(f'live{n}') if n >= 20 else ''}\n" for n in range(320)).encode())
    process = scene.start("-i", "list", "-q", "-j", "4")
    wait_for(lambda: gone.at_once == 4, "four of them under way")
    begun = time.monotonic()
    away.set()
    gone.cut()
    wait_for(lambda: all(os.path.exists(scene.path(f"live{n}")) for n in range(20, 320)), "the others", 30)
    print(f"300 others after {time.monotonic() - begun:.1f} s")
    assert time.monotonic() - begun < 10
    harness.kill(process)


if __name__ == "__main__":
    harness.main()
