"""What became of a run: one letter, and why."""
import os
import stat

from row import EITHER, REFUSE, RIGHT

MEANING = {
    "R": "right: published, and the bytes are one version of the resource, whole",
    "A": "absent: nothing was published, and a message says why",
    "J": "joined as told: no validator could show the change, and the last line says how many bytes were compared",
    "W": "WRONG: something was published that is no version of the resource",
    "H": "HANG: not over within the row's bound",
    "L": "LITTER: files that should not be there",
    "C": "CRASH: ended by a signal",
    "X": "an exit code or a message that is not as documented",
    "-": "not counted: the misbehaviour was never sent",
    ".": "does not apply",
}
BETTER = {RIGHT: "R", REFUSE: "A", EITHER: "RA"}


def was_sent(row, origin):
    """By the origin's log: else the run shows nothing."""
    if row.change:
        answered = {entry["version"] for entry in origin.log if entry["head"]}
        return 2 in answered and (origin.cell.resume or 1 in answered)
    return any(entry["bad"] for entry in origin.log) or bool(origin.state.get("sent"))


def is_safe(name):
    return (0 < len(name.encode()) <= 255 and name[0] not in ".-~" and name[-1] not in ". " and "/" not in name and "\\" not in name
            and name.isprintable())


def names_in(directory):
    return sorted(os.listdir(directory))


def read(path):
    """Of a regular file; nothing else is read, a FIFO could make us wait."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return None
    with open(path, "rb") as file:
        return file.read()


def outputs(row, directory):
    """Names of what was published, and of what else is there."""
    names = names_in(directory)
    parts = {name for name in names if name.endswith((".part", ".segdl"))}
    if row.named:
        published = [name for name in names if name not in parts and is_safe(name)]
    else:
        published = [row.file] if row.file in names else []
    return published, [name for name in names if name not in published]


def kept_names(row, others):
    """What a failure may leave: the part and its journal, and those that they are to replace (doc/journal.md)."""
    of = {name.split(".part")[0].split(".segdl")[0] for name in others} if row.named else {row.file}
    return {name + ending for name in of for ending in (".part", ".segdl", ".part.old", ".segdl.old", ".part.out")}


def allowed(row, origin):
    return [origin.versions[version] for version in sorted(row.whole)] + (row.more(origin) if row.more else [])


def judge(row, origin, done, directory):
    """(letter, detail, whether that is as it should be). `done` has returncode and stderr; None stands for a hang."""
    if done is None:
        return "H", "still running", False
    published, others = outputs(row, directory)
    words = done.stderr.strip().splitlines()
    last = next((word for word in words if word.startswith("segdl: ")), words[-1] if words else "")
    if published:
        wrong = [name for name in published if read(os.path.join(directory, name)) not in allowed(row, origin)]
        if wrong and row.compared and origin.cell.resume and "after comparing" in done.stderr:
            return "J", last, True
        if wrong:
            return "W", describe_wrong(read(os.path.join(directory, wrong[0])), origin) + ": " + last, False
        if done.returncode < 0:
            return "C", f"published, and ended by signal {-done.returncode}: {last}", False
        if done.returncode != 0:
            return "X", f"published, but exit {done.returncode}: {last}", False
        if others or len(published) > 1:
            return "L", f"after success: {published + others}", False
        if os.listdir(os.path.dirname(directory)) != [os.path.basename(directory)]:
            return "L", "outside of the directory", False
        return "R", last, "R" in BETTER[row.expected(origin.cell)]
    if done.returncode < 0:
        return "C", f"absent, ended by signal {-done.returncode}: {last}", False
    if done.returncode == 0 or done.returncode not in row.codes:
        return "X", f"absent, exit {done.returncode}: {last}", False
    if not words:
        return "X", f"exit {done.returncode} without a message", False
    if not set(others) <= kept_names(row, others):
        return "L", f"after failure: {others}", False
    return "A", f"exit {done.returncode}: {last}", "A" in BETTER[row.expected(origin.cell)]


def describe_wrong(data, origin):
    """Which bytes come from where, in pieces of 4 KiB."""
    if data is None:
        return "no regular file"
    runs = []
    for at in range(0, len(data), 4096):
        piece = data[at:at + 4096]
        of = "".join(str(version) for version, whole in origin.versions.items() if whole[at:at + 4096] == piece) or "?"
        if runs and runs[-1][1] == of:
            continue
        runs.append((at, of))
    shown = ", ".join(f"from {at} v{of}" for at, of in runs[:8])
    return f"{len(data)} bytes ({shown}{', ...' if len(runs) > 8 else ''}) of {len(origin.versions[1])}"


def judge_peer(row, origin, done, directory):
    """Of another downloader: whether it is wrong and says that all is well."""
    if done is None:
        return "H", "still running", False
    words = done.stderr.strip().splitlines()
    last = words[-1] if words else ""
    path = os.path.join(directory, row.file)
    if done.returncode != 0 or not os.path.exists(path):
        return "A", f"exit {done.returncode}: {last}", True
    data = read(path)
    if data in allowed(row, origin):
        return "R", last, True
    return "W", describe_wrong(data, origin), False
