# Without flakes: `nix-build -A gateproof`.
{
  pkgs ? import <nixpkgs> { },
}:
{
  gateproof = pkgs.callPackage ./nix/package.nix { };
  vm-test = pkgs.callPackage ./nix/test/vm.nix { };
  # For `imports` of a NixOS configuration, and for `nixpkgs.overlays`.
  module = ./nix/modules;
  overlay = import ./nix/overlay.nix;
}
