# What `run` asks for, evaluated with the stand-in.
{ readme }:
let
  host = import ./stand-in.nix;
  inherit (host) lib;
  emit = import ./emit.nix { inherit lib; };
  cases = import ./cases.nix (host // { readme = import readme; });

  # The programs where Debian has them, so that the golden units run on the replica host.
  golden = host.evaluate [
    {
      services.warm-reconcile = {
        enable = true;
        package = {
          type = "derivation";
          name = "gateproof";
          outPath = "/usr/local";
        };
        path = [ "/usr/local" ];
        apps = {
          traefik = {
            domain = "traefik.ci.commoninternet.net";
            min_age = "1h";
            # The replica has the recipes.
            source = null;
          };
          keycloak = {
            domain = "warm-keycloak.ci.commoninternet.net";
            source = null;
          };
        };
        stacks.ccci-dashboard = "deploy-dashboard.service";
        routes."ci.commoninternet.net" = "deploy-dashboard.service";
      };
    }
  ];

  # Every option by its name in the README, and those without a description.
  optionsOf =
    prefix: options:
    lib.concatMap (
      name:
      let
        option = options.${name};
        path = prefix ++ [ name ];
      in
      if (option._type or null) == "option" then
        [ { inherit path option; } ]
        ++ optionsOf [ ] (
          if option.type ? element.module then
            (option.type.element.module {
              name = "x";
              config = { };
            }).options
          else
            { }
        )
      else
        optionsOf path option
    ) (lib.attrNames options);
  options = optionsOf [ ] (import ../modules/options.nix {
    inherit lib;
    inherit (host) pkgs;
    config = { };
  }).options.services.warm-reconcile;

  # The flake without its inputs: what it hands out is there, and its module is enough.
  flake =
    let
      outputs = (import ../../flake.nix).outputs {
        self = outputs;
        nixpkgs = {
          inherit lib;
          legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
            system: host.pkgs // { stdenv.hostPlatform = { inherit system; }; }
          );
        };
      };
      module = outputs.nixosModules.default {
        inherit lib;
        pkgs.stdenv.hostPlatform.system = "x86_64-linux";
      };
      service = module.services.warm-reconcile;
    in
    outputs
    // {
      works =
        outputs.packages.x86_64-linux.default.name == "gateproof"
        && lib.attrNames outputs.checks.aarch64-linux == [
          "modules"
          "package"
          "vm"
        ]
        && (outputs.overlays.default host.pkgs { }).gateproof.name == "gateproof"
        && outputs.devShells ? x86_64-linux
        && service.package.content == outputs.packages.x86_64-linux.gateproof
        && module.imports == [ ../modules ];
    };
  # The virtual machine, as text.
  vm = import ./vm.nix {
    testers.runNixOSTest = test: test;
    busybox = "/busybox";
    callPackage = host.pkgs.callPackage;
    dockerTools.buildImage = _: "/image";
    writeShellScriptBin = _: text: text;
  };
  machine = vm.nodes.machine { inherit (host) pkgs; };

  # Hands back what it is given.
  package = import ../package.nix {
    inherit lib;
    rustPlatform.buildRustPackage = attrs: attrs;
    stdenv = {
      buildPlatform.canExecute = _: true;
      hostPlatform = "x86_64-linux";
    };
    cacert = "/cacert";
    git = "/git";
    installShellFiles = "/installShellFiles";
    makeWrapper = "/makeWrapper";
    openssh = "/openssh";
    unixtools.xxd = "/xxd";
    util-linux = "/util-linux";
  };
  packagePromises = {
    every_option_is_described = lib.all (o: o.option ? description && o.option ? type) options;
    the_flake_hands_out_package_overlay_module_checks_and_shell = flake.works;
    the_machine_of_the_vm_test_has_its_unit =
      (host.evaluate [ { inherit (machine) services; } ]).systemd.services ? deploy-web;
    the_package_names_its_main_program = package.meta.mainProgram == "gateproof";
    the_tests_of_the_package_have_what_they_need =
      lib.all (need: lib.elem need package.nativeCheckInputs) [
        "/git"
        "/util-linux"
        "/xxd"
        "/cacert"
      ]
      && lib.hasInfix "SSL_CERT_FILE=/cacert/" package.preCheck;
  };
in
{
  inherit (cases) refused;
  broken =
    let
      all = cases.promises // packagePromises;
    in
    lib.concatStringsSep " " (lib.filter (name: !all.${name}) (lib.attrNames all));
  count = toString (lib.length (lib.attrNames (cases.promises // packagePromises)));
  golden = emit.script golden;
  optionNames = lib.concatStringsSep " " (map (o: lib.concatStringsSep "." o.path) options);
  vmScript = vm.testScript;
  inherit (package) postInstall;
  version = "${package.pname} ${package.version}\n";
  builds = lib.mapAttrs (_: build: emit.script build.config) cases.builds;
  says = lib.mapAttrs (_: build: lib.concatStringsSep "\n" build.says) (cases.builds // cases.refused);
  refusedNames = lib.concatStringsSep " " (lib.attrNames cases.refused);
  buildNames = lib.concatStringsSep " " (lib.attrNames cases.builds);
  # The files of the package, for the runner to hold against the repository.
  source = lib.concatStringsSep "\n" (map toString package.src.fileset);
}
