# Every night: the proxy, then the other apps by name. Each in a service of its own, so that each
# has its own time and its own result, and the next runs whatever became of the one before.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.warm-reconcile;
  common = import ./lib.nix { inherit config lib pkgs; };
  rolled = lib.filterAttrs (_: app: app.nightly) common.enabled;
  isProxy = name: rolled.${name}.unit == cfg.proxy;
  # While the proxy changes, no other app's health can be asked.
  names =
    lib.filter isProxy (lib.attrNames rolled)
    ++ lib.filter (name: !isProxy name) (lib.attrNames rolled);
  roll = name: "nightly-roll-${name}";
  service = name: "${roll name}.service";

  unit =
    earlier: name:
    let
      app = rolled.${name};
      base = common.reconciler {
        inherit name app;
        # The next night must start it again.
        stays = false;
      };
      # Never beside the units of the boot: one run per app at a time.
      boot = lib.unique (lib.optional (cfg.proxy != null) cfg.proxy ++ [ app.unit ]);
    in
    base
    // notAtASwitch
    // {
      after = base.after ++ boot ++ map service earlier;
      unitConfig = base.unitConfig // notAtASwitch.unitConfig;
    };

  # A switch while a roll runs must neither stop it nor start it again.
  notAtASwitch = {
    restartIfChanged = false;
    unitConfig.X-StopOnRemoval = false;
  };
  what = "Nightly roll of ${lib.concatStringsSep ", " names}";
in
{
  config = lib.mkIf (cfg.enable && cfg.nightly.enable && names != [ ]) {
    systemd.services =
      lib.listToAttrs (
        lib.imap0 (at: name: lib.nameValuePair (roll name) (unit (lib.take at names) name)) names
      )
      // {
        # Done when all are, whatever became of them; they are failed units by themselves.
        nightly-roll = notAtASwitch // {
          description = what;
          wants = map service names;
          after = map service names;
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
          }
          // common.readerHardening;
        };
      };
    systemd.timers.nightly-roll = {
      description = what;
      wantedBy = [ "timers.target" ];
      after = lib.optional (cfg.proxy != null) cfg.proxy;
      timerConfig = {
        OnCalendar = cfg.nightly.at;
        Persistent = true;
      };
    };
  };
}
