# The app file, and the checks that the built program makes of it and of the units at build time.
# `nixos-rebuild build` fails where the boot would have failed.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.warm-reconcile;
  inherit (lib) mkIf optionalAttrs;
  common = import ./lib.nix { inherit config lib pkgs; };
  inherit (common) enabled entry;

  file =
    optionalAttrs (enabled != { }) { apps = lib.mapAttrs (_: entry) enabled; }
    // optionalAttrs (cfg.routes != { }) { inherit (cfg) routes; }
    // optionalAttrs (cfg.stacks != { }) { inherit (cfg) stacks; }
    // optionalAttrs (saysSomething && cfg.proxy != null) { inherit (cfg) proxy; };
  saysSomething = enabled != { } || cfg.routes != { } || cfg.stacks != { };

  program = "${cfg.package}/bin/warm-reconcile";
  names = lib.escapeShellArgs (lib.attrNames enabled);
  # Reading one app reads the whole file; traefik is built in.
  read = if enabled == { } then "traefik" else names;
  # The program of a system for another platform cannot run on the builder.
  checkable = pkgs.stdenv.buildPlatform.canExecute pkgs.stdenv.hostPlatform;

  prelude = ''
    export ABRA_DIR=${cfg.abraDir} CCCI_WARM_ROOT=${cfg.stateDir}
    refuse() {
      echo "services.warm-reconcile: $1" >&2
      exit 1
    }
  '';
  undecided =
    if cfg.allowUndecided then
      ":"
    else
      ''refuse "the order of $2 is undecided; name the unit in routes or stacks, or set allowUndecided"'';

  # JSON is YAML; it needs no tool to be written, and quotes every text.
  appFile =
    pkgs.runCommand "warm-reconcile-apps.yaml"
      {
        json = builtins.toJSON file + "\n";
        passAsFile = [ "json" ];
        preferLocalBuild = true;
      }
      (
        ''
          cp "$jsonPath" "$out"
        ''
        + lib.optionalString checkable ''
          ${prelude}
          for app in ${read}; do
            ${program} --config "$out" spec "$app" >/dev/null ||
              refuse "the app file is refused; the message above names the key"
          done
        ''
      );

  # The same file with the units of the night, whose times must fit, too.
  rolled = lib.filterAttrs (_: app: cfg.nightly.enable && app.nightly) enabled;
  night = file // {
    apps = lib.mapAttrs (
      name: app: entry app // lib.optionalAttrs (rolled ? ${name}) { unit = "nightly-roll-${name}.service"; }
    ) enabled;
  };

  # Not part of the app file: the units' text may depend on that file.
  orderCheck =
    pkgs.runCommand "warm-reconcile-order"
      {
        night = builtins.toJSON night + "\n";
        passAsFile = [ "night" ];
        preferLocalBuild = true;
      }
      ''
        ${prelude}
        folders="--units ${config.environment.etc."systemd/system".source}"
        ${lib.optionalString (cfg.proxy == null) ''
          # The program has a proxy built in; here that is a unit that waits for nothing.
          mkdir no-proxy
          printf '[Service]\nType=oneshot\nExecStart=/bin/true\n' >no-proxy/deploy-proxy.service
          folders="$folders --units no-proxy"
        ''}
        # order FILE APP
        order() {
          local code=0
          ${program} --config "$1" check-order "$2" $folders || code=$?
          case $code in
            0) ;;
            40) ${undecided} ;;
            *) refuse "the order or the times of the units are refused for $2" ;;
          esac
        }
        for app in ${names}; do
          order ${appFile} "$app"
        done
        for app in ${lib.escapeShellArgs (lib.attrNames rolled)}; do
          order "$nightPath" "$app"
        done
        ${lib.optionalString cfg.nightly.enable ''
          for at in ${lib.escapeShellArgs (lib.toList cfg.nightly.at)}; do
            ${config.systemd.package}/bin/systemd-analyze calendar "$at" >/dev/null ||
              refuse "nightly.at: systemd cannot read '$at'"
          done
        ''}
        touch "$out"
      '';
in
{
  config = mkIf cfg.enable {
    environment.etc."warm-reconcile/apps.yaml" = mkIf (file != { }) { source = appFile; };
    environment.systemPackages = [ cfg.package ];
    system.checks = mkIf checkable [ orderCheck ];
  };
}
