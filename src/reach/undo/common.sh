# What is armed, and who disturbs: read on a host. POSIX sh; every name of ours begins with gp_.
#
# One folder, private to the user, that survives a reboot:
#   lease            who disturbs: "PID START BOOT RUN", then one line of JSON
#   beat-PID-START   when that one was last heard of, in seconds of uptime
#   undo/ID/         one undoing that is armed: agent record owner due state log step.N …

gp_find_base() {
  if [ -n "${GATEPROOF_STATE-}" ]; then gp_base=$GATEPROOF_STATE
  elif [ "$(id -u)" = 0 ]; then gp_base=/var/lib/gateproof
  else gp_base=${XDG_STATE_HOME:-${HOME:-/}/.local/state}/gateproof
  fi
  gp_boot=
  read -r gp_boot </proc/sys/kernel/random/boot_id
}

# Seconds since the boot, suspended ones included: no clock that somebody sets.
gp_uptime() {
  read -r gp_now gp_rest </proc/uptime
  gp_now=${gp_now%%.*}
}

# When process $1 began; false when there is none, or only its remains.
gp_start() {
  { read -r gp_stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  set -- ${gp_stat##*) }
  gp_started=${20-}
  [ "$1" != Z ]
}

# Whether process $1, begun at $2 in boot $3, still exists.
gp_exists() {
  [ "$3" = "$gp_boot" ] && gp_start "$1" && [ "$gp_started" = "$2" ]
}

# Whether it also lets itself be heard.
gp_alive() {
  gp_exists "$1" "$2" "$3" || return 1
  gp_beat=
  { read -r gp_beat <"$gp_base/beat-$1-$2"; } 2>/dev/null
  [ -z "$gp_beat" ] || [ "$((gp_now - gp_beat))" -lt 60 ]
}

# Prints everything that is known: one word, then its value, a line each.
gp_look() {
  gp_uptime
  for gp_dir in "$gp_base"/undo/*; do
    [ -f "$gp_dir/record" ] && read -r gp_pid gp_begun gp_of gp_run <"$gp_dir/owner" || continue
    gp_life=dead
    if gp_alive "$gp_pid" "$gp_begun" "$gp_of"; then gp_life=alive; fi
    if [ "$gp_of" != "$gp_boot" ]; then gp_life=rebooted; fi
    echo "undo ${gp_dir##*/}"
    echo "owner $gp_life"
    read -r gp_line <"$gp_dir/state" && echo "state $gp_line"
    read -r gp_line <"$gp_dir/due" && echo "left $((gp_line - gp_now))"
    printf 'record ' && cat "$gp_dir/record"
    if [ -s "$gp_dir/log" ]; then tail -c 2000 "$gp_dir/log" | sed 's/^/log /' && echo; fi
  done
  if [ -f "$gp_base/lease" ]; then
    { read -r gp_pid gp_begun gp_of gp_run && IFS= read -r gp_line; } <"$gp_base/lease" || return 0
    gp_life=dead
    if gp_alive "$gp_pid" "$gp_begun" "$gp_of"; then gp_life=alive; fi
    printf 'lease %s %s\n' "$gp_life" "$gp_line"
  fi
}

# Removes the file $1, which names a process in its first line, if that process is gone.
gp_break() {
  if ! mkdir "$1.breaking" 2>/dev/null; then
    # Somebody else does it, and is done in no time; or was killed at it.
    sleep 1
    rmdir "$1.breaking" 2>/dev/null
    return
  fi
  if { read -r gp_pid gp_begun gp_of gp_run; } 2>/dev/null <"$1" && ! gp_alive "$gp_pid" "$gp_begun" "$gp_of"; then
    rm -f "$1" "$gp_base/beat-$gp_pid-$gp_begun"
  fi
  rmdir "$1.breaking"
}

# Makes this process the only one that undoes $1, for as long as it lives. False: $1 is gone.
gp_lock() {
  gp_start $$
  gp_me="$$ $gp_started $gp_boot"
  { echo "$gp_me" >"$1/.me-$$"; } 2>/dev/null || return 1
  until ln "$1/.me-$$" "$1/lock" 2>/dev/null; do
    [ -d "$1" ] || return 1
    gp_uptime
    gp_pid=
    { read -r gp_pid gp_begun gp_of <"$1/lock"; } 2>/dev/null
    [ "$gp_pid $gp_begun $gp_of" != "$gp_me" ] || break
    if [ -n "$gp_pid" ] && ! gp_exists "$gp_pid" "$gp_begun" "$gp_of"; then
      gp_break "$1/lock"
    else
      sleep 1
    fi
  done
  rm -f "$1/.me-$$"
}
