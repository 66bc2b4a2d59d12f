{
  imports = [
    ./warm-reconcile.nix
    ./deploy-proxy.nix
    ./warm-keycloak.nix
    ./nightly-roll.nix
  ];
}
