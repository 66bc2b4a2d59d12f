own=$(git rev-parse --local-env-vars) || cannot 'git does not work here'
# A hook of another repository may have said which one is meant. Unquoted on purpose: many names.
unset $own
GIT_OPTIONAL_LOCKS=0 GIT_TERMINAL_PROMPT=0
export GIT_OPTIONAL_LOCKS GIT_TERMINAL_PROMPT
case $1 in /*) path=$1 ;; *) path=./$1 ;; esac
ask() { git -C "$path" -c core.fsmonitor=false "$@" </dev/null; }
seen=$(ask rev-parse --is-bare-repository --show-prefix 2>&1)
case $?:$seen in
0:*) ;;
128:'fatal: not a git repository (or any'*)
  echo '{"exists":false}'
  exit 0 ;;
*) cannot "$seen" ;;
esac
bare=${seen%%"
"*}
prefix=${seen#"$bare"}
if [ -n "${prefix#"
"}" ]; then
  echo '{"exists":"a folder of a repository"}'
  exit 0
fi
branch=$(ask symbolic-ref --short -q HEAD) || branch='HEAD (detached)'
clean='"no work tree"'
if [ "$bare" = false ]; then
  changes=$(ask status --porcelain --untracked-files=normal --ignore-submodules=none) || cannot 'git status fails'
  clean=true
  [ -z "$changes" ] || clean=$(quoted "$(printf '%s\n' "$changes" | tr '[:cntrl:]' ' ')") || exit 126
fi
contained=$2
if [ -n "$2" ]; then
  if commit=$(ask rev-parse --verify -q --end-of-options "$2^{commit}"); then
    ask merge-base --is-ancestor "$commit" HEAD
    case $? in 0) ;; 1) contained='not in the history of HEAD' ;; *) cannot 'git merge-base fails' ;; esac
  else
    contained='an unknown revision'
  fi
  if [ "$contained" != "$2" ]; then
    shallow=$(ask rev-parse --is-shallow-repository) || cannot 'git rev-parse fails'
    [ "$shallow" = false ] || cannot 'the history is cut off (a shallow clone)'
  fi
fi
contained=$(quoted "$contained") || exit 126
behind='"not asked"'
if [ -n "$3" ]; then
  upstream=$(ask for-each-ref --format='%(upstream:remotename) %(upstream:remoteref)' "refs/heads/$branch") || cannot 'git for-each-ref fails'
  remote=${upstream%% *} ref=${upstream#* }
  if [ -z "$remote" ] || [ -z "$ref" ]; then
    behind='"no upstream"'
  else
    # The remote itself is asked: what was fetched last may be old.
    listed=$(ask ls-remote -- "$remote" "$ref") || cannot 'the remote does not answer'
    tip=
    while IFS='	' read -r hash name; do
      [ "$name" != "$ref" ] || tip=$hash
    done <<EOF
$listed
EOF
    if [ -z "$tip" ]; then
      behind='"the upstream is gone"'
    elif ask cat-file -e "$tip^{commit}" 2>/dev/null; then
      behind=$(ask rev-list --count "HEAD..$tip") || cannot 'git rev-list fails'
    else
      behind='"at least 1, not fetched"'
    fi
  fi
fi
branch=$(quoted "$branch") || exit 126
printf '{"exists":true,"branch":%s,"clean":%s,"contains":%s,"behind":%s}\n' "$branch" "$clean" "$contained" "$behind"
