# Processes are found again by a mark in their environment, also in a session of their own.

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

# Kills all processes with $1 in their environment, and looks again until there are none.
kill_marked() {
  passes=0
  while [ "$passes" -lt 200 ]; do
    found=$(find_marked "$1")
    [ -n "$found" ] || return 0
    kill -9 $found 2>/dev/null
    passes=$((passes + 1))
  done
}

