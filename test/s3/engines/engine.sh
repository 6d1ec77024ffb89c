# shellcheck shell=bash
# What ceph.sh and swift.sh have in common: an engine of Debian packages in a root of its own, and instances of it,
# each in a folder of its own. Sourced, not run. The script that sources it
#   sets      engine (its name), packages, witness (a program of the last package), inner_folders (made in the root)
#   defines   write_settings, start_parts, part_order (from the first to be stopped), mount_more, show_access
#   and ends  with `engine_main "$@"`.
#
# An instance is one PID namespace and one mount namespace. The first process in them, the holder, does nothing; when it
# ends, by whatever, the kernel ends every part and undoes every mount. So nothing can be left running or mounted.
set -Eeuo pipefail
trap 'echo "$engine: line $LINENO failed; see ${dir:-$root.log}" >&2' ERR

suite=${HOLDFAST_ENGINE_SUITE:-trixie}
cache=${HOLDFAST_TEST_ENGINES:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/holdfast-test-engines}
root=$cache/$engine-$suite
self=$(realpath "$0")
# The instance's folder as its parts see it.
lab=/lab

die() {
  echo "$engine: $*" >&2
  exit 1
}

# --- installation ---

# The root gets its name only when it is complete; the witness tells one that somebody began to remove.
is_installed() { [ -x "$root$witness" ]; }

# The Debian archive that this machine's apt is set up with.
archive() {
  local found
  # shellcheck disable=SC2016 # apt replaces them
  found=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sort -u)
  head -n 1 <<<"$found"
}

ensure_installer() {
  local apt=(apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  export DEBIAN_FRONTEND=noninteractive
  # A fresh machine has no lists: neither the package nor the archive is known then.
  [ -n "$(archive)" ] || "${apt[@]}" update
  command -v mmdebstrap >/dev/null || "${apt[@]}" install -y --no-install-recommends mmdebstrap ||
    { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends mmdebstrap; }
}

# bootstrap FOLDER: Debian's smallest system and the packages. No service is started. It ends with this script, however that ends,
# and in namespaces no mount outlives it.
bootstrap() {
  local from folders=() name
  from=$(archive)
  [ -n "$from" ] || { echo "There is no Debian archive among the sources of apt" && return 1; }
  for name in lab $inner_folders; do folders+=(--customize-hook="mkdir -p \"\$1/$name\""); done
  # HOLDFAST_ENGINE_STALE: an aged mirror of sid has an index whose Valid-Until is over; signatures are checked all the same.
  setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc \
    mmdebstrap --quiet --mode=root --variant=apt --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "5"' \
    ${HOLDFAST_ENGINE_STALE:+--aptopt='Acquire::Check-Valid-Until "false"'} \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' "${folders[@]}" --include="$packages" "$suite" "$1" "$from"
}

install_root() {
  if is_installed; then return; fi
  [ "$(id -u)" -eq 0 ] || die "only root can install it"
  mkdir -p "$cache"
  # Whoever comes second waits. Children inherit the lock: it is free only when none of them writes any more.
  exec 9>"$root.lock"
  flock 9
  if is_installed; then return; fi
  echo "$engine: installing the packages of Debian $suite into $root (once, about a minute)" >&2
  local log=$root.log attempt
  for attempt in 1 2 3; do
    # What an interrupted installation left is no beginning.
    rm -rf --one-file-system "$root" "$root.part"
    if { ensure_installer && bootstrap "$root.part"; } >"$log" 2>&1; then
      # Before the name says that it is complete, it has to be.
      sync --file-system "$root.part"
      mv --no-target-directory "$root.part" "$root"
      return
    fi
    [ "$attempt" -eq 3 ] || sleep $((attempt * 3))
  done
  tail -n 20 "$log" >&2
  rm -rf --one-file-system "$root.part"
  die "it could not be installed from Debian $suite; all of the output is in $log"
}

# --- the holder ---

start_time() { awk '{ sub(/^.*\) /, ""); print $20 }' "/proc/$1/stat" 2>/dev/null; }

# Prints the holder's process id; fails when it is gone (its id may be another process's by now, its start time is not).
holder() {
  local pid started
  { read -r pid started <"$dir/holder"; } 2>/dev/null || return 1
  [ "$(start_time "$pid")" = "$started" ] && echo "$pid"
}

# The first process of the namespaces; it ends when its standard input does.
be_holder() {
  # Parts see the root read-only, so that instances have nothing in common but the machine.
  mount --bind "$root" "$root"
  mount --bind "$dir" "$root$lab"
  mount --bind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/run"
  mount -t tmpfs tmpfs "$root/tmp"
  mount_more
  # The files of this /proc still speak of the processes outside.
  local pid
  read -r pid _ </proc/self/stat
  printf '%s %s\n' "$pid" "$(start_time "$pid")" >"$dir/holder.new"
  mount -t proc proc "$root/proc"
  mount -o remount,bind,ro "$root"
  mv "$dir/holder.new" "$dir/holder"
  echo holding
  # A builtin and no `cat`: bash then reaps the parts that end.
  while read -r _; do :; done
}

in_new_namespaces() {
  unshare --mount --pid --fork --kill-child --propagation private bash "$self" _holder "$dir"
}

# Removes what was to be thrown away and has no holder any more, beside DIR: of tests that were killed.
sweep() {
  local old
  for old in "$(dirname "$dir")"/holdfast-engine-*; do
    # A folder of somebody else may be anything.
    [ -e "$old/throw-away" ] && [ -e "$old/holder" ] && [ -O "$old" ] && [ ! -L "$old" ] || continue
    (dir=$old && holder >/dev/null) || rm -rf --one-file-system "$old" || true
  done
}

hold() {
  [ -n "$port" ] || die "the port is missing"
  # It is going to be removed: nothing of anybody else may be in it.
  [ -z "$(ls -A "$dir")" ] || die "$dir is not empty"
  touch "$dir/throw-away"
  sweep
  write_settings
  # The terminal's signals are meant for the tests; when those end, so does our input.
  trap '' INT TERM HUP
  in_new_namespaces || true
  # In one step, so that no command takes what is being removed for an instance.
  mv --no-target-directory "$dir" "$dir.gone"
  rm -rf --one-file-system "$dir.gone"
}

# For people: a holder that lives until `stop`. Nobody ever writes to its input.
hold_in_background() {
  local tries
  [ ! -e "$dir/throw-away" ] || die "$dir is about to be removed"
  [ -p "$dir/never" ] || mkfifo -m 600 "$dir/never"
  setsid bash "$self" _background "$dir" <>"$dir/never" >>"$dir/holder.out" 2>&1 8<&- &
  for ((tries = 0; tries < 600; tries++)); do
    if holder >/dev/null; then return; fi
    sleep 0.05
  done
  die "no namespaces of its own; see $dir/holder.out"
}

# enter COMMAND...: this script, in the namespaces of the instance
enter() {
  local pid
  pid=$(holder) || die "nothing runs in $dir"
  nsenter --target "$pid" --mount --pid bash "$self" "_$1" "$dir" "${@:2}"
}

# --- parts, inside of the namespaces ---

# Nothing of our environment is meant for the parts.
clean=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8)

in_root() { "${clean[@]}" chroot "$root" "$@"; }

is_alive() { [ -s "$dir/$1.pid" ] && kill -0 "$(cat "$dir/$1.pid")" 2>/dev/null; }

# begin PART COMMAND...: starts a part, as the leader of a session of its own, unless it runs
begin() {
  local part=$1
  shift
  if is_alive "$part"; then return; fi
  setsid "${clean[@]}" chroot "$root" "$@" </dev/null >>"$dir/$part.out" 2>&1 8<&- &
  echo $! >"$dir/$part.pid"
}

# wait_for PART COMMAND...: until the command succeeds; fails as soon as the part is dead
wait_for() {
  local part=$1 tries
  shift
  for ((tries = 0; tries < 2400; tries++)); do
    if "$@" >/dev/null 2>&1; then return; fi
    is_alive "$part" || break
    sleep 0.05
  done
  tail -n 5 "$dir/$part.out" >&2
  is_alive "$part" || die "$part has died; see $dir"
  die "$part did not come up; see $dir"
}

# answers PORT PATH: whether HTTP answers with 200 there
answers() {
  local line
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1"
    printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&3
    IFS= read -r -t 5 line <&3
    [[ $line == *" 200"* ]]
  ) 2>/dev/null
}

# The parts whose name is that, or begins with it and goes on with a number; the first to be stopped first.
parts_of() {
  local kind file part
  for kind in $part_order; do
    for file in "$dir/$kind".pid "$dir/$kind"[0-9]*.pid; do
      part=$(basename "$file" .pid)
      [ -e "$file" ] || continue
      if [[ $1 == all || $part == "$1" || $part =~ ^"$1"[0-9]+$ ]]; then echo "$part"; fi
    done
  done
}

# end_parts SIGNAL SECONDS PARTS...: workers of a part are in its process group
end_parts() {
  local signal=$1 tries=$(($2 * 20)) part pid
  shift 2
  for part; do kill "-$signal" -- "-$(cat "$dir/$part.pid")" 2>/dev/null || true; done
  for part; do
    [ -s "$dir/$part.pid" ] || continue
    pid=$(cat "$dir/$part.pid")
    for (( ; tries > 0; tries--)); do
      kill -0 -- "-$pid" 2>/dev/null || break
      sleep 0.05
    done
    kill -KILL -- "-$pid" 2>/dev/null || true
    while kill -0 -- "-$pid" 2>/dev/null; do sleep 0.02; done
    # Empty, and still there: `status` knows that there is such a part.
    : >"$dir/$part.pid"
  done
}

kill_parts() {
  local parts
  mapfile -t parts < <(parts_of "$1")
  [ ${#parts[@]} -gt 0 ] || die "no part named $1 in $dir"
  end_parts KILL 0 "${parts[@]}"
}

stop_parts() {
  local kind parts
  for kind in $part_order; do
    mapfile -t parts < <(parts_of "$kind")
    end_parts TERM 10 "${parts[@]}"
  done
}

show_parts() {
  local part
  for part in $(parts_of all); do
    if is_alive "$part"; then echo "$part: runs"; else echo "$part: is dead"; fi
  done
}

# --- commands ---

# One command at a time works on an instance; a folder can be locked, and needs no file for it.
lock_instance() {
  exec 8<"$dir"
  flock 8
  [ -d "$dir" ] || die "$dir was removed"
}

start() {
  is_installed || die "not installed: run '$0 install'"
  lock_instance
  if [ ! -e "$dir/settings" ]; then
    write_settings
    . "$dir/settings"
  fi
  holder >/dev/null || hold_in_background
  enter start
  show_access
}

usage() {
  sed -n '2,/^[^#]/ { s/^# \{0,1\}//p }' "$self"
  exit 2
}

engine_main() {
  local command=${1:-}
  case "$command" in
    install) install_root && return ;;
    start | hold | stop | kill9 | status | access | in | _*) [ -n "${2:-}" ] || usage ;;
    *) usage ;;
  esac
  if [ "$command" = start ] && [ -n "${3:-}" ]; then mkdir -p "$2"; fi
  [ -d "$2" ] || die "there is no folder $2"
  dir=$(realpath "$2")
  # What it was made with counts, also later.
  if [ -e "$dir/settings" ]; then
    . "$dir/settings"
  else
    port=${3:-}
    [[ $command == hold || ($command == start && -n $port) ]] || die "no store was made in $dir"
  fi
  case "$command" in
    start) start ;;
    hold) hold ;;
    stop) lock_instance && enter stop && kill -KILL "$(holder)" ;;
    kill9) lock_instance && enter kill9 "${3:-all}" ;;
    status) enter status ;;
    access) show_access ;;
    in) enter in "${@:3}" ;;
    _holder) be_holder ;;
    _background) in_new_namespaces ;;
    _start) start_parts ;;
    _stop) stop_parts ;;
    _kill9) kill_parts "$3" ;;
    _status) show_parts ;;
    _in) in_root "${@:3}" ;;
    *) usage ;;
  esac
}
