# One service for each app, at boot. The proxy waits for no other app; all others start after it.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.warm-reconcile;
  common = import ./lib.nix { inherit config lib pkgs; };
  service =
    name: app:
    let
      base = common.reconciler { inherit name app; };
      proxy = lib.optional (cfg.proxy != null && cfg.proxy != app.unit) cfg.proxy;
    in
    lib.nameValuePair (lib.removeSuffix ".service" app.unit) (
      base
      // {
        # Not `requires`: a proxy that was rolled back is up, and its unit failed.
        after = base.after ++ proxy;
        wants = base.wants ++ proxy;
        wantedBy = [ "multi-user.target" ];
        # The switch applies a changed entry of the app file, and of this app only. A run that is
        # under way is stopped with a journal, from which the next one goes on.
        restartTriggers = [ (builtins.hashString "sha256" (builtins.toJSON (common.entry app))) ];
      }
    );
in
{
  config = lib.mkIf cfg.enable {
    systemd.services = lib.mapAttrs' service common.enabled;
  };
}
