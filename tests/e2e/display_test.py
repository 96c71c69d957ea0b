"""How a terminal looks while downloads run, and afterwards, whatever happens. Servers hold bodies back until they are told to go on, so that
nothing depends on how fast the machine is."""
import os
import re
import signal
import termios
import threading

import harness
from harness import KiB, MiB, asked_range, head, pattern, ranged, wait_for
from terminal import Pty, Screen

SLOWLY = ["-x", "2", "--timeout", "100", "--min-speed", "0"]  # the servers are slow on purpose
MAP = re.compile("[█▓▒▄·×1-9a-z]+")
FRAME = "\x1b[?25l"  # begins with hiding the cursor


class Gate:
    """A server that sends what is in the first half of the data, and the rest once open() was called."""

    def __init__(self, scene, data, first=None):
        self.opened = threading.Event()

        def handler(connection, request, number):
            if first and number == 1:
                return first(connection, request)
            top, body = ranged(data, request)
            begin, _ = asked_range(request, len(data))
            free = max(0, len(data) // 2 - begin)
            connection.sendall(top + body[:free])
            if len(body) > free:
                self.opened.wait(100)
            connection.sendall(body[free:])
            return None
        self.server = scene.raw(handler)
        self.url = self.server.url
        self.open = self.opened.set


def shows_half(name, lines):
    return any(line.startswith(name) and re.search(r" (49|50) %", line) for line in lines)


def is_right(screen):
    """The cursor is shown, at the beginning of a line, and lines wrap: as it must be at any moment that a person can see."""
    return screen.cursor() == (True, True, 0)


def test_a_line_and_a_map_become_the_report(scene):
    data = pattern(4 * MiB, 1)
    gate = Gate(scene, data)
    with Screen(scene, 100, 20) as screen:
        screen.run(gate.url("movie.mkv"), *SLOWLY)
        lines = screen.wait(lambda seen: shows_half("movie.mkv", seen) and len(seen) == 2, "a bar and a map")
        assert re.fullmatch(r"movie\.mkv  ━+╸?─+  \d\d %  \d\.\d/4\.0 MiB +[\d.]+ .?i?B/s( +[\d:]+ left)? +(1 connection|2 connections)", lines[0]), lines
        assert len(lines[1]) == 99 and MAP.fullmatch(lines[1]) and lines[1].startswith("███"), lines
        wait_for(lambda: is_right(screen), "the cursor to be back")
        gate.open()
        lines = screen.wait_for_end(0)
        assert len(lines) == 1 and lines[0].startswith("movie.mkv: 4.0 MiB in "), lines
    assert harness.read(scene.path("movie.mkv")) == data


def test_a_window_may_be_resized_and_no_line_is_wrapped(scene):
    gate = Gate(scene, pattern(4 * MiB, 1))
    with Screen(scene, 100, 20) as screen:
        screen.run(gate.url("the-name-of-it-is-a-little-long.mkv"), *SLOWLY)
        screen.wait(lambda seen: len(seen) == 2 and shows_half("...", seen), "a bar and a map")
        for columns in (20, 250, 60, 21, 100):
            screen.resize(columns, 20)
            screen.wait(lambda seen: len(seen) == 2 and re.search(r"\d\d %", seen[0]) and len(seen[1]) == columns - 1
                        and MAP.fullmatch(seen[1]), f"a line and a map of {columns} columns")
        gate.open()
        assert len(screen.wait_for_end(0)) <= 2  # wrapped, perhaps


def test_ctrl_c_and_kill_leave_the_terminal_as_it_was(scene):
    gate = Gate(scene, pattern(4 * MiB, 1))
    with Screen(scene) as screen:
        for code in (130, 143):
            screen.run(gate.url("f"), *SLOWLY)
            screen.wait(lambda seen: shows_half("f", seen), "a bar")
            if code == 130:
                screen.key("C-c")
            else:
                os.kill(screen.pid(), signal.SIGTERM)
            lines = screen.wait_for_end(code)
            assert len(lines) == 1 and lines[0].startswith("segdl: interrupted; "), lines
            wait_for(lambda: screen.cursor()[:2] == (True, True), "the cursor to be back")


def test_ctrl_z_stops_it_really_and_fg_shows_it_again(scene):
    data = pattern(4 * MiB, 1)
    gate = Gate(scene, data)
    with Screen(scene) as screen:
        screen.run(gate.url("movie.mkv"), *SLOWLY)
        screen.wait(lambda seen: shows_half("movie.mkv", seen), "a bar")
        screen.key("C-z")
        lines = screen.wait(lambda seen: seen[-1] == "$", "the shell")
        assert not any("%" in line for line in lines) and any("Stopped" in line for line in lines), lines
        assert screen.state() == "T"
        assert screen.cursor()[:2] == (True, True)
        screen.type("fg")
        lines = screen.wait(lambda seen: shows_half("movie.mkv", seen), "a bar again")
        assert sum("%" in line for line in lines) == 1, lines
        screen.key("C-z")
        screen.wait(lambda seen: seen[-1] == "$", "the shell")
        screen.type("bg")
        wait_for(lambda: screen.state() != "T", "it to go on")
        gate.open()
        lines = screen.wait(lambda seen: any("movie.mkv: 4.0 MiB in " in line for line in seen), "the report")
        assert not any("%" in line for line in lines), lines
    assert harness.read(scene.path("movie.mkv")) == data


def test_ctrl_z_stops_a_quiet_one_too(scene):
    data = pattern(4 * MiB, 1)
    gate = Gate(scene, data)
    with Screen(scene) as screen:
        screen.run("-q", gate.url("f"), *SLOWLY)
        wait_for(lambda: gate.server.requests, "a request")
        screen.key("C-z")
        wait_for(lambda: screen.state() == "T", "it to stop")
        screen.type("fg")
        wait_for(lambda: screen.state() != "T", "it to go on")
        gate.open()
        wait_for(lambda: os.path.exists(scene.path("f")), "the file", 60)
    assert harness.read(scene.path("f")) == data


def test_a_job_in_the_background_paints_nothing_until_it_comes_to_the_front(scene):
    gate = Gate(scene, pattern(4 * MiB, 1))
    with Screen(scene) as screen:
        harness.write(os.path.join(scene.directory, "list"), "\n".join(gate.url(f"f{n}") for n in range(3)).encode() + b"\nnonsense\n")
        screen.type(f"clear; {harness.BINARY} {' '.join(SLOWLY)} -i ../list &")
        # That a line of the list is wrong is told at once; then it has had its chance to paint.
        lines = screen.wait(lambda seen: any("list:4" in line for line in seen) and len(gate.server.requests) >= 2, "its message")
        assert not any(" active" in line for line in lines), lines
        screen.type("fg")
        screen.wait(lambda seen: " active" in seen[-1] and shows_half("f", seen), "its lines")
        gate.open()
        screen.wait(lambda seen: any("3 files: 12.0 MiB in " in line for line in seen), "the report")


def test_messages_stay_above_the_lines(scene):
    def cut(connection, request):
        top, body = ranged(pattern(4 * MiB, 1), request)
        connection.sendall(top + body[:300 * KiB])
        return "close"
    gate = Gate(scene, pattern(4 * MiB, 1), cut)
    missing = scene.raw(lambda c, r, n: c.sendall(head("404 No", "Content-Length: 0")))
    with Screen(scene) as screen:
        screen.run("-v", gate.url("movie.mkv"), missing.url("no"), *SLOWLY)
        lines = screen.wait(lambda seen: " active" in seen[-1] and shows_half("movie.mkv", seen), "lines for both")
        told = [line for line in lines if line.startswith("segdl: ")]
        assert any("404" in line for line in told), lines
        assert lines.index(told[-1]) < len(lines) - 2 and "1 failed  1 active  1 left" in lines[-1], lines
        gate.open()
        lines = screen.wait_for_end(4)
        assert all(line in lines for line in told) and "1 file: 4.0 MiB in" in lines[-1], lines
        assert not any(" active" in line or " % " in line for line in lines), lines


def test_more_files_than_rows_are_counted(scene):
    gate = Gate(scene, pattern(MiB, 1))
    with Screen(scene, 90, 6) as screen:
        screen.run("-j", "8", *[gate.url(f"f{n}") for n in range(8)], *SLOWLY[2:], "-x", "8")
        lines = screen.wait(lambda seen: "8 active" in seen[-1] and len(seen) == 5, "lines for all")
        assert lines[3] == "... and 5 more" and all(re.match(r"f\d  ━", line) for line in lines[:3]), lines
        assert lines[4].startswith("0 of 8 files  8 active  8 left  "), lines
        screen.resize(90, 20)
        lines = screen.wait(lambda seen: "8 active" in seen[-1] and len(seen) > 8, "a line for each")
        assert [line[:2] for line in lines[-9:-1]] == [f"f{n}" for n in range(8)], lines
        gate.open()
        assert "8 files: 8.0 MiB in " in screen.wait_for_end(0)[-1]


def frames(text):
    return text.split(FRAME)[1:]


def test_there_are_at_most_ten_pictures_a_second(scene):
    gate = Gate(scene, pattern(4 * MiB, 1))
    terminal = Pty(scene, gate.url("movie.mkv"), *SLOWLY)
    terminal.read(lambda text: len(frames(text)) > 5)
    gate.open()
    code, text, seconds = terminal.end()
    assert code == 0 and len(frames(text)) <= 10 * seconds, (seconds, text)
    assert all(frame.count("\x1b[?25h") == frame.count("\x1b[?7h") >= 1 for frame in frames(text)), text
    *_, last = text.split("\x1b[J")
    assert re.fullmatch(r"movie\.mkv: 4\.0 MiB in .*\r\n", last), text


def test_no_colours_and_no_utf8_where_they_are_not_wanted(scene):
    def shown(**environment):
        gate = Gate(scene, pattern(MiB, 1))
        terminal = Pty(scene, gate.url("f"), "-o", "\u00e4\u65e5.mkv", "--overwrite", *SLOWLY, **environment)
        terminal.read(lambda text: len(frames(text)) > 3)
        gate.open()
        code, text, _ = terminal.end()
        assert code == 0, text
        return "".join(frames(text)[:-1])
    assert "\x1b[32m━" in shown() and "\x1b[32m━" in shown(NO_COLOR="")
    plain = shown(NO_COLOR="1")
    assert not re.search(r"\x1b\[[\d;]*m", plain) and "\u00e4\u65e5.mkv  ━" in plain, plain
    ascii_only = shown(LC_ALL="C", NO_COLOR="1")
    assert ascii_only.isascii() and "??.mkv  [=" in ascii_only, ascii_only


def test_how_progress_is_shown_can_be_chosen(scene):
    def shown(*arguments, **environment):
        gate = Gate(scene, pattern(MiB, 1))
        terminal = Pty(scene, gate.url("f"), "--overwrite", *SLOWLY, *arguments, **environment)
        wait_for(lambda: gate.server.requests, "the request")
        if "bar" in arguments and not environment:
            terminal.read(frames)
        gate.open()
        code, text, _ = terminal.end()
        assert code == 0, text
        return text
    assert frames(shown("--progress", "bar"))
    for text in (shown("--progress", "plain"), shown("--progress", "none"), shown("--progress", "bar", TERM="dumb"), shown(TERM="dumb"), shown(TERM="")):
        assert "\x1b" not in text and text.endswith("\r\n") and "f: 1.0 MiB in " in text, text
    assert shown("-q", "--progress", "none") == shown("-q") == ""
    gate = Gate(scene, pattern(MiB, 1))
    process = scene.start(gate.url("f"), "--overwrite", "--progress", "bar", *SLOWLY, env={**os.environ, "TERM": "xterm"})
    shown_in_pipe = ""
    while FRAME not in shown_in_pipe:
        shown_in_pipe += process.stderr.read(1)
    gate.open()
    assert "f: 1.0 MiB in " in process.communicate(timeout=60)[1] and process.returncode == 0


def test_to_a_pipe_it_is_a_plain_line_every_few_seconds(scene):
    gate = Gate(scene, pattern(MiB, 1))
    process = scene.start(gate.url("f"), "-d", ".", *SLOWLY)
    line = process.stderr.readline()
    gate.open()
    assert re.fullmatch(r"f  \S+ KiB of 1\.0 MiB  \d\d %  .*/s.*\n", line), line
    assert re.fullmatch(r"(f  .*\n)*f: 1\.0 MiB in .*\n", process.communicate(timeout=60)[1])


def test_a_terminal_that_has_stopped_does_not_hold_downloads_up(scene):
    data = pattern(MiB, 1)
    gate = Gate(scene, data)
    terminal = Pty(scene, "-j", "1", *[gate.url(name) for name in "abc"], *SLOWLY)
    terminal.read(lambda text: len(frames(text)) > 1)
    termios.tcflow(terminal.slave, termios.TCOOFF)  # Ctrl-S
    gate.open()
    wait_for(lambda: all(os.path.exists(scene.path(name)) for name in "abc"), "all files", 60)
    assert terminal.process.poll() is None  # its last words wait
    termios.tcflow(terminal.slave, termios.TCOON)
    code, text, _ = terminal.end()
    assert code == 0 and re.search(r"3 files: 3\.0 MiB in .*\r\n$", text), text
    assert all(f"{name}: 1.0 MiB in " in text for name in "abc"), text


if __name__ == "__main__":
    harness.main()
