"""The scenes of bench/faults: each runs one tool, does something to its download, and returns what became of it, {row: Cell}.

A verdict compares the bytes on disk with those on the server; what the tool reports is only its exit code.
"""
import collections
import os
import subprocess

KiB = 1024
BLOCK = 4 * KiB

# `ratio`: bytes that travelled / size of the file, where the row shows that
Cell = collections.namedtuple("Cell", "verdict ratio", defaults=(None,))

PATIENCE = 45  # seconds for a run: several times what any tool needs to fetch the whole file

# Verdicts, worst last, and what they mean. "exit" is followed by the exit code.
VERDICTS = {
    "right": "exit code 0, every byte as on the server",
    "exit": "failed with this exit code",
    "refused": "non-zero exit code: the new version was noticed",
    "gave up": "non-zero exit code, though the file was available",
    "hung": f"still running after {PATIENCE} s",
    "spliced": "exit code 0, bytes of both versions in one file",
    "wrong": "exit code 0, but bytes differ from the server's or are missing",
}


def blocks(path):
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            yield block


def verdict(trial, run, refusal="gave up"):
    """Of the last run: the file beside what the server has now."""
    if run.end == "hung":
        return "hung"
    if run.exit != 0:
        return refusal
    return difference(trial)


def difference(trial):
    if not os.path.exists(trial.file):
        return "wrong"
    got, now, before = (list(blocks(path)) for path in (trial.file, trial.served, trial.served_before))
    if got == now:
        return "right"
    mixed = any(a == b != c for a, b, c in zip(got, before, now)) and any(a == c != b for a, b, c in zip(got, before, now))
    return "spliced" if mixed else "wrong"


def replaced(row, content):
    def scene(trial):
        """Killed in the middle; another version under the same URL; the same command again."""
        if failed := trial.run_and_kill(0.5):
            return {row: Cell(failed)}
        trial.serve(content)
        return {row: Cell(verdict(trial, trial.run(PATIENCE), "refused"))}
    return scene


def killed(trial):
    """kill -9 after each quarter of the file's size has travelled, three times; then to the end."""
    for _ in range(3):
        if failed := trial.run_and_kill(0.25):
            return {"kills": Cell(failed)}
    end = verdict(trial, trial.run(PATIENCE))
    return {"kills": Cell(end), "kills_bytes": Cell(end, trial.travelled() if end == "right" else None)}


def finished_region(trial):
    """The longest run of blocks in the partial file that are as on the server: (begin, end) in bytes."""
    longest, begin, place = (0, 0), 0, 0
    for ours, theirs in zip(blocks(trial.part), blocks(trial.served)):
        place += len(ours)
        if ours != theirs:
            begin = place
        elif place - begin > longest[1] - longest[0]:
            longest = begin, place
    return longest


def flipped(row, offset_in):
    def scene(trial):
        """Killed in the middle; a byte that had been fetched is changed on disk; the same command again."""
        if failed := trial.run_and_kill(0.5):
            return {row: Cell(failed)}
        region = finished_region(trial)
        if region[0] == region[1]:
            return {row: Cell("gave up")}
        offset = offset_in(*region)
        with open(trial.part, "r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ 0xff]))
        trial.note(flipped=offset, region=region)
        return {row: Cell(verdict(trial, trial.run(PATIENCE)))}
    return scene


def full_disk(trial):
    """On a disk of half the file's size; then the disk grows, and the same command again."""
    size = os.path.getsize(trial.served)
    mount(trial.out, f"size={size // 2}")
    try:
        first = trial.run(PATIENCE)
        full = Cell("hung" if first.end == "hung" else f"exit {first.exit}" if first.exit else difference(trial))
        mount(trial.out, f"remount,size={4 * size}")
        end = verdict(trial, trial.run(PATIENCE))
        return {"full": full, "space": Cell(end), "space_bytes": Cell(end, trial.travelled() if end == "right" else None)}
    finally:
        subprocess.run(["umount", "-l", trial.out], check=True)


def mount(directory, options):
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", directory], check=True, capture_output=True)


def few_connections(row):
    def scene(trial):
        """The server takes two at a time, and refuses the others, while eight are asked for."""
        end = verdict(trial, trial.run(PATIENCE))
        trial.note(refused=trial.refused())
        return {row: Cell(end)}
    return scene


# `limit`: None, or how the third connection is refused: by "503" or by "reset". `connections`: how many the tool is asked for.
Scene = collections.namedtuple("Scene", "name play connections limit needs_root", defaults=(4, None, False))

SCENES = [
    Scene("same-size", replaced("same_size", "same size")),
    Scene("other-size", replaced("other_size", "other size")),
    Scene("kills", killed),
    Scene("flip-inside", flipped("flip_inside", lambda begin, end: (begin + end) // 2)),
    Scene("flip-edge", flipped("flip_edge", lambda begin, end: end - 1)),
    Scene("full-disk", full_disk, needs_root=True),
    Scene("few-503", few_connections("few_503"), 8, "503"),
    Scene("few-reset", few_connections("few_reset"), 8, "reset"),
]

# The rows of the table, in their order: what they are called, and which verdicts are no fault of the tool's.
Row = collections.namedtuple("Row", "label good", defaults=(("right",),))
ROWS = {
    "same_size": Row("replaced, same size", ("right", "refused")),
    "other_size": Row("replaced, another size", ("right", "refused")),
    "kills": Row("`kill -9` three times"),
    "kills_bytes": Row("- bytes fetched / size"),
    "flip_inside": Row("byte flipped, inside"),
    "flip_edge": Row("byte flipped, at the edge"),
    "full": Row("disk full", ("exit",)),
    "space": Row("- space made, run again"),
    "space_bytes": Row("- bytes fetched / size"),
    "few_503": Row("2 connections, then 503"),
    "few_reset": Row("2 connections, then reset"),
}
