#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The whole way once: an SNMP trap goes in, and comes out as a SENSE datagram, an HTTP callback and a
# mail. Installs and builds what is missing first.
set -euo pipefail
cd "$(dirname "$0")"
. .ci/prepare.sh

usage() {
  cat <<'END'
usage: ./run.sh [--once | --build]

Installs missing Debian packages (packages.txt; as root or through sudo), builds into build/release,
starts everything in config/demo.yaml, sends real SNMP traps, and shows each event as it arrives
at a SENSE subscriber, at an HTTP callback and in a mailbox. Ctrl-C stops it all.

  --once    until one event has arrived at all three; prints one line for each of them on standard
            output. Exit code 1 after 60 seconds, naming what is missing.
  --build   only install and build
Exit codes: 0 it worked, 1 it did not, 2 bad usage.
END
}

once=no
build_only=no
for argument in "$@"; do
  case $argument in
    --once) once=yes ;;
    --build) build_only=yes ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

install_packages
build release sense
[ $build_only = yes ] && exit 0

sense=build/release/sense
config=config/demo.yaml

# listen_of NAME: where config/demo.yaml lets the gateway or adapter of that name listen.
listen_of() {
  awk -v part="  $1:" '$0 == part { found = 1; next }
                       found && $1 == "listen:" { gsub(/[][",]/, "", $2); print $2; exit }' "$config"
}
sense_at=sense://$(listen_of sense)
http_at=http://$(listen_of http)
snmp_at=$(listen_of snmp)

work=$(mktemp -d)
children=()

# Only what was started here, by its id: listeners first, so that their subscriptions end.
clean_up() {
  trap - EXIT INT TERM
  local i
  for ((i = ${#children[@]} - 1; i >= 0; i--)); do
    kill -TERM "${children[i]}" 2>/dev/null || continue
    wait "${children[i]}" 2>/dev/null || true
  done
  rm -rf "$work"
}
# Being stopped is how the demonstration ends, but no answer to --once.
interrupted() {
  [ $once = no ] || exit 1
  exit 0
}
trap clean_up EXIT
trap 'interrupted' INT TERM

# start COMMAND...: away from the terminal's Ctrl-C, which is ours to pass on; ends when we do.
start() {
  setsid setpriv --pdeathsig TERM "$@" &
  children+=($!)
}

# Interface 2 of a switch goes down or up; numbers, so that no MIB files are needed.
send_trap() {
  snmptrap -m '' -v 2c -c public "$snmp_at" '' "1.3.6.1.6.3.1.1.5.$1" \
    1.3.6.1.2.1.2.2.1.1.2 i 2 1.3.6.1.2.1.2.2.1.2.2 s eth1 \
    1.3.6.1.2.1.2.2.1.7.2 i 1 1.3.6.1.2.1.2.2.1.8.2 i "$2"
}
send_link_down() { send_trap 3 2; }
send_link_up() { send_trap 4 1; }

still_up() {
  kill -0 "${children[0]}" 2>/dev/null ||
    give_up "\`sense up\` ended (see above); if a port is in use, change its \`listen\` in $config"
}

# Beside the folder of the data, as $config has it.
make_access_file() {
  "$sense" keys token demo --file "$work/demo.token" --access-file "$work/access.yaml" \
    --subscribe "{urn:sense:snmp}*" >/dev/null
}

start_service() {
  make_access_file
  say "starting: sense up --config $config"
  start "$sense" up --config "$config" --data "$work/data" --pids "$work/pids.json"
  "$sense" ping --config "$config" --data "$work/data" --timeout 20s >/dev/null && return
  still_up
  give_up "the broker does not answer (see above)"
}

traps=(--type "{urn:sense:snmp}*")
listen_sense() { start "$sense" listen "$sense_at" "${traps[@]}"; }
listen_http() { start "$sense" listen http://127.0.0.1:0/events --subscribe "$http_at" "${traps[@]}"; }
listen_mail() { start "$sense" listen "maildir:$work/data/mail"; }

# The id that stands last in a line of all three files, if there is one.
common_id() {
  awk '{ ids[FILENAME, $NF] = 1; if (!(($NF) in seen)) { seen[$NF] = 1; order[++n] = $NF } }
       END { for (i = 1; i <= n; ++i) {
               all = 1
               for (f = 1; f < ARGC; ++f) if (!((ARGV[f], order[i]) in ids)) all = 0
               if (all) { print order[i]; exit } } }' "$@"
}

# Prints the lines of one event and succeeds, once all three have it.
report() {
  local id
  id=$(common_id "$work/sense" "$work/http" "$work/mail")
  [ -n "$id" ] || return 1
  for file in sense http mail; do
    awk -v id="$id" '$NF == id { print; exit }' "$work/$file"
  done
}

missing() {
  local names=
  [ -s "$work/sense" ] || names+="sense:// "
  [ -s "$work/http" ] || names+="http:// "
  [ -s "$work/mail" ] || names+="mailto: "
  printf '%s' "${names:-the same event at all three }"
}

run_once() {
  local deadline=$((SECONDS + 50)) round=0
  start_service
  listen_sense >"$work/sense"
  listen_http >"$work/http"
  listen_mail >"$work/mail"
  while [ $SECONDS -lt $deadline ]; do
    still_up
    # A trap is not acknowledged: until one has come through, more are sent.
    [ $((round++ % 10)) -eq 0 ] && send_link_down
    if report; then return 0; fi
    sleep 0.2
  done
  give_up "not delivered in time: $(missing)(see above why)"
}

run_until_stopped() {
  start_service
  listen_sense
  listen_http
  listen_mail
  cat <<END

SENSE is running; Ctrl-C stops it.
  SNMP traps   $snmp_at    snmptrap -v 2c -c public $snmp_at '' 1.3.6.1.6.3.1.1.5.3
  SENSE        $sense_at    $sense listen $sense_at
  HTTP         $http_at    $sense listen http://127.0.0.1:0/x --subscribe $http_at
  mail         $work/data/mail
  more         $sense subscribe --config $config --data $work/data
A trap is sent every three seconds. Each line below is one received event.

END
  while still_up; do
    send_link_down
    sleep 3
    send_link_up
    sleep 3
  done
}

if [ $once = yes ]; then run_once; else run_until_stopped; fi
