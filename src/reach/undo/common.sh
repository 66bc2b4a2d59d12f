# What is armed, and who disturbs: read on a host. POSIX sh; every name of ours begins with gp_.
#
# One folder, private to the user, that survives a reboot:
#   lease            who disturbs: "PID START BOOT RUN", then one line of JSON
#   beat-PID-START   when that one was last heard of, in seconds of uptime
#   undo/ID/         one undoing that is armed: agent record owner due state log step.N …

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

# Whether $1 is a folder (d) or a file (-), as $2 says, that only we and root can change. $gp_why
# says why not. What others can change would run as us, and could say one thing and do another.
gp_trusted() {
  # Whoever ends at this moment takes an empty folder away, and the next one makes it again.
  gp_listed=$(ls -ldn "$1" 2>/dev/null || ls -ldn "$1" 2>/dev/null) || { gp_why='cannot be looked at'; return 1; }
  set -- "$2" $gp_listed
  case $1$2 in
    dd* | --*) ;;
    d*) gp_why='is not a folder'; return 1 ;;
    *) gp_why='is not a file'; return 1 ;;
  esac
  [ "$4" = "$gp_uid" ] || [ "$4" = 0 ] || { gp_why="belongs to another user, uid $4"; return 1; }
  case $2 in
    d???????w[!tT]* | -???????w*) gp_why='can be changed by everybody'; return 1 ;;
  esac
}

# Reads the first line of $1, which names a process, into gp_pid gp_begun gp_of gp_run. False, and
# why in $gp_why, when it does not: a power cut can tear a file that was written whole. It is opened
# once, so that one that is given back meanwhile is read whole, or is gone.
gp_read() {
  gp_pid='' gp_begun='' gp_of='' gp_run='' gp_why='is gone'
  { { gp_why='is empty' gp_listed=$(head -c 400 <&3 | tr -d '\000'; echo .); } 3<"$1"; } 2>/dev/null || return 1
  # What a power cut has torn may be as long as it was, and zeros.
  [ ! -s "$1" ] || gp_why='is cut off'
  gp_line=${gp_listed%%"
"*}
  [ "$gp_line" != "$gp_listed" ] || return 1
  gp_listed=$gp_line
  gp_why='names no process'
  case $gp_listed in *[!0-9A-Za-z\ _.:-]*) return 1 ;; esac
  read -r gp_pid gp_begun gp_of gp_run <<END
$gp_listed
END
  case $gp_pid:$gp_begun in *[!0-9:]* | :* | *:) return 1 ;; esac
  [ -n "$gp_of" ]
}

# Whether $1 is there and names no process, and why in $gp_why.
gp_torn() {
  ! gp_read "$1" && [ "$gp_why" != 'is gone' ]
}

# Whether $1 is there, be it a link that leads nowhere.
gp_there() { [ -e "$1" ] || [ -L "$1" ]; }

# Prints what is wrong with the folder, a line each: `mends` for what `gp_mend` puts right, or
# `foreign`, then a path and why.
gp_wrong() {
  gp_there "$gp_base" || return 0
  for gp_dir in "$gp_base/." "$gp_base/undo" "$gp_base"/undo/*; do
    gp_there "$gp_dir" || continue
    # What is gone by now was wrong for nobody.
    gp_trusted "$gp_dir" d || { ! gp_there "$gp_dir" || echo "foreign ${gp_dir%/.} $gp_why"; continue; }
    if gp_torn "$gp_dir/lock"; then echo "mends $gp_dir/lock $gp_why"; fi
  done
  if gp_there "$gp_base/lease"; then
    if ! gp_trusted "$gp_base/lease" -; then ! gp_there "$gp_base/lease" || echo "foreign $gp_base/lease $gp_why"
    elif gp_torn "$gp_base/lease"; then echo "mends $gp_base/lease $gp_why"
    fi
  fi
}

# Prints what is known of the undoing in $gp_dir.
gp_look_at() {
  # Without an owner that can be read it is nobody's, and waits for somebody.
  gp_read "$gp_dir/owner" || gp_pid=0 gp_begun=none gp_of=$gp_boot
  gp_life=dead
  if gp_alive "$gp_pid" "$gp_begun" "$gp_of"; then gp_life=alive; fi
  if [ "$gp_of" != "$gp_boot" ]; then gp_life=rebooted; fi
  echo "undo ${gp_dir##*/}"
  echo "owner $gp_life"
  read -r gp_line <"$gp_dir/state" && echo "state $gp_line"
  read -r gp_line <"$gp_dir/due" && echo "left $((gp_line - gp_now))"
  printf 'record ' && cat "$gp_dir/record"
  for gp_file in "$gp_dir"/step.*; do
    [ ! -f "$gp_file" ] || { head -c 4000 "$gp_file" | sed 's/^/step /' && echo; }
  done
  if [ -s "$gp_dir/log" ]; then tail -c 2000 "$gp_dir/log" | sed 's/^/log /' && echo; fi
}

# Prints everything that is known: one word, then its value, a line each.
gp_look() {
  gp_uptime
  gp_wrong | sed 's/^/wrong /'
  gp_trusted "$gp_base/." d && { [ ! -e "$gp_base/undo" ] || gp_trusted "$gp_base/undo" d; } || return 0
  for gp_dir in "$gp_base"/undo/*; do
    [ -f "$gp_dir/record" ] && gp_trusted "$gp_dir" d || continue
    gp_entry=$(gp_look_at)
    # One that was taken away meanwhile, by its owner, was read in part.
    [ ! -f "$gp_dir/record" ] || printf '%s\n' "$gp_entry"
  done
  if [ -f "$gp_base/lease" ] && gp_read "$gp_base/lease"; then
    gp_line=$(head -c 8000 "$gp_base/lease" | sed -n 2p)
    gp_life=dead
    if gp_alive "$gp_pid" "$gp_begun" "$gp_of"; then gp_life=alive; fi
    printf 'lease %s %s\n' "$gp_life" "$gp_line"
  fi
}

# Removes the file $1, which names a process in its first line, if that process is gone; with $2
# also if it names none.
gp_break() {
  if ! mkdir "$1.breaking" 2>/dev/null; then
    # Somebody else does it, and is done in no time; or was killed at it.
    sleep 1
    rmdir "$1.breaking" 2>/dev/null
    return
  fi
  if gp_read "$1"; then
    gp_alive "$gp_pid" "$gp_begun" "$gp_of" || rm -f "$1" "$gp_base/beat-$gp_pid-$gp_begun"
  elif [ -n "${2-}" ] && [ -f "$1" ] && gp_torn "$1"; then
    rm -f "$1"
  fi
  rmdir "$1.breaking"
}

# Makes this process the only one that undoes $1, for as long as it lives. 1: $1 is gone. 2: there
# is no room to write that down, and nobody else has.
gp_lock() {
  gp_start $$
  gp_me="$$ $gp_started $gp_boot"
  until { echo "$gp_me" >"$1/.me-$$" && gp_read "$1/.me-$$" && ln "$1/.me-$$" "$1/lock"; } 2>/dev/null; do
    [ -d "$1" ] || return 1
    gp_uptime
    if [ ! -e "$1/lock" ]; then
      # Given back in this moment, or there is no room.
      gp_read "$1/.me-$$" || { rm -f "$1/.me-$$"; return 2; }
    elif ! gp_read "$1/lock"; then
      # Written whole before it had this name, so a power cut tore it: nobody holds it any more.
      gp_break "$1/lock" torn
    else
      [ "$gp_pid $gp_begun $gp_of" != "$gp_me" ] || break
      if gp_exists "$gp_pid" "$gp_begun" "$gp_of"; then sleep 1; else gp_break "$1/lock"; fi
    fi
  done
  rm -f "$1/.me-$$"
}
