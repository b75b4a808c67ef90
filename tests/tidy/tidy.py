#!/usr/bin/env python3
"""The rules of this source tree that no compiler checks.

Usage: tidy.py [ROOT]

Prints one line for each broken rule, `file:line: what is wrong`, and exits with
1 if there is any. tidy_test.py shows that every rule can fail.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

FILE_BYTES_MAX = 600 * 1000

# Core runs in a browser too: no files, threads, clocks, entropy or console, and
# nothing that libc++ 13 lacks.
NOT_IN_CORE = {
    "chrono", "condition_variable", "execution", "expected", "fcntl.h", "filesystem",
    "format", "fstream", "future", "iostream", "mutex", "pthread.h", "random", "semaphore",
    "shared_mutex", "stop_token", "syncstream", "thread", "unistd.h",
}
# Its segments may be removed by a snapshot thread, like those of any storage.
CORE_EXCEPTIONS = {("core/include/rewardpool/memory_storage.h", "mutex")}
CEREAL_FILES = {"core/src/codec_cereal.cc"}

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
# Paths that exist on one machine only.
MACHINE_PATH = re.compile(r"(?<![\w.{}$~-])/(?:home|Users|root|work|mnt|tmp/wt)/\w")
MARKDOWN_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")

CXX_SUFFIXES = {".h", ".cc", ".inc"}
BINARY_SUFFIXES = {".png", ".ico", ".wasm", ".wal", ".snap", ".bin"}


def source_files(root):
    """Every file that is, or is about to be, under version control."""
    listing = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=False)
    if listing.returncode == 0:
        names = [name for name in listing.stdout.decode().split("\0") if name]
        return sorted(name for name in names if (root / name).is_file())
    names = []
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = [s for s in subfolders if s not in {"build", "node_modules", ".git"}]
        names += [(Path(folder) / file).relative_to(root).as_posix() for file in files]
    return sorted(names)


def is_binary(name, content):
    # Seeds of the fuzzers and golden files hold any bytes.
    return (Path(name).suffix in BINARY_SUFFIXES or b"\0" in content
            or name.startswith(("tests/golden/", "tests/fuzz/corpus/")))


def check_size(name, content):
    if len(content) > FILE_BYTES_MAX:
        yield 1, f"{len(content)} bytes; the limit is {FILE_BYTES_MAX}"


def check_text(name, text):
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "no newline at the end of the file"
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            yield number, "white space at the end of the line"
        if "\t" in line and Path(name).name != "Makefile":
            yield number, "a tab"
        if UNFINISHED.search(line):
            yield number, "a note on unfinished work; finish it or write an issue"
        if MACHINE_PATH.search(line):
            yield number, "an absolute path of one machine"


def check_includes(name, text):
    in_core = name.startswith("core/")
    portable = name.startswith(("core/include/", "core/src/"))
    for number, line in enumerate(text.split("\n"), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        header = match.group(1)
        if portable and header in NOT_IN_CORE and (name, header) not in CORE_EXCEPTIONS:
            yield number, f"core must not include <{header}>"
        if in_core and header.startswith("rewardpool/native/"):
            yield number, "core must not know native"
        if header.startswith("cereal/") and name not in CEREAL_FILES:
            yield number, f"only {', '.join(sorted(CEREAL_FILES))} may know cereal"


def check_header(name, text):
    stem = re.sub(r"\W", "_", Path(name).stem).upper()
    lines = text.split("\n")
    if not lines[0].startswith(f"// {Path(name).name} - "):
        yield 1, f"a header begins with `// {Path(name).name} - what it is`"
    match = re.search(r"^#ifndef (\w+)\n#define (\w+)$", text, re.MULTILINE)
    if not match or match.group(1) != match.group(2):
        yield 1, "no include guard"
    elif not re.fullmatch(rf"REWARDPOOL_(?:[A-Z0-9]+_)*{stem}_H_", match.group(1)):
        yield text[:match.start()].count("\n") + 1, f"the guard must be REWARDPOOL_..._{stem}_H_"


def check_links(root, name, text):
    for number, line in enumerate(text.split("\n"), 1):
        for target in MARKDOWN_LINK.findall(line):
            if "://" in target or target.startswith("mailto:"):
                continue
            if not (root / name).parent.joinpath(target).exists():
                yield number, f"a link to {target}, which does not exist"


def check_all_built(names, texts):
    """A source file that no CMakeLists.txt mentions is never compiled."""
    listed = "\n".join(text for name, text in texts.items()
                       if Path(name).name == "CMakeLists.txt" or Path(name).suffix == ".cmake")
    for name in names:
        if Path(name).suffix == ".cc" and Path(name).name not in listed:
            yield name, 1, "no CMakeLists.txt mentions this file"


def check_guards_unique(texts):
    owner = {}
    for name, text in texts.items():
        if Path(name).suffix != ".h":
            continue
        match = re.search(r"^#ifndef (\w+)$", text, re.MULTILINE)
        if match and owner.setdefault(match.group(1), name) != name:
            yield name, 1, f"shares its include guard with {owner[match.group(1)]}"


def check_tree(root):
    """Returns the broken rules as a list of (file, line, complaint)."""
    root = Path(root)
    names = source_files(root)
    texts = {}
    broken = []
    for name in names:
        content = (root / name).read_bytes()
        broken += [(name, line, what) for line, what in check_size(name, content)]
        if is_binary(name, content):
            continue
        try:
            texts[name] = content.decode("utf-8")
        except UnicodeDecodeError:
            broken.append((name, 1, "not UTF-8"))

    for name, text in texts.items():
        found = list(check_text(name, text))
        suffix = Path(name).suffix
        if suffix in CXX_SUFFIXES:
            found += check_includes(name, text)
        if suffix == ".h":
            found += check_header(name, text)
        if suffix == ".md":
            found += check_links(root, name, text)
        broken += [(name, line, what) for line, what in found]

    broken += check_all_built(names, texts)
    broken += check_guards_unique(texts)
    return sorted(broken)


def main(arguments):
    root = Path(arguments[1]) if len(arguments) > 1 else Path(__file__).resolve().parents[2]
    broken = check_tree(root)
    for name, line, what in broken:
        print(f"{name}:{line}: {what}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
