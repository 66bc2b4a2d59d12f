# Where leases and undoings are kept on a machine. POSIX sh; every name of ours begins with gp_.

gp_find_base() {
  gp_uid=$(id -u)
  # On this machine the client may name the folder of its repository.
  if [ -n "${gp_state-}" ]; then gp_base=$gp_state
  elif [ -n "${GATEPROOF_STATE-}" ]; then gp_base=$GATEPROOF_STATE
  elif [ "$gp_uid" = 0 ]; then gp_base=/var/lib/gateproof
  else gp_base=${XDG_STATE_HOME:-${HOME:-/}/.local/state}/gateproof
  fi
  gp_boot=
  read -r gp_boot </proc/sys/kernel/random/boot_id
}

