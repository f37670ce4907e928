#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, and runs every test. The last line is:
#   N passed, N failed, N skipped
set -euo pipefail
cd "$(dirname "$0")"
. .ci/prepare.sh

usage() {
  cat <<'END'
usage: ./test.sh [--preset release|dev|asan|tsan] [--unit] [-- CTEST OPTIONS]

Installs missing Debian packages (packages.txt; as root or through sudo), builds into build/PRESET and
runs all tests. For example, one suite:  ./test.sh -- -R cli_tests

  --unit    build and run only what needs no other process: the unit tests and the fuzz targets' corpora
Exit codes: 0 all passed, 1 something failed, 2 bad usage.
END
}

preset=release
targets=()
selection=()
while [ $# -gt 0 ]; do
  case $1 in
    --preset) [ $# -gt 1 ] || { usage >&2; exit 2; }
              preset=$2; shift 2 ;;
    --preset=*) preset=${1#--preset=}; shift ;;
    --unit) targets=(unit_tests) selection=(-L unit); shift ;;
    -h | --help) usage; exit 0 ;;
    --) shift; break ;;
    *) usage >&2; exit 2 ;;
  esac
done
case $preset in release | dev | asan | tsan) ;; *) usage >&2; exit 2 ;; esac

install_packages
[ ${#targets[@]} -gt 0 ] || install_interop
build "$preset" "${targets[@]}"

say "testing build/$preset"
output=$(mktemp)
trap 'rm -f "$output"' EXIT
status=0
# One more than there are cores: many tests wait for processes that they have started.
ctest --preset "$preset" -j "$(($(nproc) + 1))" "${selection[@]}" "$@" 2>&1 | tee "$output" || status=1

# ctest says: "97% tests passed, 1 tests failed out of 40", and counts what was skipped as passed.
read -r failed total < <(
  sed -n 's/.*tests passed, \([0-9]*\) tests\{0,1\} failed out of \([0-9]*\).*/\1 \2/p' "$output"
) || { failed=1 total=1 status=1; }
skipped=$(grep -c '\*\*\*Skipped' "$output" || true)
[ "$total" -gt 0 ] || status=1
printf '%d passed, %d failed, %d skipped\n' "$((total - failed - skipped))" "$failed" "$skipped"
exit "$status"
