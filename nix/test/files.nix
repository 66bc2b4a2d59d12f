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
    util-linux = "/util-linux";
  };
  packagePromises = {
    the_package_names_its_main_program = package.meta.mainProgram == "gateproof";
    the_tests_of_the_package_have_what_they_need =
      lib.all (need: lib.elem need package.nativeCheckInputs) [
        "/git"
        "/util-linux"
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
  count = toString (lib.length (lib.attrNames cases.promises));
  golden = emit.script golden;
  version = "${package.pname} ${package.version}\n";
  builds = lib.mapAttrs (_: build: emit.script build.config) cases.builds;
  says = lib.mapAttrs (_: build: lib.concatStringsSep "\n" build.says) (cases.builds // cases.refused);
  refusedNames = lib.concatStringsSep " " (lib.attrNames cases.refused);
  buildNames = lib.concatStringsSep " " (lib.attrNames cases.builds);
  # The files of the package, for the runner to hold against the repository.
  source = lib.concatStringsSep "\n" (map toString package.src.fileset);
}
