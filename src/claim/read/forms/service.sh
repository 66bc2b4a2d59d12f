listed=$(docker service ls --format '{{.Name}} {{.Replicas}}') || cannot 'docker does not answer as a manager'
replicas=
while read -r name count more; do
  [ "$name" != "$1" ] || replicas=$count
done <<EOF
$listed
EOF
if [ -z "$replicas" ]; then
  echo '{"exists":false}'
  exit 0
fi
# Docker also takes an ID, so the name is looked at again.
seen=$(docker service inspect --format '{{.Spec.Name}} {{if .UpdateStatus}}{{.UpdateStatus.State}}{{else}}none{{end}} {{.Spec.TaskTemplate.ContainerSpec.Image}}' -- "$1") ||
  cannot 'docker does not answer as a manager'
read -r name update image <<EOF
$seen
EOF
[ "$name" = "$1" ] || cannot "docker tells of $name"
# The engine adds a digest to the name; it is looked at where it is asked for.
case $2 in *@*) ;; *) image=${image%%@*} ;; esac
running=false
case $replicas in 0/*) ;; *) [ "${replicas%%/*}" != "${replicas#*/}" ] || running=true ;; esac
image=$(quoted "$image") || exit 126
update=$(quoted "$update") || exit 126
printf '{"exists":true,"running":%s,"replicas":"%s","image":%s,"update":%s}\n' \
  "$running" "$replicas" "$image" "$update"
