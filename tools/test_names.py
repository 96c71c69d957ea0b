#!/usr/bin/env python3
"""Finds the tests that a name means: a folder of tests/, a test, a file with test cases, or a path of the tree.

Usage: tools/test_names.py BUILD_DIRECTORY NAME...
       tools/test_names.py --self-test

BUILD_DIRECTORY is configured; nothing needs to be built. Prints a line for each test, with one of
  check NAME            needs nothing built
  unit NAME TARGET      a program of TARGET
  part TARGET SOURCE    the cases of one source of that program
  e2e NAME              runs the command
  timed NAME            runs the command, and measures times
Exits with 2 and names what is near if a name means nothing.
"""
import difflib
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# A path whose tests are not in the folder of the same name -> where they are.
ELSEWHERE = {
    "bench": ["lint"],
    "cmake": ["e2e/install"],
    "doc": ["lint"],
    "examples": ["e2e/install"],
    "include": ["batch", "engine"],
    "src/seams": ["contract"],
    "tests/support": ["contract", "engine"],
    "tools": ["lint"],
}
# What else shows that the sources of a folder are right.
ALSO = {"src/io": ["contract"], "src/engine/store": ["fault"]}

NOT_FOLDERS = {"timed", "lint", "waits"}


class Test:
    def __init__(self, name, labels):
        self.name, self.labels = name, set(labels)
        self.stem = re.sub(r"^(e2e|fuzz)\.|_test$", "", name)
        self.folders = self.labels - NOT_FOLDERS

    def line(self):
        if "lint" in self.labels:
            return f"check {self.name}"
        if "e2e" in self.labels:
            return f"timed {self.name}" if "timed" in self.labels else f"e2e {self.name}"
        target = f"{self.stem}_fuzz" if self.name.startswith("fuzz.") else self.name
        return f"unit {self.name} {target}"


class Tests:
    """All tests; `parts` is [(target, source below tests/)]; `exists` says whether a path is there, in the tree."""

    def __init__(self, tests, parts, exists):
        self.tests, self.parts, self.exists = tests, parts, exists
        self.labels = {label for test in tests for label in test.labels}

    def lines_of(self, name):
        path = re.sub(r"^(\./)+|/+$", "", name)
        if path.startswith("src/") or any(within(path, top) for top in ELSEWHERE):
            return self.lines_of_path(path) if self.exists(path) else []
        path = path.removeprefix("tests/")
        if path in self.labels:
            return [test.line() for test in self.tests if path in test.labels]
        folder, _, stem = re.sub(r"\.(cpp|py|h)$", "", path).rpartition("/")
        stem = stem.removesuffix("_test")
        programs = [test for test in self.tests
                    if path == test.name or stem == test.stem and (not folder or folder in test.folders)]
        whole = {test.name for test in programs}
        return [test.line() for test in programs] + [
            f"part {target} {source}" for target, source in self.parts
            if target not in whole and os.path.basename(source) == f"{stem}_test.cpp" and (not folder or within(source, folder))]

    def lines_of_path(self, path):
        for top in sorted(ELSEWHERE, key=len, reverse=True):
            if within(path, top):
                return [line for other in ELSEWHERE[top] for line in self.lines_of(other)]
        folder = path.removeprefix("src/")
        while folder and folder not in self.labels:
            folder = os.path.dirname(folder)
        also = [other for top, others in ALSO.items() if within(path, top) for other in others]
        return [line for label in ([folder] if folder else []) + also for line in self.lines_of(label)]

    def near(self, name):
        known = set(self.labels)
        for test in self.tests:
            known |= {f"{folder}/{test.stem}" for folder in test.folders} | {test.name}
        known |= {source.removesuffix("_test.cpp") for _, source in self.parts}
        name = re.sub(r"^(\./)+|^(tests|src)/|/+$|(_test)?\.(cpp|py|h)$", "", name)
        last = os.path.basename(name)
        close = difflib.get_close_matches(name, sorted(known), 6, 0.6)
        close += [k for k in sorted(known) if last in k or difflib.get_close_matches(last, [os.path.basename(k)], 1, 0.75)]
        return list(dict.fromkeys(close))[:8] or sorted(self.labels)


def within(path, folder):
    return path == folder or path.startswith(folder + "/")


def read(build):
    listed = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True, capture_output=True, text=True).stdout
    tests = [Test(test["name"], [label for p in test["properties"] if p["name"] == "LABELS" for label in p["value"]])
             for test in json.loads(listed)["tests"]]
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        compiled = [(command["file"], command["command"]) for command in json.load(file)]
    parts, names = [], {test.name for test in tests}
    for source, command in compiled:
        target = re.search(r"CMakeFiles/([\w.-]+)\.dir/", command)
        source = os.path.relpath(source, os.path.join(ROOT, "tests"))
        if target and target[1] in names and not source.startswith(".."):
            parts.append((target[1], source))
    return Tests(tests, parts, lambda path: os.path.exists(os.path.join(ROOT, path)))


def self_test():
    tree = {"src/core/http", "src/core/http/url.cpp", "src/core/text.h", "src/io/net/x.cpp", "src/seams/clock.h", "include/segdl/task.h",
            "src/cli", "tools/test"}
    tests = Tests([Test("tree", ["lint"]), Test("core_test", ["core/http", "core"]), Test("io_test", ["io"]), Test("clocks", ["contract"]),
                   Test("links_test", ["engine", "engine/store"]), Test("e2e.links_test", ["e2e"]), Test("e2e.install_test", ["e2e"]),
                   Test("e2e.list_test", ["e2e", "timed"]), Test("fuzz.url", ["fuzz"])],
                  [("core_test", "core/http/url_test.cpp"), ("links_test", "engine/store/links_test.cpp")], tree.__contains__)
    core, links, contract = ["unit core_test core_test"], ["unit links_test links_test"], ["unit clocks clocks"]
    part, fuzz = ["part core_test core/http/url_test.cpp"], ["unit fuzz.url url_fuzz"]
    cases = {
        "lint": ["check tree"], "tools/test": ["check tree"], "core": core, "core/http": core, "tests/core/http/": core, "core_test": core,
        "src/core/http": core, "src/core/http/url.cpp": core, "./src/core/text.h": core, "src/core/none.h": [], "src/cli": [],
        "src/io/net/x.cpp": ["unit io_test io_test"] + contract, "src/seams/clock.h": contract, "include/segdl/task.h": links,
        "engine/store/links": links, "engine/links": links, "engine/store": links, "links": links + ["e2e e2e.links_test"],
        "e2e/links": ["e2e e2e.links_test"], "e2e.links_test": ["e2e e2e.links_test"], "tests/e2e/links_test.py": ["e2e e2e.links_test"],
        "list": ["timed e2e.list_test"], "url": fuzz + part, "core/url": part, "tests/core/http/url_test.cpp": part, "fuzz/url": fuzz, "lnks": [],
    }
    failed = [f"{name}: {tests.lines_of(name)}" for name, expected in cases.items() if tests.lines_of(name) != expected]
    if "engine/links" not in tests.near("engine/lnks") or "core/http" not in tests.near("htp"):
        failed.append(f"near: {tests.near('engine/lnks')} {tests.near('htp')}")
    print("\n".join(failed + [f"{len(cases) + 1 - len(failed)} passed, {len(failed)} failed"]))
    return 1 if failed else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    tests, lines, status = read(sys.argv[1]), [], 0
    for name in sys.argv[2:]:
        found = tests.lines_of(name)
        if not found:
            print(f"tools/test: unknown name '{name}'; near it: {', '.join(tests.near(name))}", file=sys.stderr)
            status = 2
        lines += found
    if status == 0:
        print("\n".join(dict.fromkeys(lines)))
    return status


if __name__ == "__main__":
    sys.exit(main())
