"""Shows that tools/plug sees what it is there to see: rules of the design are broken in a scratch copy, and violations must follow.

The rules are those of tools/mutate. The scratch copy is an overlay at the tree's own place, in the mount namespace of this process: the build goes on from
what is built, and nothing in the tree is touched.
"""
import importlib.machinery
import importlib.util
import os
import subprocess
import sys

import plug_calls as calls
import plug_disks as disks
import plug_power as power
from plug_scenes import SCENES

# The rule as tools/mutate names it, the part, the kind of file system, the scenes, and what must be seen in one state at least, and in none while it holds.
RULES = [
    ("no sync before rename (J7)", "power", "ext4", ("large", "overwrite"), ("wrong bytes", "told, and gone", "claims lost")),
    ("directory sync of a batch left out (J7)", "power", "ext4", ("small", "list"), ("told, and gone",)),
    ("journal removed before rename (J7)", "syscalls", "ext4", ("large-1",), ("stuck: exit 10",)),
    ("bit before write (J3)", "syscalls", "ext4", ("large-1",), ("claims lost",)),
]
BUILD_SECONDS = 600


def mutations(root):
    loader = importlib.machinery.SourceFileLoader("mutate", os.path.join(root, "tools", "mutate"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutate", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return {entry[0]: entry[1:4] for entry in module.MUTATIONS}


def build(directory):
    done = subprocess.run(["cmake", "--build", directory, "--target", "segdl"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=BUILD_SECONDS, check=False)
    if done.returncode != 0:
        raise AssertionError(f"does not build: {done.stdout[-2000:]}")


def seen_in(tools, rule, table):
    """How many states there were, and the first words for each kind of violation that the rule is known by."""
    _, part, kind_name, scenes, known_by = rule
    if part == "power":
        kind = next(kind for kind in disks.KINDS if kind.name == kind_name)
        for scene in [scene for scene in SCENES if scene.name in scenes]:
            power.run_cell(tools, kind, scene, table)
    else:
        calls.run_part(tools, part, scenes, table)
    return table.totals(part)[0], {violation: words for (_, violation), (_, _, words) in table.violations.items() if violation in known_by}


def copy_of(root, scratch):
    """Lays a scratch copy over the tree, for this process and its children."""
    upper, work = (os.path.join(scratch, name) for name in ("upper", "work"))
    os.mkdir(upper)
    os.mkdir(work)
    disks.mount("overlay", root, "overlay", f"lowerdir={root},upperdir={upper},workdir={work}")


def run(tools, root, new_table, say):
    if not tools.segdl.startswith(root + "/"):
        raise disks.Unable("the command must be one that was built in this tree")
    known = mutations(root)
    copy_of(root, tools.scratch)
    os.chdir(root)  # the directory of the same name that lies on top
    directory = os.path.dirname(tools.segdl)
    build(directory)
    missed = 0
    try:
        for rule in RULES:
            path, old, new = known[rule[0]]
            full = os.path.join(root, path)
            with open(full, encoding="utf-8") as file:
                text = file.read()
            if text.count(old) != 1:
                raise AssertionError(f"{rule[0]}: the text to change is not there exactly once in {path}")
            _, sound = seen_in(tools, rule, new_table())
            if sound:
                raise AssertionError(f"{rule[0]}: seen although it holds: {sound}")
            put(full, text.replace(old, new))
            build(directory)
            states, seen = seen_in(tools, rule, new_table())
            put(full, text)
            build(directory)
            missed += not seen
            say(f"{'seen' if seen else 'MISSED'}: {rule[0]}, in {states} states of {rule[1]}")
            for violation, words in seen.items():
                say(f"  {violation}: {words}")
    finally:
        os.chdir("/")
        disks.unmount(root)
    say(f"{len(RULES) - missed} seen, {missed} missed, seed {tools.seed}")
    return 1 if missed else 0


def put(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
