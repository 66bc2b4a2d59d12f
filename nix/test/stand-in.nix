# Evaluates hosts without nixpkgs: the same interface as nixpkgs.nix.
let
  lib = import ./lib.nix;
  store = "/nix/store/stand-in";
  nixos = import ./nixos.nix { inherit lib store; };
in
{
  inherit lib;
  inherit (nixos) pkgs;
  evaluate =
    modules:
    (import ./eval.nix).evalModules {
      arguments = { inherit (nixos) pkgs; };
      modules = [
        ../modules
        nixos.module
        nixos.base
      ]
      ++ modules;
    };
}
