command -v getent >/dev/null || cannot 'getent is not here'
seen=$(getent passwd -- "$1")
case $? in
0) ;;
2)
  # A directory that does not answer has the same exit code as an unknown user.
  sources=$(sed -n 's/#.*//; s/^passwd://p' /etc/nsswitch.conf) || cannot 'nsswitch.conf cannot be read'
  for source in $sources; do
    case $source in
    files | compat | systemd | '['*']') ;;
    *) cannot "$source may not have answered" ;;
    esac
  done
  seen= ;;
*) cannot 'getent does not work here' ;;
esac
IFS=: read -r name secret uid gid words home shell <<EOF
$seen
EOF
# getent also takes the number of a user.
if [ "$name" != "$1" ]; then
  echo '{"exists":false}'
  exit 0
fi
members=$(id -Gn -- "$1") || cannot 'id does not work here'
groups=
for group in $members; do
  group=$(quoted "$group") || exit 126
  groups=$groups,$group
done
home=$(quoted "$home") || exit 126
shell=$(quoted "$shell") || exit 126
printf '{"exists":true,"uid":%s,"groups":[%s],"home":%s,"shell":%s}\n' "$uid" "${groups#,}" "$home" "$shell"
