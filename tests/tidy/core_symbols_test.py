#!/usr/bin/env python3
"""The compiled core asks nothing of the platform: no files, threads, clocks,
entropy or console. Reads the undefined symbols of the library.

Usage: core_symbols_test.py NM LIBRARY
"""

import re
import subprocess
import sys

# C names come as they are, C++ names demangled. std::ios_base::Init is allowed:
# cereal's headers include <iostream>, which alone makes no output.
FORBIDDEN = re.compile(
    r"^(?:"
    # files and descriptors
    r"f?open(?:at|64)?|creat|p?read(?:64|v)?|p?write(?:64|v)?|fdatasync|fsync|mmap(?:64)?|msync"
    r"|unlink(?:at)?|rename(?:at)?|mkdir|opendir|f?stat(?:64)?|fwrite|fread|fdopen"
    # console
    r"|v?f?printf|puts|putchar|stdout|stderr|stdin"
    # threads and time; the one lock is that of MemoryStorage, which a snapshot
    # thread may call
    r"|pthread_(?!mutex_(?:un)?lock)\w+|sem_\w+|futex|nanosleep|usleep|sleep|clock_gettime|gettimeofday|time"
    # the system
    r"|getenv|getrandom|getentropy|rand|system|fork|exec\w+|socket"
    r")(?:@.*)?$"
    r"|std::(?:__\w+::)*(?:"
    r"cout|cerr|clog|cin|random_device|basic_filebuf|basic_[io]?fstream|filesystem"
    r"|chrono::\w+_clock|thread|this_thread|recursive_mutex|condition_variable"
    r"|__future_base|shared_mutex)\b")


def undefined_symbols(nm, library):
    output = subprocess.run([nm, "--demangle", "--undefined-only", library],
                            capture_output=True, text=True, check=True).stdout
    return sorted({line.split(None, 1)[1] for line in output.splitlines()
                   if line.strip().startswith(("U ", "w "))})


def main(arguments):
    _, nm, library = arguments
    symbols = undefined_symbols(nm, library)
    if not symbols:
        print(f"{library} has no undefined symbols: not a library?")
        return 1
    found = [symbol for symbol in symbols if FORBIDDEN.search(symbol)]
    for symbol in found:
        print(f"core must not use {symbol}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
