{
  description = "Claims as code for milestone gates, and a health-gated deployer for Docker Swarm";

  # rustc 1.93 is needed.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      each = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
    in
    {
      packages = each (pkgs: rec {
        gateproof = pkgs.callPackage ./nix/package.nix { };
        default = gateproof;
      });

      overlays.default = import ./nix/overlay.nix;

      nixosModules.default =
        { lib, pkgs, ... }:
        {
          imports = [ ./nix/modules ];
          services.warm-reconcile.package =
            lib.mkDefault
              self.packages.${pkgs.stdenv.hostPlatform.system}.gateproof;
        };

      checks = each (pkgs: {
        package = self.packages.${pkgs.stdenv.hostPlatform.system}.gateproof;
        modules = pkgs.callPackage ./nix/test/check.nix { inherit nixpkgs; };
        vm = pkgs.callPackage ./nix/test/vm.nix { };
      });

      devShells = each (pkgs: {
        default = pkgs.mkShell {
          inputsFrom = [ self.packages.${pkgs.stdenv.hostPlatform.system}.gateproof ];
          # What `checks/run` uses besides.
          packages = with pkgs; [
            busybox
            cargo
            clippy
            curl
            docker
            git
            nix
            openssh
            rust-analyzer
            rustc
            rustfmt
            strace
          ];
        };
      });
    };
}
