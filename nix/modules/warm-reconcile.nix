# The program, its app file and its state. The units are in modules of their own.
{
  config,
  lib,
  ...
}:
let
  cfg = config.services.warm-reconcile;
  inherit (lib) mkOption mkIf types;
  file =
    lib.optionalAttrs (cfg.apps != { }) { inherit (cfg) apps; }
    // lib.optionalAttrs (cfg.routes != { }) { inherit (cfg) routes; }
    // lib.optionalAttrs (cfg.stacks != { }) { inherit (cfg) stacks; }
    // lib.optionalAttrs (cfg.proxy != null) { inherit (cfg) proxy; };
in
{
  options.services.warm-reconcile = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether to install warm-reconcile and its app file.";
    };
    package = mkOption {
      type = types.package;
      description = "The package with bin/warm-reconcile.";
    };
    apps = mkOption {
      type = types.attrs;
      default = { };
      example = {
        traefik.times.gate = "4m";
      };
      description = "Apps of the app file, laid over the built-in `traefik` and `keycloak` field by field.";
    };
    routes = mkOption {
      type = types.attrs;
      default = { };
      description = "The unit that creates what answers on a host, by host (for check-order).";
    };
    stacks = mkOption {
      type = types.attrs;
      default = { };
      description = "The unit that deploys a stack, by stack (for check-order).";
    };
    proxy = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "The unit of the proxy; `deploy-proxy.service` is built in.";
    };
    stateDir = mkOption {
      type = types.str;
      default = "/var/lib/ci-warm";
      description = "State, snapshots and alerts (CCCI_WARM_ROOT).";
    };
    abraDir = mkOption {
      type = types.str;
      default = "/root/.abra";
      description = "Where abra keeps recipes and the apps' files (ABRA_DIR).";
    };
    skipFetch = mkOption {
      type = types.bool;
      default = false;
      description = "Do not fetch recipes (CCCI_SKIP_FETCH): deploy what is here.";
    };
    path = mkOption {
      type = types.listOf types.package;
      default = [ ];
      description = "Packages with the programs that are run: git, docker, abra.";
    };
  };

  config = mkIf cfg.enable {
    # JSON is YAML; it needs no tool to be written, and quotes every text.
    environment.etc."warm-reconcile/apps.yaml" = mkIf (file != { }) {
      text = builtins.toJSON file + "\n";
    };
    environment.systemPackages = [ cfg.package ];
    systemd.tmpfiles.rules = [
      "d ${cfg.stateDir} 0700 root root -"
      "d ${cfg.stateDir}/alerts 0700 root root -"
    ];
  };
}
