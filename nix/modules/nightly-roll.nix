# Every night: keycloak, then traefik. Each in a service of its own, so that each has its own time
# and its own result, and the second runs whatever became of the first.
{
  config,
  lib,
  ...
}:
let
  cfg = config.services.warm-reconcile;
  common = import ./lib.nix { inherit lib; };
  # Not RemainAfterExit: the next night must start it again.
  roll =
    app: timeout:
    common.reconciler {
      inherit cfg app timeout;
      stays = false;
    };
  keycloak = roll "keycloak" 1200;
  traefik = roll "traefik" 900;
in
{
  options.services.warm-reconcile.nightly = {
    enable = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether to roll keycloak and traefik every night.";
    };
    at = lib.mkOption {
      type = lib.types.str;
      default = "*-*-* 03:00:00";
      description = "When (systemd.time(7)).";
    };
  };

  config = lib.mkIf (cfg.enable && cfg.nightly.enable) {
    systemd.services.nightly-roll-keycloak = keycloak // {
      # Never beside the units of the boot: one run per app at a time.
      after = keycloak.after ++ [
        "deploy-proxy.service"
        "warm-keycloak.service"
      ];
    };
    systemd.services.nightly-roll-traefik = traefik // {
      after = traefik.after ++ [
        "deploy-proxy.service"
        "nightly-roll-keycloak.service"
      ];
    };
    # Done when both are, whatever became of them; they are failed units by themselves.
    systemd.services.nightly-roll = {
      description = "Nightly roll of keycloak and traefik";
      wants = [
        "nightly-roll-keycloak.service"
        "nightly-roll-traefik.service"
      ];
      after = [
        "nightly-roll-keycloak.service"
        "nightly-roll-traefik.service"
      ];
      environment.CCCI_WARM_ROOT = cfg.stateDir;
      serviceConfig = {
        Type = "oneshot";
        ExecStart = "${cfg.package}/bin/warm-reconcile status";
        # It only shows how things stand.
        SuccessExitStatus = [
          10
          20
          30
          40
        ];
        TimeoutStartSec = 60;
      };
    };
    systemd.timers.nightly-roll = {
      description = "Nightly roll of keycloak and traefik";
      wantedBy = [ "timers.target" ];
      after = [ "deploy-proxy.service" ];
      timerConfig = {
        OnCalendar = cfg.nightly.at;
        Persistent = true;
      };
    };
  };
}
