# The kernel keeps the first 15 bytes of a name; more would find nothing.
case $1 in ????????????????*) cannot 'the kernel keeps 15 bytes of a name; write the first 15' ;; esac
# Where /proc hides the processes of others, nothing is known of them.
[ -r /proc/1/status ] || cannot '/proc does not show all processes'
read -r init </proc/1/status || cannot '/proc does not show all processes'
# There a backslash stands twice, and a line break as \n.
wanted=$1
case $1 in *\\*) wanted=$(printf %s "$1" | sed 's/\\/\\\\/g') || cannot 'sed does not work here' ;; esac
count=0
for folder in /proc/[0-9]*; do
  # The shell that looks is not one of those that are looked for.
  [ "$folder" != "/proc/$$" ] || continue
  name= state=
  # A process that has ended meanwhile is none.
  { while IFS='	' read -r key value; do
    case $key in
    Name:) name=$value ;;
    State:) state=$value; break ;;
    esac
  done <"$folder/status"; } 2>/dev/null
  [ "$name" = "$wanted" ] || continue
  case $state in [ZX]*) ;; *) count=$((count + 1)) ;; esac
done
running=true
[ "$count" -gt 0 ] || running=false
printf '{"running":%s,"count":%s}\n' "$running" "$count"
