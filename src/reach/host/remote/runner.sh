# The gateproof runner: runs commands on a host, one at a time, for as long as the channel
# it was started on is open, and leaves nothing behind. POSIX sh (dash, bash, busybox).
#
# In: one request a line. Out: frames, and once it is ready nothing else. Before this text was
# read, these were set, all of them random:
#
#   nonce     names this runner: in its folder, and in the environment of its jobs
#   key       begins every frame; no job can know it, since it stands in no environment, no
#             argument and no file
#   ask       begins every request that makes something run, for the same reason
#   lineage   12 digits that begin the limits of jobs (marked.sh); the same for every runner
#             that this client starts on this host for the same purpose
#
# What a job of this user could do is to write into our channels (/proc/PID/fd), and to read
# them. So nothing of a job lives when its result is sent, and what is in our channels while one
# runs makes nothing run: several jobs come in one line, and the executor has read it whole
# before the first of them begins.
#
#   run ASK JOBS       shell text, evaluated here: for each job `begin_job`, assignments, `run_job`
#                        id        the job's number
#                        token     stands in the answer to this request, and in no other
#                        mark      the limit of file locks by which its processes are found
#                        deadline  seconds until the watchdog kills it (the client, who
#                                  keeps time more finely, cancels it before that)
#                        limit     how many bytes of each stream are sent back
#                        flood     how many bytes of a stream are too many
#                        keep      yes: what the job leaves in its process group may stay
#                        input     standard input as printf %b reads it; unset: /dev/null
#                        text      shell text, given to /bin/sh -c
#   cancel ID          kill that job and all its processes
#   beat               the client lives
#   (end of input)     kill everything, remove everything, end
#
#   ready 3 LAUNCH DIR         once, when requests can be sent
#   fault KIND TEXT            instead of that: this host will not do
#   done ID TOKEN STATE STATUS OUT OUT-ALL ERR ERR-ALL LEFT LEASE
#                              followed by OUT and ERR bytes, by LEFT bytes about the processes
#                              that the job left behind (marked.sh: $met), and by `end ID TOKEN`;
#                              LEASE says whether somebody disturbs this host (`yes` or `no`)
#   intruder TEXT              somebody else wrote a request, or meddled with our files
#
# Who is who: this shell only sets up and cleans up. The reader takes requests from the
# channel and never waits for a job; the executor runs one after the other and writes the
# frames; the watchdog looks after all of them once a second, whatever became of the link.

newline='
'
tag="gateproof-$key"
quiet_limit=45
# Ours are for us alone, whatever the login's are for; jobs get theirs back.
login_mask=$(umask)
umask 077
unset SSH_CLIENT SSH2_CLIENT # or bash reads its start-up files in every job

refuse() {
  printf '\n%s fault %s %s\n' "$tag" "$1" "$2"
  exit 1
}

# Nothing that comes after this can be trusted, so it is the end.
intruder() {
  printf '%s intruder %s\n' "$tag" "$1"
  exit 1
}

for tool in mkdir rm sleep wc head tr grep; do
  command -v "$tool" >/dev/null 2>&1 || refuse tool "$tool"
done
[ -r /proc/self/environ ] || refuse other '/proc is not mounted: processes could not be found again'

# Where a lease of this host is (state_folder.sh).
gp_find_base 2>/dev/null

# A private folder, on the first place that can be written.
dir=
for base in "${TMPDIR:-/tmp}" /tmp /dev/shm /run /var/tmp; do
  case $base in *[!A-Za-z0-9/._-]* | [!/]*) continue ;; esac
  try=$base/gateproof-$nonce
  mkdir -m 700 "$try" 2>/dev/null || continue
  if echo probe 2>/dev/null >"$try/probe" && [ -s "$try/probe" ]; then
    dir=$try
    break
  fi
  rm -rf "$try"
done
[ -n "$dir" ] || refuse space "no folder can be written (tried ${TMPDIR:-/tmp}, /tmp, /dev/shm, /run, /var/tmp): full, or read-only?"
for file in state killed pid beat; do echo >"$dir/$file"; done
printf '' >"$dir/probe"

# How to start a job in a session of its own. util-linux's setsid also tells whether a
# signal ended it (it says so on its own standard error); with any other, and without one,
# a signal looks like an exit status above 128, as in every shell.
launch=none
if command -v setsid >/dev/null 2>&1; then
  launch=setsid
  setsid -f -w /bin/sh -c 'kill -9 $$' >/dev/null 2>"$dir/sig" </dev/null
  [ $? = 9 ] && [ -s "$dir/sig" ] && launch=exact
fi

# Which option of this shell's `ulimit` sets the limit of file locks, if any.
lock=
for option in w x; do
  if (ulimit "-$option" "${lineage}000000" && grep -q "^Max file locks  *${lineage}0" /proc/self/limits) 2>/dev/null; then
    lock=$option
  fi
done

pid_max='' stayed=
# All at once: a byte at a time the kernel gives the first digit only.
pid_max=$(head -c 20 /proc/sys/kernel/pid_max)

# Kills what remains of job $1 with limit $2: by what it cannot take off, where there is that.
end_job() {
  if [ -n "$lock" ]; then kill_limited "$2"; else kill_marked "job:$nonce.$1."; fi
}

# Kills all that remains of jobs that may leave nothing.
end_all() {
  kill_marked "run:$nonce"
  [ -z "$lock" ] || kill_limited "${lineage}[0-9]{6}"
}

# Kills the process group of job $1, if it is the one that runs now.
kill_group() {
  [ "$launch" = none ] && return 0
  group_id='' group=''
  read -r group_id group <"$dir/pid"
  [ "$group_id" = "$1" ] && [ -n "$group" ] && kill -9 "-$group" 2>/dev/null
  return 0
}

# Kills job $1 with all it started, and leaves word why ($2). Its limit stands in the file.
stop_job() {
  echo "$1 $2" >"$dir/killed"
  kill_group "$1"
  stop_id='' stop_mark=''
  read -r stop_id none none stop_mark <"$dir/state"
  kill_marked "job:$nonce.$1."
  # The file may be a job's work: only digits can be a limit.
  case $stop_id:$stop_mark in
    "$1":*[!0-9]*) ;;
    "$1":?*) [ -z "$lock" ] || kill_limited "$stop_mark" ;;
  esac
}

reader() {
  read -r self rest </proc/self/stat && echo "$self" >"$dir/reader"
  beats=0
  while IFS=' ' read -r verb rest; do
    case $verb in
      run) printf '%s\n' "$rest" ;;
      cancel) stop_job "$rest" cancelled ;;
    esac
    beats=$((beats + 1))
    echo "$beats" >"$dir/beat"
  done
  # In this order: the executor writes down which job it begins, and then looks whether it is to stop.
  printf '' >"$dir/stop"
  current=
  read -r current rest <"$dir/state"
  [ -z "$current" ] || stop_job "$current" gone
}

executor() {
  read -r self rest </proc/self/stat && echo "$self" >"$dir/executor"
  while IFS= read -r line; do
    case $line in
      "$ask "*) line=${line#* } ;;
      *) intruder 'a request that the client did not send' ;;
    esac
    eval "$line"
  done
}

begin_job() {
  id='' token='' mark='' deadline='' limit='' flood='' keep='' text=''
  unset input
}

run_job() {
  from=/dev/null
  if [ -n "${input+set}" ]; then
    from=$dir/in
    printf '%b' "$input" >"$from"
  fi
  own=run:$nonce
  if [ "$keep" = yes ]; then own=; fi
  for file in pid sig fault out err left state killed probe; do
    if [ -L "$dir/$file" ] || { [ -e "$dir/$file" ] && [ ! -f "$dir/$file" ]; }; then
      intruder "$dir/$file is not the file that it was"
    fi
  done
  echo >"$dir/pid"
  echo >"$dir/sig"
  for file in fault out err left; do printf '' >"$dir/$file"; done
  echo "$id $deadline $flood $mark" >"$dir/state"
  # Nobody waits for what comes after a link that is gone.
  [ ! -e "$dir/stop" ] || exit 0
  # The job's shell first says which process it is; then its errors go where they belong.
  # What setsid itself has to say stays apart from them.
  start="${lock:+ulimit -$lock $mark; }umask $login_mask; echo $id \$\$ >$dir/pid || exit 126; exec 2>&3 3>&-$newline"
  killed='' why=''
  read -r killed why <"$dir/killed"
  status=126
  if [ "$killed" != "$id" ]; then
    case $launch in
      exact) set -- setsid -f -w /bin/sh -c "$start$text" sh ;;
      setsid) set -- setsid /bin/sh -c "$start$text" sh ;;
      none) set -- /bin/sh -c "$start$text" sh ;;
    esac
    printf '' >"$dir/sig"
    newest_process
    first_pid=$newest first_moment=$moment
    # Appending: who opens /dev/stdout or /dev/stderr by name still empties the file, but
    # nobody writes over what another has written.
    GATEPROOF_JOB="job:$nonce.$id." GATEPROOF_RUN=$own "$@" \
      <"$from" >>"$dir/out" 3>>"$dir/err" 2>"$dir/sig"
    status=$?
  fi
  started='' pid=''
  read -r started pid <"$dir/pid"
  # Before anything is looked at: what still lives could write into it.
  met=
  read -r killed why <"$dir/killed"
  if [ "$keep" != yes ]; then
    [ -n "$lock" ] || kill_group "$id"
    end_left
  elif [ "$killed" = "$id" ]; then
    end_job "$id" "$mark"
  fi
  [ -z "$met" ] || printf '%s' "$met" >"$dir/left"

  read -r killed why <"$dir/killed"
  echo >"$dir/state"
  if [ "$killed" = "$id" ]; then
    state=$why
    case $state in cancelled | overdue | flood | gone) ;; *) intruder "$dir/killed was written to" ;; esac
  elif [ -s "$dir/fault" ]; then
    read -r state <"$dir/fault"
    case $state in cwd | tool) ;; *) intruder "$dir/fault was written to" ;; esac
  elif [ "$started" != "$id" ]; then
    state=unstarted
  elif [ "$launch" = exact ] && [ -s "$dir/sig" ]; then
    state=signal status=$((status & 127))
  else
    state=exit
  fi
  echo >"$dir/pid"
  # If not even this can be written, what the job wrote is not all of it either. (The file
  # is empty until now, so that it takes room that was free while the job ran.)
  { echo end >"$dir/probe" && [ -s "$dir/probe" ]; } 2>/dev/null || state=space
  printf '' >"$dir/probe"
  send_result
  [ "$state" != gone ] || exit 0
}

# Ends what the job has left behind, whichever of our jobs it seems to be of.
end_left() {
  if [ -z "$lock" ]; then
    kill_marked "job:$nonce.$id."
  elif [ -n "$stayed" ] || ! left_nothing; then
    end_found find_limited "${lineage}[0-9]{6}" || stayed=yes
  fi
}

# The number of the newest process in $newest, and the hundredths of seconds since the boot in $moment.
newest_process() {
  newest='' moment=''
  read -r rest rest rest rest newest rest </proc/loadavg
  read -r moment rest </proc/uptime
  moment=${moment%.*}${moment#*.}
} 2>/dev/null

# Whether the job has surely left nothing behind: what it started has a number above that of the newest
# process before it, and none of those is there any more. The numbers begin anew at $pid_max, so only
# where not that many processes can have been started since; and the kernel must count them as we
# see them, by which a job's own number is among them. False also where that is not known.
left_nothing() {
  number=$first_pid
  while newest_process; do
    case $number:$newest:$pid:$first_moment:$moment:$pid_max in *[!0-9:]* | *::* | :* | *:) return 1 ;; esac
    [ "$first_pid" -lt "$pid" ] && [ "$pid" -le "$newest" ] &&
      [ "$((newest - number))" -lt 200 ] && [ "$(((moment - first_moment + 1) * 10000))" -lt "$pid_max" ] || return 1
    [ "$number" -lt "$newest" ] || return 0
    while [ "$number" -lt "$newest" ]; do
      number=$((number + 1))
      [ ! -e "/proc/$number" ] || return 1
    done
  done
}

send_result() {
  out=0 err=0 left=0
  if [ -s "$dir/out" ] || [ -s "$dir/err" ] || [ -n "$met" ]; then
    set -- $(wc -c "$dir/out" "$dir/err" "$dir/left")
    out=$1 err=$3 left=$5
  fi
  if [ "$out" -gt "$flood" ] || [ "$err" -gt "$flood" ]; then state=flood; fi
  leased=no
  [ ! -e "$gp_base/lease" ] || leased=yes
  send_out=$out send_err=$err
  [ "$out" -le "$limit" ] || send_out=$limit
  [ "$err" -le "$limit" ] || send_err=$limit
  printf '%s done %s %s %s %s %s %s %s %s %s %s\n' \
    "$tag" "$id" "$token" "$state" "$status" "$send_out" "$out" "$send_err" "$err" "$left" "$leased"
  [ "$send_out" = 0 ] || head -c "$send_out" "$dir/out"
  [ "$send_err" = 0 ] || head -c "$send_err" "$dir/err"
  [ "$left" = 0 ] || head -c "$left" "$dir/left"
  printf '%s end %s %s\n' "$tag" "$id" "$token"
}

# The lease that a job has taken is ours for as long as we live: renewed with each beat of the
# client, and given back at the end. (Who may take one: src/reach/undo/common.sh.)
renew_lease() {
  read -r lease <"$dir/lease"
  read -r uptime rest </proc/uptime
  [ ! -f "$lease/lease" ] || echo "${uptime%%.*}" >"$lease/beat-$main-$main_start"
}

release_lease() {
  [ -s "$dir/lease" ] || return 0
  read -r lease <"$dir/lease"
  rm -f "$lease/beat-$main-$main_start"
  read -r pid started rest <"$lease/lease" && [ "$pid $started" = "$main $main_start" ] && rm -f "$lease/lease"
  rmdir "$lease/undo" "$lease"
} 2>/dev/null

# Looks once a second: is the job overdue or flooding, does the client live, do we.
watchdog() {
  seen='' ticks=0 quiet=0 last=''
  while sleep 1; do
    [ -d "$dir" ] || exit 0
    alive=yes
    for file in reader executor; do
      pid=
      [ -s "$dir/$file" ] && read -r pid <"$dir/$file"
      [ -z "$pid" ] || kill -0 "$pid" 2>/dev/null || alive=
    done
    kill -0 "$main" 2>/dev/null || alive=
    beat=$last
    read -r beat <"$dir/beat"
    quiet=$((quiet + 1))
    if [ "$beat" != "$last" ]; then
      quiet=0
      [ ! -s "$dir/lease" ] || renew_lease
    fi
    last=$beat
    id='' deadline='' flood=''
    read -r id deadline flood mark <"$dir/state"
    if [ -z "$alive" ] || [ "$quiet" -ge "$quiet_limit" ]; then give_up; fi
    if [ -z "$id" ]; then
      seen=
    elif [ "$id" != "$seen" ]; then
      seen=$id ticks=0
    else
      ticks=$((ticks + 1))
      [ "$ticks" -lt "$deadline" ] || stop_job "$id" overdue
      set -- $(wc -c "$dir/out" "$dir/err")
      if [ "$1" -gt "$flood" ] || [ "$3" -gt "$flood" ]; then stop_job "$id" flood; fi
    fi
  done 2>/dev/null
}

# The link or one of us is gone: end everything, the rest of us included.
give_up() {
  printf '' >"$dir/stop"
  [ -z "$id" ] || stop_job "$id" gone
  end_all
  release_lease
  for file in reader executor; do
    pid=
    [ -s "$dir/$file" ] && read -r pid <"$dir/$file"
    [ -z "$pid" ] || kill -9 "$pid"
  done
  kill -9 "$main"
  rm -rf "$dir"
  # What is left of us (a `head` that writes into a dead link) is in our process group, if
  # that group is ours: the login gave us one of our own.
  [ "$main_group" != "$main" ] || kill -9 0
  exit 0
}

read -r main name state parent main_group rest </proc/self/stat
set -- $rest
main_start=${17}
# By this a job can tell others on the host for how long its client lives.
export GATEPROOF_OWNER="$main $main_start $dir"
# What an earlier runner of this client has left here, because a job killed it.
[ -z "$lock" ] || kill_limited "${lineage}[0-9]{6}"
watchdog </dev/null >/dev/null 2>&1 &
dog=$!
printf '\n%s ready 3 %s %s\n' "$tag" "$launch" "$dir"
reader | executor
end_all
release_lease
kill -9 "$dog" 2>/dev/null
rm -rf "$dir"
