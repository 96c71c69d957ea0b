"""Which tools bench/faults runs, and how each is called.

In commands {url} is what to fetch, {file} the output, {out} its directory, {n} the number of connections. Each tool has the flags
that its manual names for resuming, for several connections and for retrying, and saves its state once a second: by default aria2
does so once a minute, axel and lftp every ten seconds, which is longer than a download takes here.
"""
import collections
import shlex
import shutil

# `many`: the command where several connections are asked for; the same as `resume` but for wget2.
Tool = collections.namedtuple("Tool", "name program part resume many")

# What axel takes from ~/.axelrc only.
AXELRC = ("save_state_interval = 1", "reconnect_delay = 1")

LFTP = ("set net:timeout 30; set net:max-retries 30; set net:reconnect-interval-base 1; set net:reconnect-interval-max 1; "
        "set xfer:disk-full-fatal yes; set pget:save-status 1s; pget -c -n {n} {url} -o {file}")


def tool(name, program, resume, part="", many=None):
    """`part`: what the name of the partial file ends with, beyond the output's."""
    return Tool(name, program, part, resume, many or resume)


def all_of(segdl):
    # -c and --chunk-size together fetch the file again and again without an end, so each is used alone.
    wget2 = tool("wget2", "wget2", "wget2 --no-config -q -c --tries=30 --waitretry=1 -P {out} {url}",
                 many="wget2 --no-config -q --tries=30 --waitretry=1 --chunk-size=1M --max-threads={n} -P {out} {url}")
    wget = tool("wget", "wget", "wget --no-config -q -c --tries=30 --waitretry=1 --retry-on-http-error=503 -P {out} {url}")
    return [
        tool("segdl", segdl, "{segdl} --no-config -q -x {n} -d {out} {url}", part=".part"),
        # Without falloc a full disk leaves it an empty control file, and the same command fails from then on.
        tool("aria2", "aria2c", "aria2c --no-conf -q -c -x{n} -s{n} -k1M --file-allocation=falloc --disk-cache=0 --auto-save-interval=1 "
             "--max-tries=30 --retry-wait=1 -d {out} {url}"),
        tool("axel", "axel", "axel -q -n {n} -o {file} {url}"),
        tool("curl", "curl", "curl -q -sS -f -C - --retry 30 --retry-delay 1 -o {file} {url}"),
        wget2 if shutil.which("wget2") or not shutil.which("wget") else wget,
        tool("lftp", "lftp", f"lftp --norc -c '{LFTP}'"),
    ]


def filled_in(command, **places):
    return [word.format(**places) for word in shlex.split(command)]


def shown(command, connections):
    """The command as a user writes it."""
    return command.format(segdl="segdl", n=connections, url="URL", out="DIR", file="FILE")
