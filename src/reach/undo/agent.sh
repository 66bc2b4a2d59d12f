
# The agent: arms an undoing before the disturbance, and undoes when nobody else does.
# Its variables come from the client, as data: run, inside, info, id, record, deadline, steps,
# step_N, limit_N, input_N, ends, and agent (this text).

# Says one thing to the client.
gp_say() { printf '%s\n' "$*"; }

# Whether run $1 is this one, or one that this one runs inside of.
gp_ours() {
  case " $run $inside " in *" $1 "*) return 0 ;; esac
  return 1
}

# Whether somebody's undoing is left over.
gp_left() {
  for gp_dir in "$gp_base"/undo/*; do
    [ -f "$gp_dir/record" ] || continue
    gp_read "$gp_dir/owner" || return 0
    gp_ours "$gp_run" || gp_alive "$gp_pid" "$gp_begun" "$gp_of" || return 0
  done
  return 1
}

# Takes the lease, or finds that it is ours. 1: somebody else who lives has it. 2: nothing can be
# written, or the folder was taken away meanwhile. 3: the lease names nobody.
gp_take() {
  gp_file=$gp_base/.lease-$$ gp_turns=50
  if ! printf '%s\n%s\n' "$gp_owner $gp_start_of $gp_boot $run" "$info" 2>/dev/null >"$gp_file"; then
    rm -f "$gp_file"
    return 2
  fi
  until ln "$gp_file" "$gp_base/lease" 2>/dev/null; do
    gp_run=
    if gp_torn "$gp_base/lease"; then
      rm -f "$gp_file"
      return 3
    fi
    if [ "$gp_run" = "$run" ]; then
      mv -f "$gp_file" "$gp_base/lease"
      break
    fi
    if [ -n "$gp_run" ] && gp_alive "$gp_pid" "$gp_begun" "$gp_of"; then
      rm -f "$gp_file"
      gp_ours "$gp_run"
      return
    fi
    [ ! -e "$gp_base/lease" ] || gp_break "$gp_base/lease"
    gp_turns=$((gp_turns - 1))
    if [ ! -d "$gp_base" ] || [ "$gp_turns" = 0 ]; then
      rm -f "$gp_file"
      return 2
    fi
  done
  rm -f "$gp_file"
  echo "$gp_now" >"$gp_base/beat-$gp_owner-$gp_start_of"
  # The runner renews it with each beat of the client, and gives it back at its end.
  [ -z "$gp_runner" ] || printf '%s\n' "$gp_base" >"$gp_runner/lease"
}

# Makes a folder among the undoings. Whoever ends at this moment takes theirs away when it is empty.
gp_make() {
  rm -rf "$1"
  gp_try=1
  until mkdir -p "$gp_base/undo" && mkdir "$1"; do
    [ "$gp_try" -lt 5 ] || return 1
    gp_try=$((gp_try + 1))
  done 2>/dev/null
}

gp_arm() {
  gp_find_base
  gp_uptime
  gp_mask=$(umask)
  umask 077
  set -- ${GATEPROOF_OWNER-}
  gp_owner=${1-} gp_start_of=${2-} gp_runner=${3-}
  gp_bad=$(gp_wrong)
  if [ -n "$gp_bad" ]; then gp_say wrong; printf '%s\n' "$gp_bad" | sed 's/^/wrong /'; return; fi
  if ! gp_make "$gp_base/undo/.probe-$$"; then
    gp_say "refused $gp_base cannot be written (GATEPROOF_STATE names another folder)"
    return
  fi
  rmdir "$gp_base/undo/.probe-$$" 2>/dev/null
  if gp_left; then gp_say left; gp_look; return; fi
  gp_take
  gp_code=$?
  if [ "$gp_code" = 2 ] && mkdir -p "$gp_base/undo" 2>/dev/null; then
    gp_take
    gp_code=$?
  fi
  case $gp_code in
    0) ;;
    1) gp_say held; gp_look; return ;;
    3) gp_say wrong; gp_wrong | sed 's/^/wrong /'; return ;;
    *) gp_say "refused the lease cannot be written to $gp_base: full?"; return ;;
  esac
  if [ "$steps" = 0 ]; then gp_say "leased $gp_base"; return; fi
  gp_dir=$gp_base/undo/$id
  gp_new=$gp_base/undo/.new-$id
  if ! { gp_make "$gp_new" && cd "$gp_new" && gp_write "$OLDPWD" && mv "$gp_new" "$gp_dir"; }; then
    rm -rf "$gp_new"
    gp_say "refused the undoing cannot be written to $gp_base: full?"
    return
  fi
  gp_how=
  if command -v setsid >/dev/null 2>&1; then
    # Free of our marks, by which it would be killed together with what we leave behind.
    (
      unset GATEPROOF_JOB GATEPROOF_RUN GATEPROOF_OWNER
      cd / && umask "$gp_mask"
      exec setsid /bin/sh "$gp_dir/agent" keep "$gp_dir" </dev/null >/dev/null 2>&1
    ) &
    gp_how=watcher
  fi
  if [ -d /run/systemd/system ] && [ "$(id -u)" = 0 ] && command -v systemd-run >/dev/null 2>&1 &&
    systemd-run --quiet --collect --unit="gateproof-undo-$id" --on-active="${deadline}s" \
      --timer-property=AccuracySec=1s --property=KillMode=process \
      /bin/sh "$gp_dir/agent" keep "$gp_dir" >/dev/null 2>&1; then
    gp_how="systemd-timer${gp_how:+ and $gp_how}"
  fi
  if [ -z "$gp_how" ]; then
    rm -rf "$gp_dir"
    gp_say 'refused neither setsid nor systemd-run is there: nothing could undo it without us'
    return
  fi
  gp_say "armed $gp_base"
  gp_say "how $gp_how"
}

# The folder of an undoing; $1 is where its steps begin.
gp_write() {
  printf '%s\n' "$agent" >agent &&
    printf '%s\n' "$record" >record &&
    printf '%s' "$1" >cwd &&
    echo "$gp_owner $gp_start_of $gp_boot $run" >owner &&
    echo "$((gp_now + deadline + 2))" >due && # A client that lives comes first.
    echo armed >state &&
    { [ -z "$ends" ] || echo >ends; } &&
    cat >claim || return 1
  # Commands find what they found when we were called: PATH, HOME, DOCKER_HOST …
  (
    unset GATEPROOF_JOB GATEPROOF_RUN GATEPROOF_OWNER
    echo "umask $gp_mask"
    export -p && echo ': whole'
  ) >env || return 1
  gp_n=1
  while [ "$gp_n" -le "$steps" ]; do
    eval "printf '%s' \"\$step_$gp_n\" >step.$gp_n && printf '%s' \"\$limit_$gp_n\" >limit.$gp_n" || return 1
    eval "[ -z \"\${input_$gp_n+set}\" ] || printf '%s' \"\$input_$gp_n\" >input.$gp_n" || return 1
    gp_n=$((gp_n + 1))
  done
}

# Waits for what makes us undo: the owner's end, or the deadline. Killed when it is disarmed.
gp_keep() {
  echo "$$" >"$1/keeper-$$"
  while [ -d "$1" ]; do
    gp_uptime
    { read -r gp_pid gp_begun gp_of gp_run <"$1/owner" && read -r gp_due <"$1/due"; } 2>/dev/null || return 0
    if ! gp_exists "$gp_pid" "$gp_begun" "$gp_of"; then
      # Whoever cleans up behind the owner first ends what it was doing.
      sleep 1
      gp_perform "$1" owner-gone
      return
    fi
    if [ "$gp_now" -ge "$gp_due" ]; then
      gp_perform "$1" deadline
      return
    fi
    sleep 1
  done 2>/dev/null
}

gp_state() {
  echo "$*" >"$gp_dir/.state" && mv -f "$gp_dir/.state" "$gp_dir/state"
}

# Undoes $1 because of $2. What a watcher finds undone it does not undo again.
gp_perform() {
  gp_dir=$1
  gp_lock "$1"
  # Without room for the lock it is undone all the same.
  [ $? != 1 ] || return 0
  read -r gp_word gp_rest <"$1/state"
  case $2:$gp_word in
    person:* | *:armed | *:running) ;;
    *) rm -f "$1/lock"; return 0 ;;
  esac
  gp_state running - "$2" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  gp_try=1
  while :; do
    gp_exit=0 gp_n=1
    while [ -f "$1/step.$gp_n" ]; do
      gp_step "$1" "$gp_n" >>"$1/log" 2>&1
      gp_code=$?
      if [ "$gp_code" != 0 ]; then
        gp_exit=$gp_code
        echo "[$2, try $gp_try: step $gp_n ended with $gp_code]" >>"$1/log"
      fi
      gp_n=$((gp_n + 1))
    done
    [ "$gp_exit" != 0 ] && [ "$gp_try" -lt 3 ] || break
    sleep "$gp_try"
    gp_try=$((gp_try + 1))
  done
  gp_word=undone
  [ "$gp_exit" = 0 ] || gp_word=failed
  gp_state "$gp_word" "$gp_exit" "$2" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  # What was disturbed lived in something of the run's own, which ends with the run: nobody will
  # be able to look at it.
  if [ "$gp_word" = undone ] && [ -f "$1/ends" ] && [ "$2" != person ]; then
    gp_remove "$1"
  else
    rm -f "$1/lock"
  fi
}

# One step, as the transport would run it.
gp_step() {
  (
    . "$1/env"
    cd "$(cat "$1/cwd")" || exit 126
    gp_input=/dev/null
    [ ! -f "$1/input.$2" ] || gp_input=$1/input.$2
    gp_text=$(cat "$1/step.$2")
    if command -v timeout >/dev/null 2>&1; then
      exec timeout -s KILL "$(cat "$1/limit.$2")" /bin/sh -c "$gp_text" sh <"$gp_input"
    fi
    exec /bin/sh -c "$gp_text" sh <"$gp_input"
  )
}

# Forgets $1 with all that waits for it. Its lock is held, or its owner is gone.
gp_remove() {
  gp_gone=$gp_base/undo/.gone-$$
  mv "$1" "$gp_gone" || return 1
  for gp_file in "$gp_gone"/keeper-*; do
    [ -f "$gp_file" ] || continue
    gp_pid=${gp_file##*/keeper-}
    # A number may belong to somebody else by now.
    if [ "$gp_pid" != $$ ] && tr '\000' ' ' 2>/dev/null <"/proc/$gp_pid/cmdline" | grep -q -F "keep $1"; then
      kill "$gp_pid" 2>/dev/null
    fi
  done
  rm -rf "$gp_gone"
  if [ -d /run/systemd/system ] && [ "$(id -u)" = 0 ]; then
    systemctl --quiet --no-block stop "gateproof-undo-${1##*/}.timer" >/dev/null 2>&1
  fi
  gp_tidy
}

# Nothing stays behind that nobody needs: a dead lease, empty folders.
gp_tidy() {
  gp_uptime
  rmdir "$gp_base/undo" 2>/dev/null || return 0
  if [ -f "$gp_base/lease" ]; then
    gp_read "$gp_base/lease" || return 0
    gp_alive "$gp_pid" "$gp_begun" "$gp_of" || gp_break "$gp_base/lease"
  fi
  rmdir "$gp_base" 2>/dev/null
  case ${gp_base##*/} in repository-*) rmdir "${gp_base%/*}" 2>/dev/null ;; esac
  return 0
}

# The baseline was seen again, or a person says that all is well.
gp_clear() {
  gp_find_base
  gp_dir=$gp_base/undo/$id
  if [ -n "${why-}" ]; then
    umask 077
    printf '%s\n%s\n' "$why" "$(cat "$gp_dir/record")" >>"$gp_base/forgotten" || return 1
  fi
  gp_lock "$gp_dir"
  # To take it away needs no room, so that a full disk does not leave it armed.
  [ $? = 1 ] || gp_remove "$gp_dir" || { gp_say "it cannot be moved out of $gp_base"; return 0; }
  gp_say cleared
}

# Removes what names nobody any more. Nothing else: what is not ours is for a person.
gp_mend() {
  gp_find_base
  gp_uptime
  gp_wrong | while read -r gp_word gp_rest; do
    [ "$gp_word" = mends ] || continue
    gp_file=${gp_rest%/lock *}/lock
    case $gp_rest in "$gp_base/lease "*) gp_file=$gp_base/lease ;; esac
    gp_break "$gp_file" torn && gp_say "mended $gp_file"
  done
  gp_look
}

case ${1-} in
  keep)
    gp_find_base
    # Where it lies is where it was armed, whatever this environment says.
    gp_base=${2%/undo/*}
    gp_keep "$2"
    ;;
esac
