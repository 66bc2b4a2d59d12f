# shellcheck shell=bash disable=SC2034
# Names, places and small tools that every command of the lab shares. Sourced, never run.
set -euo pipefail
umask 022

LAB_SRC=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
LAB=$(readlink -m "${GATEPROOF_LAB:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/gateproof/lab}")
INSTANCE=${GATEPROOF_LAB_INSTANCE:-cc-ci}

die() { printf 'lab: %s\n' "$*" >&2; exit 1; }

[[ $INSTANCE =~ ^[a-z][a-z0-9-]{0,23}$ && $INSTANCE != cache ]] ||
  die "GATEPROOF_LAB_INSTANCE=$INSTANCE: want a letter, then at most 23 of a-z, 0-9, -"
[[ $LAB = /* && $LAB != *[:,\\[:space:]]* ]] ||
  die "the lab's folder '$LAB' must have no colon, comma, backslash or space in its path"

CACHE=$LAB/cache             # shared by all instances, kept between runs
STATE=$LAB/$INSTANCE         # this replica: keys, disk, what runs
RUN=$STATE/run               # only while it runs
ROOT=$STATE/root             # where its disk is assembled, seen only inside its mount namespace
LAYER=$STATE/layer           # the files that make Debian into cc-ci, as built
TRAEFIKS=(3.6.15 3.7.15)     # the first is deployed, the other is what an upgrade can go to

# What a replica has on this machine is named after its folder. So replicas in two folders, or two
# instances in one, live side by side, and none of them can take another's things for its own.
ID=$(sha256sum <<<"$STATE" | cut -c1-8)
MACHINE=gp$ID
VETH=ve-$MACHINE
CGROUP=gateproof-lab-$ID
NET=10.231.$((16#${ID:0:2}))
VM_ADDRESS=$NET.$((16#${ID:2:2} / 4 * 4 + 1)) # a /30 of its own
HOST_ADDRESS=$NET.$((16#${ID:2:2} / 4 * 4 + 2))

export GATEPROOF_LAB=$LAB GATEPROOF_LAB_INSTANCE=$INSTANCE

# --- progress -------------------------------------------------------------------------------

STARTED=${EPOCHREALTIME/./}

elapsed_ms() { echo $(((${EPOCHREALTIME/./} - STARTED) / 1000)); }

say() {
  local ms
  ms=$(elapsed_ms)
  printf '[%3d.%d s] %s\n' $((ms / 1000)) $((ms % 1000 / 100)) "$*"
}

# until_true SECONDS COMMAND...: polls five times a second
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.2
  done
}

# --- one at a time ----------------------------------------------------------------------------

# The kernel drops the lock when its holder dies, however it dies.
lock_instance() {
  mkdir -p "$STATE"
  exec 9>"$STATE/lock"
  flock -n 9 && return
  say "another command is at work on this replica: waiting for it"
  flock -w 900 9 || die "still busy after 15 minutes"
}

lock_cache() {
  mkdir -p "$CACHE"
  exec 8>"$CACHE/lock"
  flock -n 8 && return
  say "another command is filling the cache: waiting for it"
  flock -w 900 8 || die "the cache is still busy after 15 minutes"
}

unlock_cache() { exec 8>&-; }

# The lock lives as long as anybody holds its file open, so what may outlive us must not: hence 9>&-.

# tethered COMMAND...: runs it in its own process and mount namespaces, tied to us. When we die,
# also by SIGKILL, everything it started dies with it and its mounts are gone.
tethered() {
  setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc -- "$@"
}

# --- who runs ------------------------------------------------------------------------------------

# A process is its id and its start time: an id alone may have been given to somebody else.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  [[ $stat != Z* ]] || return 1
  cut -d' ' -f20 <<<"$stat"
}

boot_id() { cat /proc/sys/kernel/random/boot_id; }

# running: true while this replica's container manager lives; sets PID
running() {
  local start boot
  PID=
  read -r PID start boot 2>/dev/null <"$RUN/pid" || return 1
  [[ -n $boot && $boot = "$(boot_id)" && $(start_time "$PID") = "$start" ]]
}

# leader: the process id, seen from here, of the replica's own process 1
leader() {
  local child='' rest
  running || return 1
  # that file ends without a newline, which `read` calls a failure
  read -r child rest <"/proc/$PID/task/$PID/children" || [[ -n $child ]] || return 1
  echo "$child"
}

# inside COMMAND...: runs it in the replica by the back door, so that it works without ssh
inside() {
  local pid1
  pid1=$(leader) || die "the replica is not running"
  nsenter --target "$pid1" --mount --uts --ipc --net --pid --root -- \
    env -i -C / PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@" 9>&-
}

# offline COMMAND...: runs it on the disk of a stopped replica, assembled at $ROOT
offline() { unshare --mount --propagation private "$BASH" "$LAB_SRC/lib/with-disk" "$@"; }

# lab_ssh ARGUMENTS...: ssh to the replica; dies with us
lab_ssh() {
  setpriv --pdeathsig KILL "$LAB_SRC/ssh" -o ServerAliveInterval=5 -o ServerAliveCountMax=4 "$@" 9>&-
}

# --- cgroups --------------------------------------------------------------------------------

# Every hierarchy's mount point: one with cgroup v2, several with v1.
hierarchies() {
  local dir
  if [[ $(stat -f -c %T /sys/fs/cgroup) = cgroup2fs ]]; then
    echo /sys/fs/cgroup
    return
  fi
  for dir in /sys/fs/cgroup/*/; do
    [[ ! -L ${dir%/} ]] && mountpoint -q "$dir" && echo "${dir%/}"
  done
  return 0
}

# our_processes: all that live in this replica's own cgroups. Nothing else can be in there.
our_processes() {
  local dir
  for dir in $(hierarchies); do
    [[ -d $dir/$CGROUP ]] || continue
    find "$dir/$CGROUP" -name cgroup.procs -exec cat {} + 2>/dev/null || true
  done | sort -nu
}

no_processes() { [[ -z $(our_processes) ]]; }

# sweep: takes away what a replica leaves in the kernel. Only for one that does not run.
sweep() {
  local dir pid
  if ! no_processes; then
    for pid in $(our_processes); do kill -KILL "$pid" 2>/dev/null || true; done
    until_true 10 no_processes || die "cannot end processes: $(our_processes | tr '\n' ' ')"
  fi
  if ip link show "$VETH" >/dev/null 2>&1; then
    ip link delete "$VETH" 2>/dev/null || true
  fi
  for dir in $(hierarchies); do
    [[ -d $dir/$CGROUP ]] || continue
    find "$dir/$CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
  [[ ! -f $RUN/nspawn-lock ]] || rm -f "$(cat "$RUN/nspawn-lock")"
  rm -rf "/run/systemd/nspawn/propagate/$MACHINE" "$STATE/.#root.lck" "$RUN"
}

# --- the programs of this repository ----------------------------------------------------------

# built NAME...: builds these members, and prints the path of each one's program on a line
built() {
  # The lock of the replica is not for what cargo may leave running.
  cd "$LAB_SRC/../.." && cargo build --quiet --locked "${@/#/--package=}" --message-format=json-render-diagnostics 9>&- |
    python3 -c 'import json, sys
for line in sys.stdin:
    found = json.loads(line).get("executable")
    if found: print(found)'
}
