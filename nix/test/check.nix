# The promises, held against the real nixpkgs. Evaluation decides; the build only says so.
{
  lib,
  runCommand,
  stdenv,
  nixpkgs,
}:
let
  host = import ./nixpkgs.nix {
    inherit nixpkgs;
    inherit (stdenv.hostPlatform) system;
  };
  cases = import ./cases.nix (host // { readme = import ./readme.nix; });
  broken = lib.filter (name: !cases.promises.${name}) (lib.attrNames cases.promises);
  fails = value: !(builtins.tryEval (builtins.deepSeq value value)).success;
  accepted = lib.filter (name: !(fails cases.refused.${name}.value)) (lib.attrNames cases.refused);
in
assert lib.assertMsg (broken == [ ]) "broken: ${toString broken}";
assert lib.assertMsg (accepted == [ ]) "accepted, and must be refused: ${toString accepted}";
runCommand "warm-reconcile-modules" { } "touch $out"
