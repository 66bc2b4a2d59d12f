# Evaluates hosts with the real nixpkgs and all modules of NixOS. Nothing is built.
{ nixpkgs, system ? "x86_64-linux" }:
let
  pkgs = import nixpkgs { inherit system; };
in
{
  inherit (pkgs) lib;
  inherit pkgs;
  evaluate =
    modules:
    (import (nixpkgs + "/nixos/lib/eval-config.nix") {
      inherit system;
      modules = [
        ../modules
        { system.stateVersion = pkgs.lib.trivial.release; }
      ]
      ++ modules;
    }).config;
}
