# The processes of a job are found again by two marks, also in a session of their own: a word in
# their environment, and their hard limit of file locks. The kernel has not enforced that limit
# since Linux 2.4, every process inherits it, and only root can raise it; so it is a mark that a
# process can neither see the need for nor take off. A job's limit has 18 digits: 12 that belong
# to the run, then 6 of its own.

# Lists the processes with $1 in their environment. (`head` names the files it was given;
# busybox's `grep -l` would see nothing behind the first NUL.)
find_marked() {
  head -c 1000000 /proc/[0-9]*/environ 2>/dev/null | tr '\000' '\n' |
    grep -a -F -e '==> /proc/' -e "$1" | while read -r line; do
    case $line in
      '==> /proc/'*) pid=${line#==> /proc/} pid=${pid%/environ <==} ;;
      *"$1"*) echo "$pid" ;;
    esac
  done
}

# Lists the processes whose limit of file locks matches $1, by the file that says so: each job is
# followed by this, so it takes one process.
find_limited() {
  grep -l -s -E "^Max file locks +[0-9]+ +$1 " /proc/[0-9]*/limits
}

# Whether process $1 lives, and is not only its remains.
lives() {
  stat=
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  case ${stat##*) } in [ZX]*) return 1 ;; esac
}

# Kills all processes that `$1 $2` lists, and looks again until there are none. What it met is in
# $met, a line each: `ended PID UID NAME`, or `stays` for what cannot be killed. False: some stay.
end_found() {
  passes=0 met='' stays=' '
  while [ "$passes" -lt 200 ]; do
    found=
    for pid in $("$1" "$2"); do
      pid=${pid#/proc/} pid=${pid%/limits}
      case $stays in *" $pid "*) continue ;; esac
      lives "$pid" || continue
      found="$found $pid"
    done
    [ -n "$found" ] || break
    if [ "$passes" = 0 ]; then
      # What is about to end by itself is not left behind.
      sleep 0.05 2>/dev/null
    else
      for pid in $found; do end_one "$pid"; done
    fi
    passes=$((passes + 1))
  done
  [ "$passes" -lt 200 ] || for pid in $found; do tell_met stays "$pid"; done
  [ "$stays" = ' ' ] && [ "$passes" -lt 200 ]
}

end_one() {
  name=
  case $met in *" $1 "*) ;; *) read_status "$1" ;; esac
  if kill -9 "$1" 2>/dev/null; then
    [ -z "$name" ] || tell_met ended "$1"
  elif lives "$1"; then
    stays="$stays$1 "
    tell_met stays "$1"
  fi
}

# The name and the user of process $1.
read_status() {
  name='?' uid='?'
  while read -r field value; do
    case $field in
      Name:) name=$value ;;
      Uid:) uid=${value%%[!0-9]*}; break ;;
    esac
  done 2>/dev/null <"/proc/$1/status"
}

tell_met() {
  [ "${#met}" -lt 2000 ] || return 0
  met="$met$1 $2 $uid $name
"
}

# Kills all processes with $1 in their environment.
kill_marked() { end_found find_marked "$1"; }

# Kills all processes whose limit of file locks matches $1.
kill_limited() { end_found find_limited "$1"; }

