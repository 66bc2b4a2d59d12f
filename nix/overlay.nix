# Adds `pkgs.gateproof`.
final: _: { gateproof = final.callPackage ./package.nix { }; }
