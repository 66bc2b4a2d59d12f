case $1 in *[*?[]* | -* | *[[:space:]]*) cannot 'this is not the name of one package' ;; esac
absent() { echo '{"installed":false}'; exit 0; }
if [ -s /var/lib/dpkg/status ]; then
  # Without this the manager itself does not work, and knows no package.
  dpkg-query -W dpkg >/dev/null || cannot 'dpkg-query does not work here'
  dollar='$'
  seen=$(dpkg-query -W -f "$dollar{db:Status-Status} $dollar{Version}\n" "$1" 2>&1)
  case $?:$seen in
  0:*) ;;
  1:'dpkg-query: no packages found matching '*) absent ;;
  *) cannot "$seen" ;;
  esac
elif command -v rpm >/dev/null; then
  rpm -q rpm >/dev/null || cannot 'rpm does not work here'
  seen=$(rpm -q --qf '%{NAME} %{VERSION}-%{RELEASE}\n' "$1" 2>&1)
  case $?:$seen in
  0:"$1 "*) seen="installed ${seen#"$1 "}" ;;
  1:"package $1 is not installed") absent ;;
  *) cannot "$seen" ;;
  esac
else
  cannot 'neither dpkg nor rpm manages the packages here'
fi
installed= version=
while read -r state number; do
  # The settings of a package that was removed are not the package.
  case $state in config-files | not-installed) continue ;; installed) state=true ;; *) state=\"$state\" ;; esac
  [ -z "$installed" ] || [ "$installed" = "$state" ] || state='"several states"'
  case " $version " in *" $number "*) ;; *) version="$version $number" ;; esac
  installed=$state
done <<EOF
$seen
EOF
[ -n "$installed" ] || absent
version=$(quoted "${version# }") || exit 126
printf '{"installed":%s,"version":%s}\n' "$installed" "$version"
