# The first block of nix/README.md that is marked as a configuration.
let
  parts = builtins.split "```nix configuration\n" (builtins.readFile ../README.md);
  block = builtins.head (builtins.split "\n```" (builtins.elemAt parts 2));
in
import (builtins.toFile "configuration.nix" block)
