# The texts of the scripts that units run; nix/test/run runs them, too.
{ lib, cfg }:
{
  # Clones a recipe that is not here, whole or not at all.
  fetchRecipe =
    name: app:
    let
      here = lib.escapeShellArg (app.repository or "${cfg.abraDir}/recipes/${app.recipe or name}");
      source = lib.escapeShellArg app.source;
      clone = ''
        part=$here.part.$$
        trap 'rm -rf "$part"' EXIT
        mkdir -p "$(dirname "$here")"
        if ! GIT_TERMINAL_PROMPT=0 timeout ${toString cfg.cloneTimeout} git clone --quiet -- "$source" "$part"; then
          echo "the recipe cannot be cloned from $source; services.warm-reconcile.apps.${name}.source says where it is" >&2
          exit 1
        fi
        # Another app of the same recipe may have been faster.
        mv -T "$part" "$here" 2>/dev/null || [ -e "$here/.git" ]
      '';
      refuse = ''
        echo "$here is missing and skipFetch is set: run git clone $source $here" >&2
        exit 1
      '';
    in
    ''
      set -eu
      here=${here} source=${source}
      if [ -e "$here/.git" ] || [ -e "$here/HEAD" ]; then
        exit 0
      fi
      if [ -e "$here" ]; then
        echo "$here is here and is not a git repository: move it away" >&2
        exit 1
      fi
    ''
    + (if cfg.skipFetch then refuse else clone);

  # Makes this host a swarm, once.
  swarmInit = ''
    set -eu
    # A node that comes up is `pending` for a moment.
    for _ in $(seq 30); do
      state=$(docker info --format '{{.Swarm.LocalNodeState}}')
      [ "$state" = pending ] || break
      sleep 1
    done
    case $state in
      inactive)
        docker swarm init --advertise-addr ${lib.escapeShellArg cfg.swarm.advertiseAddress} >/dev/null
        echo "this host is a swarm of one node now"
        ;;
      active)
        if [ "$(docker info --format '{{.Swarm.ControlAvailable}}')" != true ]; then
          echo "this host is a worker of a swarm; only a manager can deploy" >&2
          exit 1
        fi
        ;;
      *)
        echo "the swarm of this host is $state: see docker info" >&2
        exit 1
        ;;
    esac
  '';
}
