"""Ctrl-C and SIGTERM end the command within 200 ms, whatever it is doing, with a line that says how to go on."""
import os
import signal
import socket
import time

import harness
from harness import MiB, head, pattern, wait_for

LIMIT = 0.2


def interrupt(process, sent=signal.SIGINT):
    begun = time.monotonic()
    process.send_signal(sent)
    _, stderr = process.communicate(timeout=20)
    took = time.monotonic() - begun
    assert process.returncode == (130 if sent == signal.SIGINT else 143), (process.returncode, stderr)
    assert took <= LIMIT, f"{took * 1000:.0f} ms: {stderr}"
    assert "run the same command" in stderr, stderr


def started(scene, *arguments):
    process = scene.start(*arguments)
    time.sleep(0.15)
    assert process.poll() is None, process.communicate()
    return process


def test_while_resolving(scene):
    # A name server that never answers, in a mount namespace of our own.
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    harness.write(os.path.join(scene.directory, "resolv.conf"), b"nameserver 127.0.0.77\noptions timeout:20\n")
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.bind(("127.0.0.77", 53))
    process = harness.subprocess.Popen(
        ["unshare", "-m", "sh", "-c",
         f"mount --bind {scene.directory}/resolv.conf /etc/resolv.conf && exec \"$0\" http://slow.test/x", harness.BINARY],
        cwd=scene.out, stdout=harness.subprocess.PIPE, stderr=harness.subprocess.PIPE, text=True)
    time.sleep(0.4)
    assert process.poll() is None, process.communicate()
    interrupt(process)
    assert scene.names() == []


def test_while_connecting(scene):
    # A listener whose backlog is full never answers another SYN.
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    interrupt(started(scene, f"http://127.0.0.1:{listener.getsockname()[1]}/x"))
    assert scene.names() == []


def test_during_the_handshake(scene):
    silent = socket.create_server(("127.0.0.1", 0))
    interrupt(started(scene, f"https://127.0.0.1:{silent.getsockname()[1]}/x"))
    assert scene.names() == []


def test_what_is_ignored_from_the_start_stays_ignored(scene):
    silent = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
    for ignored, sent in ((signal.SIGINT, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT)):
        process = scene.start(url, restore_signals=False, preexec_fn=lambda which=ignored: signal.signal(which, signal.SIG_IGN))
        time.sleep(0.15)
        process.send_signal(ignored)
        time.sleep(0.15)
        assert process.poll() is None, process.communicate()
        interrupt(process, sent)
    assert scene.names() == []


def test_while_waiting_for_the_head(scene):
    silent = socket.create_server(("127.0.0.1", 0))
    interrupt(started(scene, f"http://127.0.0.1:{silent.getsockname()[1]}/x"), signal.SIGTERM)
    assert scene.names() == []


def test_while_waiting_to_try_again(scene):
    server = scene.raw(lambda c, r, n: c.sendall(head("503 No", "Retry-After: 60", "Content-Length: 0")))
    interrupt(started(scene, server.url()))


def test_during_the_body_and_then_it_continues(scene):
    source = scene.nginx.put("f", pattern(8 * MiB, 1))
    process = scene.start(scene.nginx.url("f", rate=1024), "-o", "f")
    wait_for(lambda: os.path.exists(scene.path("f.segdl")) and scene.status("f")["claimed_segments"] > 3, "progress")
    interrupt(process)
    assert scene.status("f")["claimed_segments"] > 3
    scene.get(scene.nginx.url("f"), "-o", "f")
    assert harness.same(scene.path("f"), source)


def test_during_sixty_four_bodies_and_then_it_continues(scene):
    source = scene.nginx.put("f", b"")
    os.truncate(source, 256 * MiB)
    process = scene.start(scene.nginx.url("f", rate=64), "-o", "f", "-x", "64")
    wait_for(lambda: scene.nginx.active() >= 64 and scene.status("f")["claimed_segments"] > 3, "64 connections and progress")
    claimed = scene.status("f")["claimed_segments"]
    interrupt(process)
    assert scene.status("f")["claimed_segments"] >= claimed
    scene.get(scene.nginx.url("f"), "-o", "f", "-x", "64", "--sync", "none")
    assert harness.same(scene.path("f"), source)


def test_during_a_stalled_body(scene):
    server = scene.raw(lambda c, r, n: (c.sendall(head("200 OK", "Content-Length: 100") + b"x"), time.sleep(5)))
    interrupt(started(scene, server.url()), signal.SIGTERM)


def test_a_stopped_job_goes_on_where_it_was(scene):
    # What came while the command was stopped, for longer than its limit on silence, came in time: nothing is asked again.
    def serve(connection, request, number):
        connection.sendall(head("200 OK", "Content-Length: 100") + b"x" * 50)
        time.sleep(1)
        connection.sendall(b"x" * 50)

    server = scene.raw(serve)
    process = started(scene, server.url(), "-o", "-", "--timeout", "2")
    process.send_signal(signal.SIGSTOP)
    time.sleep(3)
    process.send_signal(signal.SIGCONT)
    stdout, stderr = process.communicate(timeout=20)
    assert (process.returncode, stdout) == (0, "x" * 100), (process.returncode, stdout, stderr)
    assert len(server.requests) == 1, server.requests


def test_while_verifying(scene):
    size = 512 * MiB
    data = pattern(size, 1)
    scene.nginx.put("f", data)
    process = scene.start(scene.nginx.url("f", rate=65536), "-o", "f", "--sync", "none")
    wait_for(lambda: os.path.exists(scene.path("f.segdl")) and scene.status("f")["claimed"] > size * 0.6, "progress", 60)
    harness.kill(process)
    process = scene.start(scene.nginx.url("f", rate=64), "-o", "f", "--sync", "none")
    time.sleep(0.05)
    interrupt(process)
    assert scene.status("f")["claimed"] > size * 0.6


def listed(scene, server, count):
    path = os.path.join(scene.directory, "list")
    harness.write(path, "".join(server.url(f"f{n}") + "\n" for n in range(count)).encode())
    return path


def continues(scene, path, data, count):
    scene.get("-i", path, "--skip-existing", "-x", "8", "-j", "8")
    assert scene.names() == sorted(f"f{n}" for n in range(count))
    assert all(harness.read(scene.path(f"f{n}")) == data for n in range(count))


def test_a_list_while_the_server_refuses_everything_and_then_it_continues(scene):
    data = pattern(100 * harness.KiB, 1)
    stormy = [True]

    def handler(connection, request, number):
        if stormy[0]:
            connection.sendall(head(("503 No", "429 No")[number % 2], *(["Retry-After: 30"] if number > 2 else []), "Content-Length: 0"))
        else:
            connection.sendall(b"".join(harness.ranged(data, request)))
    server = scene.raw(handler)
    path = listed(scene, server, 40)
    process = scene.start("-i", path, "-x", "8", "-j", "8")
    wait_for(lambda: server.count >= 3, "refusals")
    interrupt(process)
    stormy[0] = False
    continues(scene, path, data, 40)


def test_a_list_over_sixty_four_connections_and_then_it_continues(scene):
    data = pattern(200 * harness.KiB, 1)
    held = [True]

    def handler(connection, request, number):
        top, body = harness.ranged(data, request)
        if number > 20 and held[0]:  # the first are served, so that there are connections to be had
            connection.sendall(top + body[:100 * harness.KiB])
            wait_for(lambda: not held[0], "the interrupt", 60)
            return "close"
        connection.sendall(top + body)
    server = scene.raw(handler)
    path = listed(scene, server, 200)
    process = scene.start("-i", path, "-x", "64", "-j", "64", "--sync", "none")  # a disk is waited for, and may be busy
    wait_for(lambda: server.count >= 20 + 64, "64 at once", 60)
    interrupt(process)
    held[0] = False
    continues(scene, path, data, 200)


def test_twice_in_a_row_is_no_harm(scene):
    scene.nginx.put("f", pattern(8 * MiB, 1))
    process = started(scene, scene.nginx.url("f", rate=1024), "-o", "f")
    process.send_signal(signal.SIGINT)
    interrupt(process)


if __name__ == "__main__":
    harness.main()
