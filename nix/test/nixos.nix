# The options of NixOS that our modules set or read, with the types that they have there, and a
# stand-in for `pkgs`. A derivation here is a name under `store`; `run` puts that text there.
{ lib, store }:
let
  inherit (lib) mkOption types;
  option =
    type: default:
    mkOption {
      inherit type default;
    };
  at = outPath: name: {
    type = "derivation";
    inherit name outPath;
  };
  # As it is at run time: what a folder of Debian has.
  debian = at "/usr";

  written =
    name: attrs: at "${store}/${name}" name // attrs;

  pkgs = {
    git = debian "git";
    openssh = debian "openssh";
    docker = debian "docker";
    abra = debian "abra";
    systemd = debian "systemd";
    curl = debian "curl";
    cacert = at "${store}/cacert" "cacert";
    stdenv.buildPlatform.canExecute = _: true;
    stdenv.hostPlatform = "x86_64-linux";
    runCommand =
      name: attrs: script:
      written name {
        inherit attrs script;
      };
    writeShellScript = name: text: written name { text = "#!/bin/sh\n${text}\n"; };
    callPackage = _: _: at "${store}/gateproof" "gateproof";
  };

  section = option (types.attrsOf types.unitOption) { };
  list = option (types.listOf types.str) [ ];
  # Everything that a unit may say and nobody says is left out of what is rendered.
  unit = {
    enable = option types.bool true;
    description = option types.str "";
    requires = list;
    wants = list;
    after = list;
    wantedBy = list;
    unitConfig = section;
    restartTriggers = option (types.listOf types.raw) [ ];
  };
  service = types.submodule {
    options = unit // {
      path = option (types.listOf (
        types.oneOf [
          types.package
          types.str
        ]
      )) [ ];
      environment = option (types.attrsOf (
        types.nullOr (
          types.oneOf [
            types.str
            types.path
            types.package
          ]
        )
      )) { };
      serviceConfig = section;
      restartIfChanged = option types.bool true;
    };
  };
  timer = types.submodule {
    options = unit // {
      timerConfig = section;
    };
  };
in
{
  inherit pkgs;
  module.options = {
    assertions = option (types.listOf types.raw) [ ];
    warnings = option (types.listOf types.str) [ ];
    environment.systemPackages = option (types.listOf types.package) [ ];
    environment.etc = option (types.attrsOf (
      types.submodule {
        options = {
          text = option (types.nullOr types.lines) null;
          source = mkOption { type = types.path; };
        };
      }
    )) { };
    system.checks = option (types.listOf types.package) [ ];
    systemd = {
      package = option types.package pkgs.systemd;
      services = option (types.attrsOf service) { };
      timers = option (types.attrsOf timer) { };
      tmpfiles.rules = list;
    };
    virtualisation.docker = {
      enable = option types.bool false;
      liveRestore = option types.bool true;
      package = option types.package pkgs.docker;
      extraOptions = option (types.separatedString " ") "";
      daemon.settings = option (types.attrsOf types.raw) { };
    };
  };
  # What NixOS itself defines: the folder of all units.
  base.environment.etc."systemd/system".source = "${store}/units";
}
