"""Facts about the machine, the build and what else was going on: all that a reader
needs to judge a figure, and nothing that names the machine or its owner."""

import os
import re
import resource
import subprocess
import time
from pathlib import Path

CPU_FOLDER = Path("/sys/devices/system/cpu")


def _output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True,
                              env={**os.environ, "LC_ALL": "C"}).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def _content(path):
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _known(facts):
    return {name: fact for name, fact in facts.items() if fact not in ("", None, {})}


def machine_facts(folder):
    """`folder` is on the disk that is measured."""
    cpu = {}
    for line in _output("lscpu").splitlines():
        key, _, value = line.partition(":")
        cpu[key.strip()] = value.strip()
    memory = re.search(r"MemTotal:\s+(\d+) kB", _content("/proc/meminfo"))
    release = re.search(r'^PRETTY_NAME="?([^"\n]*)', _content("/etc/os-release"), re.MULTILINE)
    huge_pages = re.search(r"\[(\w+)\]", _content("/sys/kernel/mm/transparent_hugepage/enabled"))
    system = os.uname()
    return _known({
        "cpu": cpu.get("Model name", system.machine),
        "architecture": system.machine,
        "cores": int(cpu.get("CPU(s)", os.cpu_count())),
        "threads_per_core": int(cpu.get("Thread(s) per core", 1)),
        "hypervisor": cpu.get("Hypervisor vendor"),
        "caches": _known({level: cpu.get(f"{level} cache") for level in ("L1d", "L2", "L3")}),
        "cpu_flags": cpu.get("Flags"),
        "governor": _content(CPU_FOLDER / "cpu0/cpufreq/scaling_governor"),
        "huge_pages": huge_pages and huge_pages[1],
        "memory_gib": memory and round(int(memory[1]) / 2**20, 1),
        "kernel": f"{system.sysname} {system.release}",
        "distribution": release and release[1],
        **_disk_facts(folder),
    })


def _disk_facts(folder):
    mount = _output("findmnt", "--noheadings", "--raw", "--output", "FSTYPE,OPTIONS",
                    "--target", str(folder)).split()
    device = os.stat(folder).st_dev
    block = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    if block.exists():
        block = block.resolve()
        if not (block / "queue").exists():  # a partition
            block = block.parent
    return {
        "file_system": mount[0] if mount else "",
        "mount_options": mount[1] if len(mount) > 1 else "",
        "disk": _known({
            "model": _content(block / "device/model"),
            "rotational": {"0": False, "1": True}.get(_content(block / "queue/rotational")),
            "write_cache": _content(block / "queue/write_cache"),
        }),
    }


def build_facts(root, build_folder):
    cache = dict(re.findall(r"^(\w+):\w+=(.*)$", _content(build_folder / "CMakeCache.txt"),
                            re.MULTILINE))
    compiler = "\n".join(_content(file)
                         for file in build_folder.glob("CMakeFiles/*/CMakeCXXCompiler.cmake"))
    compiler = dict(re.findall(r'^set\(CMAKE_CXX_COMPILER_(ID|VERSION) "(.*)"\)', compiler,
                               re.MULTILINE))
    build_type = cache.get("CMAKE_BUILD_TYPE", "")
    flags = [cache.get("CMAKE_CXX_FLAGS", ""),
             cache.get(f"CMAKE_CXX_FLAGS_{build_type.upper()}", "")]
    changed = _output("git", "-C", str(root), "status", "--porcelain", "--untracked-files=no")
    return _known({
        "type": build_type,
        "compiler": f"{compiler.get('ID', '?')} {compiler.get('VERSION', '?')}",
        "flags": " ".join(flags).strip(),
        "sanitize": cache.get("RP_SANITIZE"),
        "commit": _output("git", "-C", str(root), "rev-parse", "--short=12", "HEAD").strip(),
        "changed_since_commit": bool(changed),
    })


def choose_cores():
    """Two cores: the actor and its caller each need one.

    The last ones, since the first gets most interrupts; not two threads of one core; and
    of one last-level cache, where requests and answers pass without the memory between.
    """
    available = sorted(os.sched_getaffinity(0), reverse=True)
    first = available[0]

    def cost(core):
        shares_cache = _content(CPU_FOLDER / f"cpu{core}/cache/index3/id") == \
            _content(CPU_FOLDER / f"cpu{first}/cache/index3/id")
        siblings = [_content(CPU_FOLDER / f"cpu{either}/topology/core_cpus_list")
                    for either in (core, first)]
        is_same_core = siblings[0] != "" and siblings[0] == siblings[1]
        return (is_same_core, not shares_cache, -core)

    return sorted([first, *sorted(available[1:], key=cost)[:1]])


class Disturbance:
    """Watches, from its making on, how much of the machine others take."""

    def __init__(self):
        self._load_before = os.getloadavg()[0]
        self._begin = _cpu_times()

    def facts(self):
        begin, end = self._begin, _cpu_times()
        seconds = max(end["at"] - begin["at"], 1e-9)
        own = end["own"] - begin["own"]
        return {
            "load_before": round(self._load_before, 2),
            "load_after": round(os.getloadavg()[0], 2),
            # In cores: 1 is as much as one core can do.
            "cores_taken_by_others": round(max(0, end["busy"] - begin["busy"] - own) / seconds, 3),
            "cores_taken_by_hypervisor": round((end["stolen"] - begin["stolen"]) / seconds, 3),
        }


def _cpu_times():
    """In seconds of CPU time: of all, stolen by other guests, and of this script's children."""
    ticks = os.sysconf("SC_CLK_TCK")
    fields = _content("/proc/stat").split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, interrupt, soft_interrupt, stolen = \
        (int(field) / ticks for field in (fields + ["0"] * 8)[:8])
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    own = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    return {"at": time.monotonic(), "own": own, "stolen": stolen,
            "busy": user + nice + system + interrupt + soft_interrupt}


def others_now(seconds=1.0):
    """How many cores are busy while this script only waits."""
    watch = Disturbance()
    time.sleep(seconds)
    return watch.facts()["cores_taken_by_others"]
