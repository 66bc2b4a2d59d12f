# Both programs. With nixpkgs: `pkgs.callPackage ./nix/package.nix { }`. Needs rustc 1.93.
{
  lib,
  stdenv,
  rustPlatform,
  cacert,
  git,
  installShellFiles,
  makeWrapper,
  openssh,
  unixtools,
  util-linux,
}:
rustPlatform.buildRustPackage {
  pname = "gateproof";
  version = (builtins.fromTOML (builtins.readFile ../Cargo.toml)).workspace.package.version;
  # Records, documents, target/ and most of nix/ do not change the hash. The manifests name the
  # suites in checks/, and the unit tests read some files outside src/.
  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../Cargo.lock
      ../Cargo.toml
      ../checks
      ../claims/ci
      ../clippy.toml
      ../docs/schemas
      ../src
      ./test/golden
    ];
  };
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
  # util-linux for setsid and hexdump. Nothing else that is missing in a sandbox is called.
  nativeCheckInputs = [
    cacert
    git
    unixtools.xxd
    util-linux
  ];
  # The sandbox points this at a file that does not exist, so that nothing is verified by chance.
  preCheck = ''
    export SSL_CERT_FILE=${cacert}/etc/ssl/certs/ca-bundle.crt
  '';

  nativeBuildInputs = [
    installShellFiles
    makeWrapper
  ];
  # What the programs print of themselves is installed.
  postInstall =
    lib.optionalString (stdenv.buildPlatform.canExecute stdenv.hostPlatform) ''
      for program in gateproof warm-reconcile; do
        for shell in bash fish zsh; do
          "$out/bin/$program" completions "$shell" >"$program.$shell"
          installShellCompletion --cmd "$program" "--$shell" "$program.$shell"
        done
        "$out/bin/$program" man --into "$program-man"
        installManPage "$program-man"/*.1
      done
    ''
    # After the user's own PATH. Not the docker client and abra: they must fit the host's engine.
    + ''
      for program in gateproof warm-reconcile; do
        wrapProgram "$out/bin/$program" --suffix PATH : ${
          lib.makeBinPath [
            git
            openssh
          ]
        }
      done
    '';

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
