"""One run of a row: an origin, a client, a kill and a second client if it is a resume, and the verdict."""
import dataclasses
import os
import shutil
import subprocess
import tempfile
import time

import judge
from peer import Origin, server_context

SETTLE = 0.15  # seconds that a client has to write what it has received, before it is killed


@dataclasses.dataclass
class Setting:
    """What all runs share."""

    binary: str
    ca: str
    certificate: str
    key: str
    scratch: str
    patience: float = 1  # factor of every bound: for builds with sanitizers


@dataclasses.dataclass
class Outcome:
    key: str
    cell: str
    tool: str
    letter: str
    detail: str
    fine: bool
    seconds: float
    log: list
    command: list
    stderr: str


def segdl_command(setting, origin, directory):
    row, cell = origin.row, origin.cell
    options = row.options(origin) if callable(row.options) else row.options
    name = () if row.named else ("-o", row.file)
    return [setting.binary, "--no-config", "-x", str(cell.connections), "--timeout", "3", "--connect-timeout", "3", "--retries", "2",
            "--progress", "none", "--cacert", setting.ca, "-d", directory, *name, *options, url_of(origin)]


def curl_command(setting, origin, directory):
    resume = ("-C", "-") if origin.cell.resume and origin.phase == "row" else ()
    return ["curl", "-q", "-sS", "-f", "-L", "--cacert", setting.ca, "--connect-timeout", "3", "--speed-limit", "1000", "--speed-time", "3",
            "--retry", "2", "--retry-delay", "1", *resume, "-o", os.path.join(directory, origin.row.file), url_of(origin)]


def aria2_command(setting, origin, directory):
    n = str(origin.cell.connections)
    return ["aria2c", "--no-conf", "--enable-rpc=false", "--console-log-level=error", "--summary-interval=0", "--ca-certificate",
            setting.ca, "-x", n, "-s", n, "-k", "1M", "-c", "--timeout=3", "--connect-timeout=3", "--max-tries=3", "--retry-wait=1",
            "--auto-save-interval=1", "--file-allocation=none", "--lowest-speed-limit=1K", "-d", directory, "-o", origin.row.file,
            url_of(origin)]


def wget_command(setting, origin, directory):
    resume = ("-c",) if origin.cell.resume and origin.phase == "row" else ()
    return ["wget", "--no-config", "-nv", "--ca-certificate", setting.ca, "--timeout=3", "--tries=3", "--waitretry=1", *resume,
            "-O", os.path.join(directory, origin.row.file), url_of(origin)]


COMMANDS = {"segdl": segdl_command, "curl": curl_command, "wget": wget_command, "aria2c": aria2_command}
UNFINISHED = {"segdl": "{}.part", "curl": "{}", "wget": "{}", "aria2c": "{}"}


def url_of(origin):
    return origin.row.url(origin) if origin.row.url else origin.url()


def environment():
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {**kept, "XDG_CONFIG_HOME": "/nonexistent", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}


def start(command, directory):
    return subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            errors="replace", env=environment())


def finish(process, bound):
    """What became of it within the bound; None: it still ran."""
    try:
        _, stderr = process.communicate(timeout=bound)
    except subprocess.TimeoutExpired:
        process.kill()
        return None, process.communicate()[1]
    return subprocess.CompletedProcess(process.args, process.returncode, "", stderr), stderr


def killed_run(tool, setting, origin, directory):
    """A first run against an honest origin, killed once HELD bytes were sent. Whether it left something to continue."""
    origin.begin("before")
    process = start(COMMANDS[tool](setting, origin, directory), directory)
    held = origin.held.wait(20)
    time.sleep(SETTLE if tool != "aria2c" else 1.3)
    process.kill()
    process.communicate()
    return held and os.path.exists(os.path.join(directory, UNFINISHED[tool].format(origin.row.file)))


def run_cell(row, cell, tool, setting):
    directory = tempfile.mkdtemp(dir=setting.scratch)
    output = os.path.join(directory, "out")
    os.mkdir(output)
    origin = Origin(row, cell, server_context(setting.certificate, setting.key))
    begun = time.monotonic()
    command, words = [], ""
    try:
        if cell.resume and not killed_run(tool, setting, origin, output):
            letter, detail, fine = "-", "there was nothing to continue", True
        else:
            origin.begin("row")
            command = COMMANDS[tool](setting, origin, output)
            done, words = finish(start(command, output), row.bound * setting.patience)
            letter, detail, fine = (judge.judge if tool == "segdl" else judge.judge_peer)(row, origin, done, output)
            if letter in "RA" and not judge.was_sent(row, origin):
                letter, detail, fine = "-", "never sent: " + detail, True
        return Outcome(row.key, cell.key, tool, letter, detail, fine, time.monotonic() - begun, origin.log, command, words or "")
    finally:
        origin.stop()
        shutil.rmtree(directory, ignore_errors=True)
