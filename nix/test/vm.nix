# Boots a machine with the module, a swarm and one app; upgrades the app, breaks it, and sees it
# rolled back. Needs nixpkgs and KVM: `nix build .#checks.x86_64-linux.vm`.
{
  testers,
  busybox,
  callPackage,
  dockerTools,
  writeShellScriptBin,
}:
let
  image = dockerTools.buildImage {
    name = "vm/web";
    tag = "1";
    copyToRoot = [ busybox ];
    config.Cmd = [ "/bin/sh" ];
  };

  # release TAG COMMAND: a version of the recipe whose container runs the command.
  release = writeShellScriptBin "release" ''
    set -eu
    mkdir -p /srv/web
    cd /srv/web
    [ -d .git ] || git init --quiet --initial-branch=main
    git config user.name vm
    git config user.email vm@localhost
    cat >compose.yml <<COMPOSE
    version: "3.8"
    services:
      app:
        image: vm/web:1
        command: [/bin/sh, -c, '$2']
        ports: [{ target: 80, published: 8080, protocol: tcp, mode: host }]
        stop_grace_period: 1s
        deploy:
          endpoint_mode: dnsrr
          update_config: { order: stop-first, failure_action: pause, monitor: 1s }
          restart_policy: { condition: any, delay: 300ms }
          labels: ["coop-cloud.web_example_org.version=$1"]
    COMPOSE
    git add --all
    git commit --quiet --message "$1"
    git tag --annotate --message "$1" "$1"
  '';
in
testers.runNixOSTest {
  name = "warm-reconcile";

  nodes.machine =
    { pkgs, ... }:
    {
      imports = [ ../modules ];
      virtualisation = {
        diskSize = 4096;
        memorySize = 2048;
      };
      environment.systemPackages = [
        pkgs.curl
        pkgs.git
        release
      ];
      # What is asked for under the app's own name is this machine.
      networking.hosts."127.0.0.1" = [ "web.example.org" ];
      services.warm-reconcile = {
        enable = true;
        package = callPackage ../package.nix { };
        apps.web = {
          recipe = "web";
          domain = "web.example.org";
          driver = "stack";
          repository = "/srv/web";
          health_path = "/version";
          health_scheme = "http";
          health_port = 8080;
          identity.version = "$.Version";
          times = {
            first_gate = "5s";
            gate = "30s";
            deploy = "60s";
          };
        };
      };
    };

  testScript = ''
    serve = "mkdir -p /www && echo {\\\"Version\\\":\\\"%s\\\"} >/www/version && exec httpd -f -p 80 -h /www"
    broken = "exec sleep 1000"


    def runs(version):
        machine.succeed(f"curl --fail --silent http://web.example.org:8080/version | grep -F {version}")
        machine.succeed(f"grep -F {version} /var/lib/ci-warm/web/last_good")


    def status_of(unit):
        return int(machine.succeed(f"systemctl show --property ExecMainStatus --value {unit}"))


    machine.wait_for_unit("docker.service")
    machine.wait_for_unit("swarm-init.service")

    with subtest("the swarm is made once"):
        node = machine.succeed("docker info --format '{{.Swarm.NodeID}}'")
        machine.succeed("systemctl restart swarm-init.service")
        assert node == machine.succeed("docker info --format '{{.Swarm.NodeID}}'")

    machine.succeed("docker load --input ${image}")

    with subtest("an app is deployed for the first time"):
        machine.succeed(f"release 1.0.0+v1.0.0 '{serve % '1.0.0'}'")
        machine.succeed("systemctl restart deploy-web.service")
        runs("1.0.0")

    with subtest("the night upgrades it"):
        machine.succeed(f"release 1.1.0+v1.1.0 '{serve % '1.1.0'}'")
        machine.succeed("systemctl start nightly-roll.service")
        assert status_of("nightly-roll-web.service") == 0
        runs("1.1.0")

    with subtest("a broken version is rolled back, and the unit says so"):
        machine.succeed(f"release 1.2.0+v1.2.0 '{broken}'")
        machine.fail("systemctl start nightly-roll-web.service")
        assert status_of("nightly-roll-web.service") == 20
        runs("1.1.0")
        machine.succeed("ls /var/lib/ci-warm/alerts/ | grep rolled-back")

    with subtest("the version that failed is not tried again"):
        machine.succeed("systemctl start nightly-roll-web.service")
        assert status_of("nightly-roll-web.service") == 10
        runs("1.1.0")

    with subtest("all is as before after a boot"):
        machine.shutdown()
        machine.start()
        machine.wait_for_unit("deploy-web.service")
        runs("1.1.0")
  '';
}
