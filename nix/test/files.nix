# What the modules write for one host: every file by name. Compared with golden/.
let
  evaluate =
    settings:
    import ./eval.nix {
      modules = [ ../modules ];
      settings.services.warm-reconcile = settings;
    };
  render = import ./render.nix;

  # The programs where Debian has them, so that the golden units run on the replica host.
  host = {
    enable = true;
    package = "/usr/local";
    path = [
      "/usr/local"
      "/usr"
    ];
    apps.traefik.min_age = "1h";
    stacks.ccci-dashboard = "deploy-dashboard.service";
    routes."ci.commoninternet.net" = "deploy-dashboard.service";
  };
  config = evaluate host;

  # A rustPlatform that hands back what it was given.
  package = import ../package.nix {
    lib = import ./lib.nix;
    rustPlatform.buildRustPackage = attrs: attrs;
    git = "/usr";
  };
  fails = value: !(builtins.tryEval (builtins.deepSeq value value)).success;
in
{
  files =
    render config
    // {
      "apps.yaml" = config.environment.etc."warm-reconcile/apps.yaml".text;
      "tmpfiles.conf" = builtins.concatStringsSep "\n" config.systemd.tmpfiles.rules + "\n";
      "package" = "${package.pname} ${package.version}\n";
    };

  # Each must be true.
  promises = {
    nothing_is_defined_when_it_is_not_enabled =
      evaluate { package = "/usr"; } == { };
    no_app_file_is_written_when_it_would_say_nothing =
      (evaluate {
        enable = true;
        package = "/usr";
      }).environment.etc == { };
    a_misspelt_option_is_refused = fails (evaluate (host // { skip_fetch = true; }));
    a_wrong_type_is_refused = fails (evaluate (host // { skipFetch = "yes"; }));
    a_missing_package_is_refused = fails (evaluate { enable = true; });
    the_fetch_can_be_skipped =
      (evaluate (host // { skipFetch = true; }))
      .systemd.services.deploy-proxy.environment.CCCI_SKIP_FETCH == "1";
    the_night_can_be_left_out =
      !((evaluate (host // { nightly.enable = false; })).systemd ? timers);
    the_package_names_its_main_program = package.meta.mainProgram == "gateproof";
  };
}
