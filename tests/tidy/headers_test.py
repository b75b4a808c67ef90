#!/usr/bin/env python3
"""Every public header compiles alone, so any order of inclusion works.

A header that some source file includes first has shown it already; this test
compiles the others.

Usage: headers_test.py FOLDER... -- COMPILER [FLAG...]
  FOLDER  an include folder; sources are looked for in `src` beside it
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


FIRST_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)


def first_includes(folders):
    names = set()
    for folder in folders:
        for source in folder.parent.joinpath("src").rglob("*.cc"):
            text = source.read_text(encoding="utf-8")
            match = FIRST_INCLUDE.search(text)
            if match and "#include" not in text[:match.start()]:
                names.add(match.group(1))
    return names


def main(arguments):
    split = arguments.index("--")
    folders = [Path(folder) for folder in arguments[1:split]]
    compiler = arguments[split + 1:]
    headers = [path.relative_to(folder).as_posix()
               for folder in folders for path in sorted(folder.rglob("*.h"))]
    if not headers:
        print(f"no headers in {folders}")
        return 1
    shown = first_includes(folders)
    headers = [header for header in headers if header not in shown]
    includes = [f"-I{folder}" for folder in folders]

    def compile_alone(header):
        # Twice, so that the include guard is tried too.
        source = f'#include "{header}"\n' * 2
        return subprocess.run(
            [*compiler, *includes, "-x", "c++", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic",
             "-Werror", "-"],
            input=source, text=True, capture_output=True, check=False)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(compile_alone, headers))
    failed = [header for header, result in zip(headers, results) if result.returncode != 0]
    for header, result in zip(headers, results):
        if result.returncode != 0:
            print(f"{header} does not compile alone:\n{result.stderr}")
    print(f"{len(headers) - len(failed)} of {len(headers)} headers compile alone; {len(shown)} come first in a source file")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
