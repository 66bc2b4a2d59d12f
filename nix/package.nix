# Both programs. With nixpkgs: `pkgs.callPackage ./nix/package.nix { }`.
{
  lib,
  rustPlatform,
  git,
}:
rustPlatform.buildRustPackage {
  pname = "gateproof";
  version = (builtins.fromTOML (builtins.readFile ../Cargo.toml)).workspace.package.version;
  src = lib.cleanSource ../.;
  cargoLock.lockFile = ../Cargo.lock;
  # The suites need sshd, systemd and Docker; `checks/run` runs them where these are.
  cargoBuildFlags = [
    "--package"
    "gateproof"
    "--package"
    "warm-reconcile"
  ];
  cargoTestFlags = [
    "--workspace"
    "--lib"
  ];
  nativeCheckInputs = [ git ];
  meta = {
    description = "Claims as code for milestone gates, and a health-gated deployer for Docker Swarm";
    license = with lib.licenses; [
      mit
      asl20
    ];
    mainProgram = "gateproof";
    platforms = lib.platforms.linux;
  };
}
