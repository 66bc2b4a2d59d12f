# The proxy: everything that is served is ordered after it, and it waits for none of them.
{
  config,
  lib,
  ...
}:
let
  cfg = config.services.warm-reconcile;
  common = import ./lib.nix { inherit lib; };
in
{
  config = lib.mkIf cfg.enable {
    systemd.services.deploy-proxy =
      common.reconciler {
        inherit cfg;
        app = "traefik";
        # The longest run of the built-in times takes 825 s; 900 is the reference's.
        timeout = 900;
      }
      // {
        wantedBy = [ "multi-user.target" ];
      };
  };
}
