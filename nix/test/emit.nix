# A shell script that writes what a host gets into the current folder: units/, tmpfiles.conf,
# apps.json, and the scripts of the builds and of the units.
{ lib }:
let
  render = import ./render.nix;
  quote = text: "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] text}'";
  write = name: text: "printf %s ${quote text} >${quote name}\n";
in
rec {
  files =
    config:
    let
      cfg = config.services.warm-reconcile;
      etc = config.environment.etc;
      appFile = etc."warm-reconcile/apps.yaml".source;
      order = builtins.head config.system.checks;
      scripts = import ../modules/scripts.nix { inherit lib cfg; };
      cloned = lib.filterAttrs (_: app: app.enable && app.source != null) cfg.apps;
    in
    {
      "apps.json" = appFile.attrs.json;
      "build-apps" = appFile.script;
      "build-order" = order.script;
      "night.json" = order.attrs.night;
      "tmpfiles.conf" = lib.concatStringsSep "\n" config.systemd.tmpfiles.rules + "\n";
      "swarm-init" = scripts.swarmInit;
    }
    // lib.mapAttrs' (
      name: app: lib.nameValuePair "fetch-recipe-${name}" (scripts.fetchRecipe name app)
    ) cloned;
  script =
    config:
    let
      units = render config;
      all = files config;
    in
    lib.concatStrings (
      [ "mkdir -p units\n" ]
      ++ lib.mapAttrsToList (name: write "units/${name}") units
      ++ lib.mapAttrsToList write all
    );
}
