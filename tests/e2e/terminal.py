"""Two kinds of terminals to run the command in: tmux, whose screen can be looked at, and a bare pty, whose every byte can."""
import os
import pty
import select
import shlex
import subprocess
import time

import harness
from harness import wait_for


class Screen:
    """A terminal with a shell in it, run by tmux. The command is started by run(), and its process is known."""

    def __init__(self, scene, columns=100, rows=20, **environment):
        self.scene = scene
        environment = {"LC_ALL": "C.UTF-8", "HISTFILE": "", **environment}
        settings = [part for name, value in environment.items() for part in ("-e", f"{name}={value}")]
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, "-c", scene.out, *settings, "PS1='$ ' exec bash --norc --noprofile")
        self._pid = os.path.join(scene.directory, "pid")
        wait_for(lambda: self.lines() == ["$"], "a prompt")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._tmux("kill-server")

    def _tmux(self, *arguments):
        environment = {**os.environ, "TMUX_TMPDIR": self.scene.directory, "LC_ALL": "C.UTF-8"}
        environment.pop("TMUX", None)
        done = subprocess.run(["tmux", "-u", *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    def run(self, *arguments):
        """Starts the command on a screen that is empty but for it; says `code N` when it has ended."""
        if os.path.exists(self._pid):
            os.remove(self._pid)
        go = os.path.join(self.scene.directory, "go")
        command = " ".join(map(shlex.quote, (harness.BINARY, *arguments)))
        harness.write(go, f"echo $$ >{self._pid}.new; mv {self._pid}.new {self._pid}; exec {command}\n".encode())
        self.type("clear; sh ../go; echo code $?")
        wait_for(lambda: os.path.exists(self._pid), "the command to start")

    def type(self, text):
        self._tmux("send-keys", "-l", text)
        self.key("Enter")

    def key(self, name):
        self._tmux("send-keys", name)

    def resize(self, columns, rows):
        self._tmux("resize-window", "-x", columns, "-y", rows)

    def lines(self):
        return self._tmux("capture-pane", "-p").rstrip("\n").split("\n")

    def cursor(self):
        """Whether it is shown, whether long lines wrap, and the column it is in."""
        shown, wraps, column = self._tmux("display-message", "-p", "#{cursor_flag} #{wrap_flag} #{cursor_x}").split()
        return shown == "1", wraps == "1", int(column)

    def wait(self, condition, what):
        """Until condition(lines); the lines."""
        found = []

        def look():
            found[:] = self.lines()
            return condition(found)
        try:
            wait_for(look, what, 60)
        except AssertionError as error:
            raise AssertionError(str(error) + "; the screen:\n" + "\n".join(found)) from None
        return found

    def wait_for_end(self, code):
        """Until the command has ended like this; what it has left on the screen."""
        lines = self.wait(lambda seen: any(line.startswith("code ") for line in seen), "its end")
        end = next(i for i, line in enumerate(lines) if line.startswith("code "))
        assert lines[end] == f"code {code}", "\n".join(lines)
        return lines[:end]

    def pid(self):
        return int(harness.read(self._pid))

    def state(self):
        """Of the process: T if it is stopped."""
        return harness.read(f"/proc/{self.pid()}/stat").decode().rsplit(") ", 1)[1][0]


class Pty:
    """The command with a terminal as its standard error, of which every byte is kept. None is read but by read()."""

    def __init__(self, scene, *arguments, columns=80, rows=24, **environment):
        self.master, self.slave = pty.openpty()
        subprocess.run(["stty", "rows", str(rows), "columns", str(columns)], stdin=self.slave, check=True, timeout=20)
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [harness.BINARY, *arguments], cwd=scene.out, stdout=subprocess.DEVNULL, stderr=self.slave,
            env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **environment})
        self.bytes = b""

    def read(self, until):
        """Until until(text) is true; the text of everything so far."""
        limit = time.monotonic() + 60
        while not until(self.text()):
            assert time.monotonic() < limit, f"waited 60 s; so far {self.bytes}"
            if select.select([self.master], [], [], 0.05)[0]:
                self.bytes += os.read(self.master, 65536)
        return self.text()

    def text(self):
        return self.bytes.decode(errors="replace")

    def end(self):
        """Its exit code, all that it has written, and how long it has run."""
        self.read(lambda _: self.process.poll() is not None)
        seconds = time.monotonic() - self.begun
        os.close(self.slave)
        try:
            while part := os.read(self.master, 65536):
                self.bytes += part
        except OSError:  # how a terminal says that nobody writes any more
            pass
        os.close(self.master)
        return self.process.returncode, self.text(), seconds
