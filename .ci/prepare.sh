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

# build PRESET: into build/PRESET.
build() {
  say "building build/$1"
  cmake --preset "$1" >&2 || give_up "configuring failed (see above)"
  cmake --build --preset "$1" >&2 || give_up "building failed (see above)"
}
