case $1 in tcp) listens=0A ;; *) listens=07 ;; esac
case $2 in '' | *[!0-9]* | 0* | ??????*) cannot 'this is not the number of a port' ;; esac
port=$(printf %04X "$2")
# Bytes stand in the order of the machine, in words of four.
four() {
  rest=$1
  d=${rest%??????} rest=${rest#??}
  c=${rest%????} rest=${rest#??}
  b=${rest%??} a=${rest#??}
}
address() {
  case $1 in
  ????????) four "$1"; printf '%d.%d.%d.%d\n' "0x$a" "0x$b" "0x$c" "0x$d" ;;
  00000000000000000000000000000000) echo :: ;;
  00000000000000000000000001000000) echo ::1 ;;
  *)
    left=$1 whole=
    while [ -n "$left" ]; do
      four "${left%"${left#????????}"}"
      left=${left#????????} whole=$whole:$a$b:$c$d
    done
    echo "${whole#:}" | tr A-F a-f ;;
  esac
}
listeners() {
  while read -r number local remote state more; do
    [ "${local##*:}/$state" = "$port/$listens" ] || continue
    address "${local%:*}"
  done
}
table=/proc/net/$1
[ -r "$table" ] || cannot "$table cannot be read"
[ ! -e "$table"6 ] || [ -r "$table"6 ] || cannot "$table"6" cannot be read"
read -r header <"$table" || cannot "$table is empty"
case $header in *local_address*) ;; *) cannot "$table is not a table of sockets" ;; esac
seen=$(listeners <"$table") || cannot "$table cannot be read"
if [ -e "$table"6 ]; then
  six=$(listeners <"$table"6) || cannot "$table"6" cannot be read"
  seen="$seen
$six"
fi
if [ -z "${seen#"
"}" ]; then
  echo '{"listening":false}'
  exit 0
fi
seen=$(echo "$seen" | sort -u) || cannot 'sort does not work here'
# Unquoted on purpose: one line of it.
seen=$(echo $seen)
printf '{"listening":true,"address":"%s"}\n' "$seen"
