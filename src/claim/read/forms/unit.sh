case $1 in *[*?[]* | *[[:space:]]*) cannot 'this is not the name of one unit' ;; esac
case $2 in *[[:space:]]*) cannot 'this is not the name of one unit' ;; esac
seen=$(systemctl show -p LoadState,ActiveState,SubState,UnitFileState,Result,After -- "$1") ||
  cannot 'systemctl does not answer'
load= active= sub= file= result= after=
while IFS= read -r line; do
  value=${line#*=}
  case $line in
  LoadState=*) load=$value ;;
  ActiveState=*) active=$value ;;
  SubState=*) sub=$value ;;
  UnitFileState=*) file=$value ;;
  Result=*) result=$value ;;
  After=*) after=$value ;;
  esac
done <<EOF
$seen
EOF
exists=true
case $load/$active in
# Under a chroot, and about a number, systemctl says nothing, and succeeds.
/* | */) cannot 'systemctl says nothing of this unit' ;;
loaded/* | masked/*) ;;
not-found/inactive) exists=false ;;
*) exists=$(quoted "$load, and $active") || exit 126 ;;
esac
other=$2
case $other in
*.service | *.socket | *.target | *.mount | *.automount | *.swap | *.timer | *.path | *.slice | *.scope | *.device) ;;
*) other=$other.service ;;
esac
case " $after " in *" $other "*) [ -z "$2" ] || after=$2 ;; esac
[ "$exists" != false ] || active=not-found sub=not-found file=not-found result=not-found
after=$(quoted "$after") || exit 126
printf '{"exists":%s,"active":"%s","sub":"%s","enabled":"%s","result":"%s","after":%s}\n' \
  "$exists" "$active" "$sub" "${file:-none}" "${result:-none}" "$after"
