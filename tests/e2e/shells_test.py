"""Completions in the shells themselves, and the manual page as groff reads it."""
import os
import pty
import subprocess

import harness
from harness import BINARY, wait_for

BASH = r"""
bind -x '"\C-g": printf "%s\n" "$READLINE_LINE" >> "$ANSWERS"'
source ../segdl.bash
"""
ZSH = r"""
autoload -Uz compinit; compinit -u -D
answer() { print -r -- "$BUFFER" >> $ANSWERS }
zle -N answer; bindkey '^G' answer; bindkey '^U' kill-whole-line
source ../_segdl
"""


class Shell:
    """An interactive one on a terminal of its own, whose ^G writes the line that is being edited to a file."""

    def __init__(self, scene, arguments, setup):
        self.answers = os.path.join(scene.directory, arguments[0] + ".answers")
        rc = os.path.join(scene.directory, arguments[0] + "rc")
        harness.write(rc, setup.encode())
        harness.write(self.answers, b"")
        ours, theirs = pty.openpty()
        self.terminal = ours
        environment = {"PATH": os.environ["PATH"], "HOME": scene.directory, "ZDOTDIR": scene.directory, "TERM": "dumb", "ANSWERS": self.answers}
        self.process = subprocess.Popen(arguments, cwd=scene.out, env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
                                        start_new_session=True)
        os.close(theirs)
        self.type(f". {rc}\n")
        wait_for(lambda: self.type("ready\a\x15") and "ready" in self.lines(), "the shell to read lines")

    def type(self, keys):
        os.write(self.terminal, keys.encode())
        os.set_blocking(self.terminal, False)
        try:
            while os.read(self.terminal, 65536):
                pass
        except BlockingIOError:
            pass
        os.set_blocking(self.terminal, True)
        return True

    def lines(self):
        return harness.read(self.answers).decode().splitlines()

    def complete(self, text):
        """The line after this was typed, and a tab."""
        mark = f"mark{len(self.lines())}"
        self.type(f"\x15{text}\t\a\x15{mark}\a\x15")
        wait_for(lambda: mark in self.lines(), f"an answer to {text}")
        return [line for line in self.lines()[:self.lines().index(mark)] if line != "ready"][-1]

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)


def write_scripts(scene):
    """And files to complete."""
    for shell, name in (("bash", "segdl.bash"), ("zsh", "_segdl"), ("fish", "segdl.fish")):
        harness.write(os.path.join(scene.directory, name), scene.get("completion", shell).stdout.encode())
        subprocess.run([shell, "-n", os.path.join(scene.directory, name)], check=True, timeout=60)
    os.mkdir(scene.path("folder"))
    for name in ("file.txt", "movie.mkv.part", "movie.mkv.segdl"):
        harness.write(scene.path(name), b"")


# What is typed before a tab, and what stands there then.
LINES = [
    ("segdl --sync n", "segdl --sync none "),
    ("segdl --sync=n", "segdl --sync=none "),
    ("segdl -x a", "segdl -x auto "),
    ("segdl --skip", "segdl --skip-existing "),
    ("segdl -q -o fi", "segdl -q -o file.txt "),
    ("segdl -d f", "segdl -d folder/"),
    ("segdl -H @fi", "segdl -H @file.txt "),
    ("segdl --user=@fi", "segdl --user=@file.txt "),
    ("segdl stat", "segdl status "),
    ("segdl status --j", "segdl status --json "),
    ("segdl completion z", "segdl completion zsh "),
]


def check_lines(shell, *more):
    try:
        for typed, expected in (*LINES, *more):
            found = shell.complete(typed)
            assert found == expected, f"{typed!r} became {found!r}"
    finally:
        shell.close()


def test_bash_completes(scene):
    write_scripts(scene)
    check_lines(Shell(scene, ["bash", "--norc", "--noprofile", "-i"], BASH), ("segdl status m", "segdl status movie.mkv "))


def test_zsh_completes(scene):
    write_scripts(scene)
    check_lines(Shell(scene, ["zsh", "-f", "-i"], ZSH), ("segdl status m", "segdl status movie.mkv"))


def test_fish_completes(scene):
    write_scripts(scene)
    script = "source ../segdl.fish\n" + "".join(f"echo '> {typed}'; complete -C '{typed}'\n" for typed, _ in (*LINES, ("segdl status m", "")))
    done = subprocess.run(["fish", "-N", "-c", script], cwd=scene.out, env={**os.environ, "HOME": scene.directory}, capture_output=True, text=True,
                          timeout=60, check=True)
    offers = {}
    for line in done.stdout.splitlines():
        if line.startswith("> "):
            offers[line[2:]] = offers["last"] = []
        else:
            offers["last"].append(line.split("\t")[0])
    for typed, expected in LINES:
        assert offers[typed] == [expected.split()[-1]], (typed, offers[typed])
    assert "movie.mkv" in offers["segdl status m"]


def test_the_manual_page_is_clean(scene):
    page = scene.get("man").stdout
    done = subprocess.run(["groff", "-man", "-ww", "-Tutf8"], input=page, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == "", done.stderr
    for name in ("NAME", "SYNOPSIS", "OPTIONS", "EXIT STATUS", "FILES"):
        assert name in page, name


def test_a_wrong_shell_is_told(scene):
    for arguments in (["completion"], ["completion", "tcsh"], ["completion", "bash", "zsh"], ["man", "x"]):
        done = scene.get(*arguments, code=2)
        assert done.stdout == "" and done.stderr.startswith("segdl: "), (arguments, done)
    assert "bash, zsh or fish" in scene.get("completion", "--help").stdout
    with open("/dev/full", "wb") as full:
        assert subprocess.run([BINARY, "man"], stdout=full, stderr=subprocess.DEVNULL, check=False).returncode == 7


if __name__ == "__main__":
    harness.main()
