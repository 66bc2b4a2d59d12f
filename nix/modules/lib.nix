# What the modules have in common: which apps there are, and the service that runs the
# reconciler for one of them.
{
  config,
  lib,
  pkgs,
}:
let
  cfg = config.services.warm-reconcile;
  docker = config.virtualisation.docker;
  dataRoot = docker.daemon.settings.data-root or "/var/lib/docker";
  enabled = lib.filterAttrs (_: app: app.enable) cfg.apps;

  # An app as the app file has it: without what only the module knows.
  entry =
    app:
    removeAttrs app [
      "enable"
      "nightly"
      "timeout"
      "source"
    ];

  usesAbra = lib.any (app: app.driver or "abra" == "abra") (lib.attrValues enabled);
  path = lib.unique (
    cfg.path
    ++ [
      pkgs.git
      pkgs.openssh
      docker.package
    ]
    ++ lib.optional usesAbra pkgs.abra
  );

  # Everything is read-only except what a run writes. This goes as far as access to Docker allows:
  # a process that may talk to the engine's socket may become root on the host, so this protects
  # against mistakes and not against an attacker who holds the process.
  shared = {
    ProtectSystem = "strict";
    PrivateTmp = true;
    ProtectClock = true;
    ProtectControlGroups = true;
    ProtectHostname = true;
    ProtectKernelLogs = true;
    ProtectKernelModules = true;
    ProtectKernelTunables = true;
    NoNewPrivileges = true;
    LockPersonality = true;
    MemoryDenyWriteExecute = true;
    RestrictNamespaces = true;
    RestrictRealtime = true;
    SystemCallArchitectures = "native";
    UMask = "0077";
  };
  hardening = app: shared // {
    ReadWritePaths = [
      cfg.stateDir
      # Snapshots are taken and restored at the volumes' own paths.
      "-${dataRoot}/volumes"
      # Recipes are fetched into it, and abra writes the app's files there.
      "-${cfg.abraDir}"
      "/run"
    ]
    # A recipe elsewhere: its tags are fetched into it, and a clone needs the folder around it.
    ++ lib.optional (app ? repository) (
      "-" + (if app.source == null then app.repository else dirOf app.repository)
    );
    RestrictAddressFamilies = [
      "AF_UNIX"
      "AF_INET"
      "AF_INET6"
    ];
    # To read and restore files of any owner with their modes, attributes and special files.
    # Not RestrictSUIDSGID and not PrivateDevices: a volume may hold what they forbid to restore.
    CapabilityBoundingSet = [
      "CAP_CHOWN"
      "CAP_DAC_OVERRIDE"
      "CAP_DAC_READ_SEARCH"
      "CAP_FOWNER"
      "CAP_FSETID"
      "CAP_KILL"
      "CAP_MKNOD"
      "CAP_SETFCAP"
      # To see which process listens on a published port (/proc/PID/fd of others).
      "CAP_SYS_PTRACE"
    ];
  };

  scripts = import ./scripts.nix { inherit lib cfg; };
  fetchRecipe =
    name: app: pkgs.writeShellScript "fetch-recipe-${name}" (scripts.fetchRecipe name app);
in
{
  inherit enabled entry;

  # For a service that only reads the state.
  readerHardening = shared // {
    PrivateDevices = true;
    PrivateNetwork = true;
    ProtectHome = "read-only";
    RestrictAddressFamilies = [ "AF_UNIX" ];
    RestrictSUIDSGID = true;
    CapabilityBoundingSet = "";
    SystemCallFilter = [
      "@system-service"
      "~@privileged @resources"
    ];
  };

  # The service that runs `warm-reconcile run NAME`.
  reconciler =
    {
      name,
      app,
      stays ? true,
    }:
    {
      description = "Reconcile ${name}: deploy its newest version behind a health gate";
      requires = [ "docker.service" ];
      wants = [
        "swarm-init.service"
        "network-online.target"
      ];
      after = [
        "docker.service"
        "swarm-init.service"
        "network-online.target"
      ];
      inherit path;
      environment = {
        ABRA_DIR = cfg.abraDir;
        CCCI_WARM_ROOT = cfg.stateDir;
        # systemd sets none for root; git, ssh, docker and abra look there.
        HOME = "/root";
      }
      // lib.optionalAttrs cfg.skipFetch { CCCI_SKIP_FETCH = "1"; };
      unitConfig.RequiresMountsFor = [
        cfg.stateDir
        cfg.abraDir
        dataRoot
      ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = stays;
        ExecStart = "${cfg.package}/bin/warm-reconcile run ${name}";
        # 10 is "held": what runs is healthy, and an alert asks a person. It is a success, so that
        # what is ordered after the app is not stopped by a question. 20 (rolled back), 30
        # (degraded) and 40 (inconclusive) leave the unit failed.
        SuccessExitStatus = 10;
        # At least the longest run; the build refuses less.
        TimeoutStartSec = app.timeout;
        # SIGTERM goes to the program alone: it leaves a journal that can be resumed, and ends
        # the command that is under way itself.
        KillMode = "mixed";
        TimeoutStopSec = 30;
        NotifyAccess = "main";
      }
      // lib.optionalAttrs (app.source != null) { ExecStartPre = "${fetchRecipe name app}"; }
      // hardening app;
    };
}
