# Keycloak: asked through the proxy, so it starts after it.
{
  config,
  lib,
  ...
}:
let
  cfg = config.services.warm-reconcile;
  common = import ./lib.nix { inherit lib; };
  unit = common.reconciler {
    inherit cfg;
    app = "keycloak";
    # A stateful app is also undeployed, snapshotted and restored: the longest run takes 1065 s.
    timeout = 1200;
  };
in
{
  config = lib.mkIf cfg.enable {
    systemd.services.warm-keycloak = unit // {
      # Not `requires`: a proxy that was rolled back is up, and its unit failed.
      after = unit.after ++ [ "deploy-proxy.service" ];
      wants = unit.wants ++ [ "deploy-proxy.service" ];
      wantedBy = [ "multi-user.target" ];
    };
  };
}
