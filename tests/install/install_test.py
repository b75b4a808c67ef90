#!/usr/bin/env python3
"""rewardpool from the point of view of other projects.

Usage: install_test.py WAY SOURCE_DIR BUILD_DIR COMPILER GENERATOR

WAY is find_package, pkg_config (both install the build to a temporary folder
first, and move it, since installed trees are packaged and unpacked elsewhere)
or subdirectory (builds the libraries as a part of another project).
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def run(*command, **options):
    print("$", *command, flush=True)
    subprocess.run([str(part) for part in command], check=True, **options)


def install(build, folder):
    """Installs to a folder and then moves it; returns where it is at last."""
    run("cmake", "--install", build, "--prefix", folder / "first", stdout=subprocess.DEVNULL)
    return (folder / "first").rename(folder / "moved")


def check_tree(prefix):
    """Nothing of the libraries we use inside shows in our public headers."""
    headers = sorted((prefix / "include").rglob("*.h"))
    assert headers, "no headers were installed"
    for header in headers:
        inside = re.search(r"#include <(cereal|yaml-cpp|CLI|nlohmann)/",
                           header.read_text(encoding="utf-8"))
        assert not inside, f"{header} includes {inside.group(1)}"
    for path in ("bin/rewardpool", "share/doc/rewardpool/LICENSE"):
        assert (prefix / path).exists(), f"{path} was not installed"
    run(prefix / "bin/rewardpool", "--version")
    for text in prefix.rglob("*.cmake"):
        assert str(prefix.parent) not in text.read_text(encoding="utf-8"), f"{text} holds a full path"


def run_programs(folder, programs):
    run(programs / "core_program")
    run(programs / "native_program", folder / "pool")


def by_find_package(source, build, compiler, generator, folder):
    prefix = install(build, folder)
    check_tree(prefix)
    run("cmake", "-S", source / "tests/install/find_package", "-B", folder / "build",
        "-G", generator, f"-DCMAKE_CXX_COMPILER={compiler}", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", folder / "build")
    run_programs(folder, folder / "build")


def by_pkg_config(source, build, compiler, _generator, folder):
    prefix = install(build, folder)
    description, = prefix.rglob("rewardpool.pc")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(description.parent)}
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "rewardpool"], env=environment,
                           check=True, capture_output=True, text=True).stdout.split()
    libraries = description.parent.parent
    (folder / "build").mkdir()
    for program in ("core_program", "native_program"):
        run(compiler, "-std=c++20", source / f"tests/install/{program}.cc",
            "-o", folder / "build" / program, *flags, f"-Wl,-rpath,{libraries}")
    run_programs(folder, folder / "build")

    # The example of README.md is a program, too.
    example = re.search(r"```cpp\n(.*?)```", (source / "README.md").read_text(encoding="utf-8"), re.S)
    (folder / "example.cc").write_text(example.group(1), encoding="utf-8")
    run(compiler, "-std=c++20", "-Wall", "-Werror", folder / "example.cc",
        "-o", folder / "build/example", *flags, f"-Wl,-rpath,{libraries}")
    run(folder / "build/example", cwd=folder)


def as_subdirectory(source, _build, compiler, generator, folder):
    run("cmake", "-S", source / "tests/install/subdirectory", "-B", folder / "build",
        "-G", generator, f"-DCMAKE_CXX_COMPILER={compiler}", "-DCMAKE_BUILD_TYPE=Debug",
        "-DCMAKE_CXX_FLAGS_DEBUG=-O0", "-DCMAKE_UNITY_BUILD=ON", f"-DREWARDPOOL_SOURCE_DIR={source}")
    run("cmake", "--build", folder / "build", "--parallel", os.cpu_count())
    run_programs(folder, folder / "build")


WAYS = {
    "find_package": by_find_package,
    "pkg_config": by_pkg_config,
    "subdirectory": as_subdirectory,
}


def main(arguments):
    way, source, build, compiler, generator = arguments[1:]
    with tempfile.TemporaryDirectory() as folder:
        WAYS[way](Path(source), Path(build), compiler, generator, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
