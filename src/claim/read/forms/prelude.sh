LC_ALL=C
export LC_ALL
cannot() { printf 'cannot tell: %s\n' "$1" >&2; exit 126; }
# A text as JSON.
quoted() {
  case $1 in *[[:cntrl:]]*) cannot 'a control character in what was seen' ;; esac
  inner=$(printf %s "$1" | sed 's/["\\]/\\&/g') || cannot 'sed does not work here'
  printf '"%s"' "$inner"
}
[ -n "$1" ] || cannot 'the name is empty'
