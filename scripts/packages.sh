# Sourced by the other scripts: installs what a task needs and the machine lacks.
#
#   need "PACKAGE [ALTERNATIVE...]" TEST...   notes the package if it is not
#       installed and TEST fails; TEST finds tools that came some other way
#   install_needed                            installs what was noted, through apt
#
# If nothing is missing, nothing is asked of the network.

missing_packages=()

has_command() { command -v "$1"; }

# has_header NAME: the C++ compiler finds it.
has_header() { printf '#include <%s>\n' "$1" | c++ -std=c++20 -fsyntax-only -x c++ -; }

# clang_builds FLAG...: clang links a program with these flags.
clang_builds() {
  local folder status=0
  folder=$(mktemp -d)
  printf '#include <string>\nextern "C" int %s(const char*, unsigned long) { return 0; }\n' \
    LLVMFuzzerTestOneInput >"$folder/program.cc"
  if [[ " $* " != *fuzzer* ]]; then
    printf 'int main() { return std::string().empty() ? 0 : 1; }\n' >>"$folder/program.cc"
  fi
  clang++ -std=c++20 "$@" "$folder/program.cc" -o "$folder/program" || status=$?
  rm -r "$folder"
  return "$status"
}

# python_with MODULE...: prints the first Python that has them. One of the user's own may
# come before the system's, for which packages are installed.
python_with() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -c "import $(IFS=,; echo "$*")" 2>/dev/null; then
      echo "$python"
      return 0
    fi
  done
  return 1
}

is_installed() {
  [[ $(dpkg-query --show --showformat='${Status}' "$1" 2>/dev/null) == "install ok installed" ]]
}

need() {
  local packages=$1 package
  shift
  for package in $packages; do
    if is_installed "$package"; then return; fi
  done
  if "$@" >/dev/null 2>&1; then return; fi
  missing_packages+=("$packages")
}

need_build_tools() {
  need g++ has_command c++
  need cmake has_command cmake
  need ninja-build has_command ninja
  need python3 has_command python3
  need libcereal-dev has_header cereal/cereal.hpp
  need libyaml-cpp-dev has_header yaml-cpp/yaml.h
  need libcli11-dev has_header CLI/CLI.hpp
}

need_test_libraries() {
  need libgtest-dev has_header gtest/gtest.h
  need libgmock-dev has_header gmock/gmock.h
  need nlohmann-json3-dev has_header nlohmann/json.hpp
  need libbenchmark-dev has_header benchmark/benchmark.h
}

need_test_tools() {
  need_test_libraries
  need python3-scipy python_with scipy
  need "pkg-config pkgconf" has_command pkg-config
  need clang has_command clang++
  need "libclang-rt-dev libclang-rt-14-dev" clang_builds -fsanitize=fuzzer,address
  need clang-format-14 has_command clang-format-14
  need clang-tidy-14 has_command clang-tidy-14
}

need_bench_tools() {
  need libbenchmark-dev has_header benchmark/benchmark.h
  need util-linux has_command taskset
  need python3-scipy python_with scipy
  need python3-matplotlib python_with matplotlib
  # Peers that benchmarks compare with; without them their rows are left out.
  need libboost-dev has_header boost/random/discrete_distribution.hpp
  need libgsl-dev has_header gsl/gsl_randist.h
}

need_wasm_tools() {
  need nodejs has_command node
  need emscripten has_command emcc
  need node-acorn test -d /usr/share/nodejs/acorn
  need googletest test -d /usr/src/googletest
}

need_web_tools() {
  need nodejs has_command node
  need npm has_command npm
  need "chromium chromium-browser" has_browser
  need chromium-headless-shell has_command chromium-headless-shell
  need util-linux has_command flock
  need strace has_command strace
  need e2fsprogs has_command mkfs.ext4
}

has_browser() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

run_as_root() {
  if [[ $(id -u) -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "Not root and no sudo; please run as root: $*" >&2
    return 1
  fi
}

# quiet_apt ARGUMENT...: says nothing unless it fails.
quiet_apt() {
  local log
  log=$(mktemp)
  if ! run_as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm "$log"
    echo "apt-get $1 failed" >&2
    return 1
  fi
  rm "$log"
}

install_needed() {
  if [[ ${#missing_packages[@]} -gt 0 ]]; then
    if ! command -v apt-get >/dev/null; then
      echo "Please install what Debian calls: ${missing_packages[*]}" >&2
      return 1
    fi
    echo "Installing from the package archive, since it is missing here:"
    quiet_apt update
    local packages package chosen=()
    for packages in "${missing_packages[@]}"; do
      # The first of the alternatives that this release has.
      for package in $packages; do
        if apt-cache show "$package" >/dev/null 2>&1; then
          echo "  $package"
          chosen+=("$package")
          continue 2
        fi
      done
      echo "  (not in this release: ${packages// / or })"
    done
    if [[ ${#chosen[@]} -gt 0 ]]; then
      quiet_apt install --yes --no-install-recommends "${chosen[@]}"
    fi
    missing_packages=()
  fi
  check_cmake_version
}

check_cmake_version() {
  local version
  version=$(cmake --version | sed -n '1s/.* \([0-9][0-9.]*\).*/\1/p')
  if [[ $(printf '3.25\n%s\n' "$version" | sort -V | head -n 1) != 3.25 ]]; then
    echo "CMake $version is too old: 3.25 is needed (Debian 12, Ubuntu 24.04, or newer)" >&2
    return 1
  fi
}
