listed=$(docker container ls --all --no-trunc --format '{{.Names}}') || cannot 'docker does not answer'
found=
while IFS= read -r names; do
  case ,$names, in *,"$1",*) found=yes ;; esac
done <<EOF
$listed
EOF
if [ -z "$found" ]; then
  echo '{"exists":false}'
  exit 0
fi
# Docker also takes the beginning of an ID, so the name is looked at again.
seen=$(docker container inspect --format '{{.Name}}
{"exists":true,"running":{{if eq .State.Status "running"}}true{{else if or (eq .State.Status "exited") (eq .State.Status "created") (eq .State.Status "dead")}}false{{else}}{{json .State.Status}}{{end}},"state":{{json .State.Status}},"health":{{if .State.Health}}{{json .State.Health.Status}}{{else}}"none"{{end}},"image":{{json .Config.Image}} }' -- "$1") ||
  cannot 'docker does not answer'
name=${seen%%"
"*}
[ "${name#/}" = "$1" ] || cannot "docker tells of $name"
printf '%s\n' "${seen#*"
"}"
