"""What the measuring programs of this folder share: facts about machine and versions, the environment of a run, comparing files."""
import datetime
import os
import platform
import re
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
RESULTS = os.path.join(HERE, "results")
SEGDL = os.environ.get("SEGDL_BINARY") or os.path.join(ROOT, "build/bench/segdl")
MiB = 1024 ** 2


def first_line(command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20, check=False)
        return done.stdout.strip().split("\n")[0]
    except OSError:
        return "missing"


def version_of(command):
    found = re.search(r"\d+\.\d[\w.]*", first_line(command))
    return found[0] if found else "missing"


def source():
    """The last commit that changed what segdl is built from: "12e26e5", with "-dirty" if something of it is not committed."""
    built_from = ("--", "CMakeLists.txt", "CMakePresets.json", "cmake", "include", "src")
    commit = first_line(["git", "-C", ROOT, "log", "-1", "--format=%h", *built_from])
    return commit + ("-dirty" if first_line(["git", "-C", ROOT, "status", "--porcelain", *built_from]) else "")


def facts(segdl, peers, directory):
    """Machine, system, commit and versions, for the header of a result. `directory`: where the outputs are."""
    with open("/proc/cpuinfo", encoding="utf-8") as cpus, open("/proc/meminfo", encoding="utf-8") as memory:
        model = re.search(r"model name\s*: (.*)", cpus.read())
        gigabytes = int(re.search(r"MemTotal:\s*(\d+)", memory.read())[1]) / 1024 ** 2
    versions = {name: version_of([name, "--version"]) for name in peers}
    versions["nginx"] = version_of(["nginx", "-v"])
    versions["segdl"] = version_of([segdl, "--version"])
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{model[1] if model else platform.machine()}, {os.cpu_count()} CPUs, {gigabytes:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "source": source(),
        "file_system": first_line(["stat", "-f", "-c", "%T", directory]),
        "versions": versions,
        "load_before": os.getloadavg()[0],
    }


def described(header):
    """The header in two lines."""
    versions = ", ".join(f"{name} {version}" for name, version in sorted(header["versions"].items()))
    return (f"{header['machine']}; {header['system']}; {header['file_system']}; load {header['load_before']:.1f}\n"
            f"{versions}; segdl from {header['source']}; {header['rounds']} rounds, seed {header['seed']}")


def environment(home, axelrc=()):
    """Without proxies and without the user's configuration, but with the settings axel takes from a file only."""
    os.makedirs(home)
    with open(os.path.join(home, ".axelrc"), "w", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in ("buffer_size = 262144", *axelrc)))
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return {**kept, "HOME": home, "LC_ALL": "C"}


def same(a, b):
    with open(a, "rb") as left, open(b, "rb") as right:
        while True:
            x, y = left.read(MiB), right.read(MiB)
            if x != y:
                return False
            if not x:
                return True
