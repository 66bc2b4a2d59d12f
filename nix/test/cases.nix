# What the module promises, for any evaluator: the stand-in, or the real nixpkgs.
#
# promises   each must be true
# refused    each evaluation must fail, with these words in its message
# builds     hosts whose checks `run` carries out with the built program: `says` in the output of
#            the one that refuses, or `accepted`
{
  lib,
  pkgs,
  evaluate,
  readme,
}:
let
  on = settings: {
    services.warm-reconcile = {
      enable = true;
      package = pkgs.git;
    }
    // settings;
  };
  # Two files that say something about one host.
  both =
    first: second:
    evaluate [
      {
        _file = "first.nix";
        config = on { apps = first; };
      }
      {
        _file = "second.nix";
        config.services.warm-reconcile.apps = second;
      }
    ];
  host = settings: evaluate [ (on settings) ];
  traefik = {
    domain = "traefik.example.org";
    source = null;
  };
  keycloak = {
    domain = "kc.example.org";
    source = null;
  };
  wiki = {
    recipe = "dokuwiki";
    domain = "wiki.example.org";
    health_path = "/";
    source = null;
  };
  apps = config: config.services.warm-reconcile.apps;
  services = config: config.systemd.services;
  timeout = config: unit: (services config).${unit}.serviceConfig.TimeoutStartSec;
  ours = lib.hasInfix "services.warm-reconcile";
  complaints =
    config: map (a: a.message) (lib.filter (a: !a.assertion && ours a.message) config.assertions);
  complains = word: config: lib.any (lib.hasInfix word) (complaints config);
  times = import ../modules/times.nix { inherit lib; };

  plain = host { apps = { inherit traefik; }; };
  two = host {
    apps = { inherit traefik keycloak wiki; };
  };
in
{
  promises = {
    nothing_is_defined_when_it_is_not_enabled =
      let
        off = evaluate [ { services.warm-reconcile.apps = { inherit traefik; }; } ];
      in
      !(services off ? deploy-proxy)
      && !(off.environment.etc ? "warm-reconcile/apps.yaml")
      && !off.virtualisation.docker.enable
      && complaints off == [ ];
    no_app_file_and_no_unit_without_an_app_and_that_is_said =
      let
        empty = host { };
      in
      !(empty.environment.etc ? "warm-reconcile/apps.yaml")
      && !(services empty ? deploy-proxy)
      && !(services empty ? nightly-roll)
      && lib.any ours empty.warnings;

    # Definitions that merge.
    two_fields_of_one_app_in_two_files_are_both_kept =
      let
        app = (apps (both { traefik = traefik // { min_age = "1h"; }; } { traefik.stateful = true; })).traefik;
      in
      app.min_age == "1h" && app.stateful && app.domain == "traefik.example.org";
    two_times_of_one_app_in_two_files_are_both_kept =
      (apps (
        both { traefik = traefik // { times.gate = "2m"; }; } { traefik.times.deploy = "30s"; }
      )).traefik.times == {
        gate = "2m";
        deploy = "30s";
      };
    a_default_gives_way =
      (apps (
        both { traefik = traefik // { min_age = lib.mkDefault "1h"; }; } { traefik.min_age = "2h"; }
      )).traefik.min_age == "2h";
    a_default_alone_is_its_value =
      (apps (host { apps.traefik = traefik // { min_age = lib.mkDefault "1h"; }; })).traefik.min_age
      == "1h";
    a_forced_value_wins =
      (apps (
        both { traefik = traefik // { min_age = "1h"; }; } { traefik.min_age = lib.mkForce "2h"; }
      )).traefik.min_age == "2h";
    a_condition_that_does_not_hold_leaves_nothing =
      !((apps (host { apps.traefik = traefik // { min_age = lib.mkIf false "1h"; }; })).traefik ? min_age);
    a_condition_around_an_app_holds_for_all_of_it =
      !(apps (host {
        apps = {
          inherit traefik;
          wiki = lib.mkIf false wiki;
        };
      }) ? wiki);
    routes_of_two_files_are_all_kept =
      lib.attrNames (evaluate [
        (on { routes."a.example.org" = "a.service"; })
        { services.warm-reconcile.routes."b.example.org" = "b.service"; }
      ]).services.warm-reconcile.routes == [
        "a.example.org"
        "b.example.org"
      ];

    # A unit for each app.
    each_app_has_its_unit =
      services two ? deploy-proxy && services two ? warm-keycloak && services two ? deploy-wiki;
    keycloak_is_only_where_it_is_wanted =
      !(services plain ? warm-keycloak) && !(services plain ? nightly-roll-keycloak);
    an_app_can_be_switched_off =
      let
        off = host {
          apps = {
            inherit traefik;
            wiki = wiki // { enable = false; };
          };
        };
      in
      !(services off ? deploy-wiki) && !(services off ? nightly-roll-wiki);
    a_unit_can_be_named =
      services (host { apps.wiki = wiki // { unit = "warm-wiki.service"; }; }) ? warm-wiki;
    an_app_can_be_left_out_of_the_night =
      let
        some = host {
          apps = {
            inherit traefik;
            wiki = wiki // { nightly = false; };
          };
        };
      in
      services some ? deploy-wiki && !(services some ? nightly-roll-wiki) && services some ? nightly-roll-traefik;
    the_night_can_be_left_out =
      let
        config = host {
          apps = { inherit traefik; };
          nightly.enable = false;
        };
      in
      !(services config ? nightly-roll) && !(config.systemd.timers ? nightly-roll);
    the_proxy_rolls_first =
      lib.elem "nightly-roll-traefik.service" (services two).nightly-roll-keycloak.after
      && lib.elem "nightly-roll-traefik.service" (services two).nightly-roll-wiki.after
      && !(lib.elem "nightly-roll-keycloak.service" (services two).nightly-roll-traefik.after);
    all_others_start_after_the_proxy =
      lib.elem "deploy-proxy.service" (services two).deploy-wiki.after
      && !(lib.elem "deploy-proxy.service" (services two).deploy-proxy.after);
    another_proxy_decides_the_ordering =
      let
        other = host {
          apps = { inherit traefik wiki; };
          proxy = "my-proxy.service";
        };
      in
      lib.elem "my-proxy.service" (services other).deploy-wiki.after
      && lib.elem "my-proxy.service" (services other).deploy-wiki.wants
      && !(lib.elem "deploy-proxy.service" (services other).deploy-wiki.after)
      && lib.elem "my-proxy.service" (services other).nightly-roll-wiki.after;
    without_a_proxy_nothing_waits_for_one =
      !(lib.any (lib.hasInfix "proxy") (services (host { apps = { inherit wiki; }; })).deploy-wiki.after);

    # Time.
    the_timeouts_are_those_of_the_reference =
      timeout two "deploy-proxy" == 900 && timeout two "warm-keycloak" == 1200;
    a_longer_gate_raises_the_timeout =
      timeout (host { apps.traefik = traefik // { times.gate = "8m"; }; }) "deploy-proxy" == 1500;
    a_stateful_app_gets_the_time_for_its_snapshot =
      timeout (host { apps.wiki = wiki // { stateful = true; }; }) "deploy-wiki" == 1200;
    a_clone_gets_its_time =
      timeout (host { apps.traefik.domain = "t.example.org"; cloneTimeout = 600; }) "deploy-proxy" == 1500;
    a_timeout_can_be_said =
      timeout (host { apps.traefik = traefik // { timeout = 1800; }; }) "deploy-proxy" == 1800;
    durations_are_read_as_the_program_reads_them =
      times.seconds "1h 30m" == 5400
      && times.seconds "1h30m" == 5400
      && times.seconds "08s" == 8
      && times.seconds "1500ms" == 2
      && times.seconds "2 minutes" == 120
      && times.seconds "m" == null
      && times.seconds "5" == null
      && times.seconds "5 parsecs" == null
      && times.seconds "" == null
      && times.seconds 240 == null;

    # Switches.
    a_changed_app_restarts_its_unit_and_no_other =
      let
        slow = host {
          apps = {
            traefik = traefik // { times.gate = "2m"; };
            inherit keycloak;
          };
        };
        triggers = config: unit: (services config).${unit}.restartTriggers;
      in
      triggers slow "deploy-proxy" != triggers two "deploy-proxy"
      && triggers slow "warm-keycloak" == triggers two "warm-keycloak"
      && triggers two "deploy-proxy" != [ ];
    a_switch_leaves_the_night_alone =
      let
        left = unit: !unit.restartIfChanged && unit.unitConfig.X-StopOnRemoval == false;
      in
      left (services two).nightly-roll && left (services two).nightly-roll-wiki
      && (services two).deploy-wiki.restartIfChanged;

    # What the program needs.
    docker_runs_and_can_be_a_swarm =
      plain.virtualisation.docker.enable && !plain.virtualisation.docker.liveRestore;
    the_programs_that_are_called_are_there =
      lib.all (p: lib.elem p (services plain).deploy-proxy.path) [
        pkgs.git
        pkgs.openssh
        plain.virtualisation.docker.package
        pkgs.abra
      ];
    more_programs_can_be_added_and_come_first =
      lib.head (services (host {
        path = [ "/run/wrappers" ];
        apps = { inherit traefik; };
      })).deploy-proxy.path == "/run/wrappers";
    home_is_set = (services plain).deploy-proxy.environment.HOME == "/root";
    the_fetch_can_be_skipped =
      (services (host {
        apps = { inherit traefik; };
        skipFetch = true;
      })).deploy-proxy.environment.CCCI_SKIP_FETCH == "1";
    the_swarm_is_made_unless_that_is_left_out =
      services plain ? swarm-init
      && !(services (host {
        apps = { inherit traefik; };
        swarm.init = false;
      }) ? swarm-init);
    another_data_root_can_be_written =
      lib.elem "-/srv/docker/volumes"
        (services (evaluate [
          (on { apps = { inherit traefik; }; })
          { virtualisation.docker.daemon.settings.data-root = "/srv/docker"; }
        ])).deploy-proxy.serviceConfig.ReadWritePaths;
    a_recipe_is_cloned_unless_that_is_left_out =
      (services (host { apps.traefik.domain = "t.example.org"; })).deploy-proxy.serviceConfig ? ExecStartPre
      && !((services plain).deploy-proxy.serviceConfig ? ExecStartPre);
    a_unit_can_be_added_to =
      lib.elem "/srv/more"
        (services (evaluate [
          (on { apps = { inherit traefik; }; })
          { systemd.services.deploy-proxy.serviceConfig.ReadWritePaths = [ "/srv/more" ]; }
        ])).deploy-proxy.serviceConfig.ReadWritePaths;

    # Assertions.
    a_good_host_has_no_complaint = complaints two == [ ] && complaints (evaluate [ readme ]) == [ ];
    a_built_in_app_needs_a_domain = complains "apps.traefik.domain" (host { apps.traefik = { }; });
    docker_must_not_be_switched_off =
      complains "virtualisation.docker.enable" (evaluate [
        (on { })
        { virtualisation.docker.enable = false; }
      ]);
    live_restore_must_not_be_switched_on =
      complains "liveRestore" (evaluate [
        (on { })
        { virtualisation.docker.liveRestore = true; }
      ]);
    a_data_root_that_nobody_sees_is_refused =
      complains "data-root" (evaluate [
        (on { })
        { virtualisation.docker.extraOptions = "--data-root=/srv/docker"; }
      ]);
    two_apps_need_two_units =
      complains "same `unit`" (host { apps.wiki = wiki // { unit = "swarm-init.service"; }; });

    the_snippet_of_the_readme_has_its_units =
      let
        config = evaluate [ readme ];
      in
      services config ? deploy-proxy && services config ? deploy-wiki && services config ? swarm-init;
  };

  refused =
    let
      file = config: apps config;
      value = value: says: { inherit value says; };
    in
    {
      a_misspelt_option = value (services (host { skip_fetch = true; })) [
        "services.warm-reconcile.skip_fetch' does not exist"
      ];
      a_wrong_type = value (host { skipFetch = "yes"; }).services.warm-reconcile.skipFetch [
        "services.warm-reconcile.skipFetch' is not of type `boolean'"
      ];
      a_package_that_is_a_text = value (host { package = lib.mkForce "/usr/local"; }).services.warm-reconcile.package [
        "is not of type `package'"
      ];
      two_values_of_one_field =
        value (file (both { traefik = traefik // { min_age = "1h"; }; } { traefik.min_age = "2h"; }))
          [
            "apps.traefik.min_age' has conflicting definition values"
            "first.nix"
            "second.nix"
          ];
      two_domains_of_one_app = value (file (both { inherit traefik; } { traefik.domain = "b.example.org"; })) [
        "apps.traefik.domain' has conflicting definition values"
        "first.nix"
        "second.nix"
      ];
      a_version_as_a_number = value (file (host { apps.wiki = wiki // { env.N = 1.10; }; })) [
        "apps.wiki.env.N' is not of type"
        "write 1.10 as"
      ];
      a_null = value (file (host { apps.wiki = wiki // { min_age = null; }; })) [
        "apps.wiki.min_age' is not of type"
      ];
      a_route_that_is_a_list = value (host { routes.x = [ 1 ]; }).services.warm-reconcile.routes [
        "routes.x' is not of type"
      ];
      a_unit_that_is_no_service = value (file (host { apps.wiki = wiki // { unit = "deploy-wiki"; }; })) [
        "apps.wiki.unit' is not of type"
        "name of a systemd service"
      ];
      a_relative_state_folder = value (host { stateDir = "srv/x"; }).services.warm-reconcile.stateDir [
        "stateDir' is not of type"
        "absolute path"
      ];
      a_state_folder_with_a_blank = value (host { stateDir = "/srv/my warm"; }).services.warm-reconcile.stateDir [
        "stateDir' is not of type"
      ];
      a_relative_abra_folder = value (host { abraDir = "abra"; }).services.warm-reconcile.abraDir [
        "abraDir' is not of type"
      ];
    };

  builds =
    let
      build = settings: says: {
        config = host settings;
        inherit says;
      };
      # The replica's dashboard, which starts after the proxy.
      withDashboard = settings: evaluate [
        (on settings)
        {
          systemd.services.deploy-dashboard = {
            after = [ "deploy-proxy.service" ];
            wantedBy = [ "multi-user.target" ];
          };
        }
      ];
      accepted = [ "accepted" ];
    in
    {
      good = build { apps = { inherit traefik keycloak wiki; }; } accepted;
      without_a_proxy = build { apps = { inherit wiki; }; } accepted;
      the_readme = {
        config = evaluate [ readme ];
        says = accepted;
      };
      one_domain_for_two_apps = build {
        apps = {
          inherit wiki;
          other = wiki;
        };
      } [ "share the domain `wiki.example.org`" ];
      a_route_of_what_is_not_a_host = build { routes."Ci Host" = "a.service"; } [ "is not a valid domain name" ];
      a_misspelt_key = build { apps.traefik = traefik // { helth_path = "/"; }; } [
        "unknown key `helth_path`"
        "did you mean `health_path`?"
        "the app file is refused"
      ];
      a_number_for_a_path = build { apps.traefik = traefik // { health_path = 7; }; } [ "health_path" ];
      a_number_for_a_duration = build { apps.traefik = traefik // { times.gate = 240; }; } [ "is not a duration" ];
      an_app_without_a_recipe = build { apps.wiki = removeAttrs wiki [ "recipe" ]; } [ "needs `recipe:`" ];
      the_cycle_of_the_seeds = {
        config = withDashboard {
          apps.traefik = traefik // { health_domain = "ci.example.org"; };
          routes."ci.example.org" = "deploy-dashboard.service";
        };
        says = [
          "CYCLE"
          "deploy-dashboard.service"
        ];
      };
      the_seeds_after_their_repair = {
        config = withDashboard {
          apps = { inherit traefik; };
          routes."ci.example.org" = "deploy-dashboard.service";
        };
        says = accepted;
      };
      a_timeout_that_is_too_short = build { apps.traefik = traefik // { timeout = 800; }; } [
        "raise `TimeoutStartSec` to at least 825"
      ];
      a_gate_that_is_longer_than_a_forced_timeout = {
        config = evaluate [
          (on { apps.keycloak = keycloak // { times.gate = "8m"; }; })
          { systemd.services.warm-keycloak.serviceConfig.TimeoutStartSec = lib.mkForce 1200; }
        ];
        says = [ "at least 1425" ];
      };
      a_night_that_is_cut_short = {
        config = evaluate [
          (on { apps = { inherit traefik; }; })
          { systemd.services.nightly-roll-traefik.serviceConfig.TimeoutStartSec = lib.mkForce 600; }
        ];
        says = [ "nightly-roll-traefik.service is killed after 10m" ];
      };
      a_host_that_nobody_creates = build { apps.wiki = wiki // { health_domain = "other.example.org"; }; } [
        "nothing says which unit creates `other.example.org`"
        "set allowUndecided"
      ];
      a_host_that_nobody_creates_and_that_is_allowed = build {
        apps.wiki = wiki // { health_domain = "other.example.org"; };
        allowUndecided = true;
      } [ "undecided" ];
      a_time_that_systemd_cannot_read = build {
        apps = { inherit traefik; };
        nightly.at = "nonsense o'clock";
      } [ "systemd cannot read 'nonsense o'clock'" ];
      several_times = build {
        apps = { inherit traefik; };
        nightly.at = [
          "Mon..Fri 03:00"
          "Sat,Sun 05:00"
        ];
      } accepted;
      a_version_as_text = build {
        apps.wiki = wiki // { driver = "stack"; env.N = "1.10"; };
      } accepted;
    };
}
