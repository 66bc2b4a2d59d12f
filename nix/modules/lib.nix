# What the modules have in common: the service that runs the reconciler for one app.
{ lib }:
let
  # As far as access to Docker allows. Whoever may talk to the engine's socket may become root on
  # the host, so this is against mistakes and not against an attacker who holds the process.
  hardening = cfg: {
    # Everything is read-only but what a run writes.
    ProtectSystem = "strict";
    ReadWritePaths = [
      cfg.stateDir
      # Snapshots are taken and restored at the volumes' own paths.
      "-/var/lib/docker/volumes"
      # Recipes are fetched into it, and abra writes the app's files there.
      "-${cfg.abraDir}"
      "/run"
    ];
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
    RestrictAddressFamilies = [
      "AF_UNIX"
      "AF_INET"
      "AF_INET6"
    ];
    RestrictNamespaces = true;
    RestrictRealtime = true;
    SystemCallArchitectures = "native";
    UMask = "0077";
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
in
{
  # The service that runs `warm-reconcile run APP`. `timeout` in seconds is at least the longest
  # that a run can take; `warm-reconcile check-order` refuses a unit that has less.
  reconciler =
    {
      cfg,
      app,
      timeout,
      stays ? true,
    }:
    {
      description = "Reconcile ${app}: deploy its newest version behind a health gate";
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
      path = cfg.path;
      environment = {
        ABRA_DIR = cfg.abraDir;
        CCCI_WARM_ROOT = cfg.stateDir;
      }
      // lib.optionalAttrs cfg.skipFetch { CCCI_SKIP_FETCH = "1"; };
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = stays;
        ExecStart = "${cfg.package}/bin/warm-reconcile run ${app}";
        # 10 is "held": what runs is healthy, and an alert asks a person. It is a success, so that
        # what is ordered after the app is not stopped by a question. 20 (rolled back), 30
        # (degraded) and 40 (inconclusive) leave the unit failed.
        SuccessExitStatus = 10;
        TimeoutStartSec = timeout;
        # SIGTERM goes to the program alone: it leaves a journal that can be resumed, and ends
        # the command that is under way itself.
        KillMode = "mixed";
        TimeoutStopSec = 30;
        NotifyAccess = "main";
      }
      // hardening cfg;
    };
}
