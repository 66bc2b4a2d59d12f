# The options.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.warm-reconcile;
  inherit (lib)
    literalExpression
    mkEnableOption
    mkOption
    types
    ;
  own = import ./types.nix { inherit lib; };
  times = import ./times.nix { inherit lib; };

  # What the program has built in, as far as units depend on it (src/warm-reconcile/app_file/builtin.yaml).
  builtIn = {
    traefik.unit = "deploy-proxy.service";
    keycloak = {
      unit = "warm-keycloak.service";
      stateful = true;
    };
  };

  app = types.submodule (
    { name, config, ... }:
    {
      # Everything else is a key of the app file. The built program reads them at build time, and
      # refuses a misspelt one.
      freeformType = types.attrsOf own.value;
      options = {
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the app is in the app file and has units.";
        };
        unit = mkOption {
          type = own.service;
          default = builtIn.${name}.unit or "deploy-${name}.service";
          defaultText = "deploy-NAME.service; deploy-proxy.service for traefik, warm-keycloak.service for keycloak";
          example = "warm-wiki.service";
          description = "The service that runs `warm-reconcile run NAME` at boot.";
        };
        nightly = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the nightly roll runs the app.";
        };
        timeout = mkOption {
          type = types.ints.positive;
          default = times.timeout (
            times.longestRun {
              times = config.times or { };
              hooks = config.hooks or { };
              stateful = config.stateful or (builtIn.${name}.stateful or false) == true;
            }
            + (if config.source == null then 0 else cfg.cloneTimeout)
          );
          defaultText = "the longest run that `times` allows, rounded up to 5 minutes";
          example = 1800;
          description = ''
            `TimeoutStartSec` of the app's services, in seconds. The build refuses a value that
            is shorter than the longest run.
          '';
        };
        source = mkOption {
          type = types.nullOr types.str;
          default =
            if config ? repository then
              null
            else
              "https://git.coopcloud.tech/coop-cloud/${config.recipe or name}.git";
          defaultText = "the recipe in the catalogue of Co-op Cloud; null if `repository` is set";
          example = "https://git.example.org/recipes/wiki.git";
          description = ''
            Where the recipe is cloned from if it is not on the host yet. With null nothing is
            cloned, and a missing recipe makes the run fail.
          '';
        };
      };
    }
  );
in
{
  options.services.warm-reconcile = {
    enable = mkEnableOption "warm-reconcile, which deploys apps on a Docker Swarm host behind a health check";
    package = mkOption {
      type = types.package;
      default = pkgs.gateproof or (pkgs.callPackage ../package.nix { });
      defaultText = literalExpression "pkgs.gateproof, or the package of this repository";
      description = "The package with `bin/warm-reconcile`.";
    };
    apps = mkOption {
      type = types.attrsOf app;
      default = { };
      example = literalExpression ''
        {
          traefik.domain = "traefik.example.org";
          wiki = {
            recipe = "dokuwiki";
            domain = "wiki.example.org";
            health_path = "/";
            times.gate = "4m";
          };
        }
      '';
      description = ''
        The apps of this host. Besides the options here, an app takes every key that the app file
        has for an app (`docs/warm-reconcile.md`, "Keys of an app"). `traefik` and `keycloak` are
        built into the program and need only `domain`.
      '';
    };
    routes = mkOption {
      type = types.attrsOf own.service;
      default = { };
      example = {
        "ci.example.org" = "deploy-dashboard.service";
      };
      description = "The unit that creates what answers on a host, by host (for the check of the order).";
    };
    stacks = mkOption {
      type = types.attrsOf own.service;
      default = { };
      example = {
        ccci-dashboard = "deploy-dashboard.service";
      };
      description = "The unit that deploys a stack, by stack (for the check of the order).";
    };
    proxy = mkOption {
      type = types.nullOr own.service;
      default = if cfg.apps.traefik.enable or false then cfg.apps.traefik.unit else null;
      defaultText = "the unit of traefik; null without traefik";
      example = "my-proxy.service";
      description = ''
        The service of the proxy that every app is reached through. All other apps start after it,
        and it rolls first at night. null: there is none.
      '';
    };
    allowUndecided = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether the build accepts that the order of the units is undecided, because nothing says
        which unit creates a host. Name it in `routes` or `stacks` where you can.
      '';
    };
    stateDir = mkOption {
      type = own.absolutePath;
      default = "/var/lib/ci-warm";
      example = "/srv/ci-warm";
      description = "State, snapshots and alerts (`CCCI_WARM_ROOT`).";
    };
    abraDir = mkOption {
      type = own.absolutePath;
      default = "/root/.abra";
      example = "/srv/abra";
      description = "Where abra keeps recipes and the apps' files (`ABRA_DIR`).";
    };
    skipFetch = mkOption {
      type = types.bool;
      default = false;
      description = "Do not fetch recipes (`CCCI_SKIP_FETCH`): deploy what is here.";
    };
    cloneTimeout = mkOption {
      type = types.ints.positive;
      default = 120;
      example = 600;
      description = "How many seconds the first clone of a recipe may take.";
    };
    path = mkOption {
      type = types.listOf (
        types.oneOf [
          types.package
          types.str
        ]
      );
      default = [ ];
      example = literalExpression "[ pkgs.curl ]";
      description = ''
        More packages with programs that runs need, for example for `alert_relay`. They come
        before git, ssh, the docker client and, where an app uses it, abra.
      '';
    };
    swarm = {
      init = mkOption {
        type = types.bool;
        default = true;
        description = ''
          Whether `swarm-init.service` makes this host a swarm of one node if it is in no swarm
          yet. With false the runs still start after a service of this name, if there is one.
        '';
      };
      advertiseAddress = mkOption {
        type = types.str;
        default = "127.0.0.1";
        example = "192.0.2.10";
        description = "The address of a new swarm, for other nodes. A swarm of one node needs no other.";
      };
    };
    nightly = {
      enable = mkOption {
        type = types.bool;
        default = true;
        description = "Whether the apps are rolled every night: the proxy first, then the others by name, one at a time.";
      };
      at = mkOption {
        type = types.either types.str (types.listOf types.str);
        default = "*-*-* 03:00:00";
        example = [
          "Mon..Fri 03:00"
          "Sat,Sun 05:00"
        ];
        description = "When, as in systemd.time(7). The build refuses what systemd cannot read.";
      };
    };
  };
}
