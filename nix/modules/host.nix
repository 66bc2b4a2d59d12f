# What the program needs of the host: the engine, folders, and settings that go together.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.warm-reconcile;
  common = import ./lib.nix { inherit config lib pkgs; };
  inherit (common) enabled;
  docker = config.virtualisation.docker;
  units = lib.mapAttrsToList (_: app: app.unit) enabled ++ [
    "swarm-init.service"
    "nightly-roll.service"
  ];
  # The program's own values for these are the domains of the reference host.
  needsDomain = lib.filter (name: enabled ? ${name} && !(enabled.${name} ? domain)) [
    "traefik"
    "keycloak"
  ];
in
{
  config = lib.mkIf cfg.enable {
    virtualisation.docker = {
      enable = lib.mkDefault true;
      # A node of a swarm must not have it; dockerd refuses to start.
      liveRestore = lib.mkDefault false;
    };

    assertions = [
      {
        assertion = docker.enable;
        message = "services.warm-reconcile needs Docker: virtualisation.docker.enable must not be false.";
      }
      {
        assertion = !docker.liveRestore;
        message = "services.warm-reconcile needs a swarm, and dockerd refuses one with virtualisation.docker.liveRestore.";
      }
      {
        assertion = !(lib.hasInfix "--data-root" docker.extraOptions) && !(lib.hasInfix "--graph" docker.extraOptions);
        message = ''
          services.warm-reconcile cannot see a data-root in virtualisation.docker.extraOptions, so a restore would meet read-only volumes.
          Set virtualisation.docker.daemon.settings.data-root instead.
        '';
      }
      {
        assertion = lib.length units == lib.length (lib.unique units);
        message = "services.warm-reconcile.apps: two apps have the same `unit`, or one has a unit of the module: ${toString units}";
      }
    ]
    ++ map (name: {
      assertion = false;
      message = "services.warm-reconcile.apps.${name}.domain must be set.";
    }) needsDomain;

    warnings = lib.optional (
      enabled == { }
    ) "services.warm-reconcile is enabled and has no app in services.warm-reconcile.apps: it deploys nothing.";

    # abraDir must be there before a service starts that may write to nothing else.
    systemd.tmpfiles.rules = [
      "d ${cfg.stateDir} 0700 root root -"
      "d ${cfg.stateDir}/alerts 0700 root root -"
      "d ${cfg.abraDir} 0700 root root -"
      "d ${cfg.abraDir}/recipes 0700 root root -"
    ];
  };
}
