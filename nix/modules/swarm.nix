# The swarm: made once, and left alone afterwards.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.warm-reconcile;
  scripts = import ./scripts.nix { inherit lib cfg; };
in
{
  config = lib.mkIf (cfg.enable && cfg.swarm.init) {
    systemd.services.swarm-init = {
      description = "Make this host a Docker Swarm";
      wantedBy = [ "multi-user.target" ];
      requires = [ "docker.service" ];
      after = [
        "docker.service"
        "network-online.target"
      ];
      wants = [ "network-online.target" ];
      path = [ config.virtualisation.docker.package ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "${pkgs.writeShellScript "swarm-init" scripts.swarmInit}";
        TimeoutStartSec = 120;
      };
    };
  };
}
