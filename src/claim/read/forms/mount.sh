[ -r /proc/self/mounts ] || cannot '/proc/self/mounts cannot be read'
path=$(readlink -f -- "$1") || cannot 'the path cannot be followed'
# Spaces and such stand there as octal numbers.
plain() {
  case $1 in
  *\\*) printf '%b' "$(printf %s "$1" | sed 's/\\\([0-7][0-7][0-7]\)/\\0\1/g')" ;;
  *) printf %s "$1" ;;
  esac
}
type=
lines=0
while read -r what where kind how more; do
  lines=$((lines + 1))
  case $where in *\\*) where=$(plain "$where") ;; esac
  [ "$where" != "$path" ] || source=$what type=$kind options=$how
done </proc/self/mounts
[ "$lines" -gt 0 ] || cannot '/proc/self/mounts is empty'
if [ -z "$type" ]; then
  echo '{"exists":false}'
  exit 0
fi
source=$(plain "$source") || exit 126
source=$(quoted "$source") || exit 126
type=$(quoted "$type") || exit 126
options=$(quoted "$options") || exit 126
options=$(printf %s "$options" | sed 's/,/","/g') || cannot 'sed does not work here'
printf '{"exists":true,"type":%s,"source":%s,"options":[%s]}\n' "$type" "$source" "$options"
