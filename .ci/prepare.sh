# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Read by run.sh and test.sh, in the project's root: installs what is missing, configures, builds.
# Everything it says goes to standard error.

say() { printf '== %s\n' "$*" >&2; }

give_up() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# missing_packages FILE...
missing_packages() {
  local wanted
  wanted=$(grep -hv '^[[:space:]]*\(#\|$\)' "$@" | sort -u)
  # shellcheck disable=SC2086
  comm -23 <(printf '%s\n' $wanted) \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
      sed -n 's/^installed //p' | sort) | tr '\n' ' '
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 "$@" >&2
}

# install_packages [FILE...]: what packages.txt names, and those files too.
install_packages() {
  command -v dpkg-query >/dev/null ||
    give_up "this is not Debian; install what packages.txt names and build with cmake --preset release"
  local missing
  missing=$(missing_packages packages.txt "$@")
  [ -z "$missing" ] && return
  say "installing $missing"
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
    give_up "packages are missing and this user is not root and has no sudo; as root run: apt-get install --no-install-recommends $missing"
  apt update ||
    give_up "apt-get update failed (see above): is the network there, and are /etc/apt's sources right?"
  # Names, not a quoted list: each is an argument of its own.
  # shellcheck disable=SC2086
  apt install -y --no-install-recommends $missing ||
    give_up "apt-get install failed (see above); by hand: apt-get install --no-install-recommends $missing"
}

# install_interop: what tests/interop talks with, into build/interop. What cannot be had is said, and the
# tests that need it are skipped.
install_interop() {
  mkdir -p build/interop
  install_npm_packages
  unpack_nginx
}

# Pinned by the lock file.
install_npm_packages() {
  local folder=build/interop
  cmp -s tests/interop/package-lock.json "$folder/installed.json" && return
  command -v npm >/dev/null || { say "no npm: most of tests/interop is skipped"; return; }
  say "installing the packages of tests/interop"
  cp tests/interop/package.json tests/interop/package-lock.json "$folder"
  if npm --prefix "$folder" ci --ignore-scripts --no-audit --no-fund >&2; then
    cp tests/interop/package-lock.json "$folder/installed.json"
  else
    say "npm failed (see above): most of tests/interop is skipped"
  fi
}

# Debian's, only unpacked: installed it would start at once, and with the machine.
unpack_nginx() {
  local folder=build/interop/nginx
  [ -x "$folder/usr/sbin/nginx" ] && return
  say "unpacking nginx for tests/interop"
  rm -rf "$folder" && mkdir -p "$folder"
  (cd "$folder" && apt-get download nginx >&2 && dpkg-deb -x nginx_*.deb . && rm -f nginx_*.deb) ||
    say "nginx cannot be had (see above): its test is skipped"
}

# progress: reads ninja's lines, which begin with FINISHED/TOTAL/SECONDS, and says how far it is and how
# long it still takes if it goes on like that. What else is printed (errors) passes as it is. In bash,
# since Debian's awk reads a pipe in blocks and would say it late.
progress() {
  local line finished total seconds rest said=0 left
  while IFS= read -r line; do
    if ! [[ $line =~ ^([0-9]+)/([0-9]+)/([0-9]+)[.0-9]*\  ]]; then
      printf '%s\n' "$line"
      continue
    fi
    finished=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]} seconds=${BASH_REMATCH[3]}
    if [ "$finished" -eq "$total" ]; then
      printf '   %d of %d steps, %d s\n' "$finished" "$total" "$seconds"
    elif [ $((seconds - said)) -ge 5 ]; then
      # A line every five seconds: this is read in logs, too.
      said=$seconds
      left=$((seconds * (total - finished) / finished))
      if [ $left -lt 60 ]; then rest='less than a minute'; else rest="about $(((left + 59) / 60)) min"; fi
      printf '   %d of %d steps, %s left\n' "$finished" "$total" "$rest"
    fi
  done
}

# build PRESET [TARGET...]: into build/PRESET; without targets, everything.
build() {
  local preset=$1
  shift
  say "building build/$preset"
  cmake --preset "$preset" >&2 || give_up "configuring failed (see above)"
  NINJA_STATUS='%f/%t/%e ' cmake --build --preset "$preset" ${1:+--target "$@"} 2>&1 |
    progress >&2 || give_up "building failed (see above)"
}
