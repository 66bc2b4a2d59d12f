# What `run` asks for, evaluated with the real nixpkgs.
{ readme, nixpkgs }:
let
  host = import ./nixpkgs.nix { inherit nixpkgs; };
  cases = import ./cases.nix (host // { readme = import readme; });
in
{
  inherit (cases) refused;
  broken = host.lib.concatStringsSep " " (
    host.lib.filter (name: !cases.promises.${name}) (host.lib.attrNames cases.promises)
  );
}
