# The NixOS module `services.warm-reconcile`; nix/README.md says how it is used.
{
  imports = [
    ./options.nix
    ./app-file.nix
    ./host.nix
    ./swarm.nix
    ./units.nix
    ./nightly.nix
  ];
}
