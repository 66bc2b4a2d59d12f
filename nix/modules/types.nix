# The types of our options.
{ lib }:
let
  inherit (lib) types;
in
rec {
  # A value of the app file. There is no type for fractions in it: Nix reads `1.10` as the number
  # 1.1, and a version in `env` would silently become another one. There is no null either: the
  # app file has no key that takes one.
  value =
    types.oneOf [
      types.bool
      types.int
      types.str
      types.path
      (types.attrsOf value)
      (types.listOf value)
    ]
    // {
      description = "text, whole number, boolean, or a list or set of them (write 1.10 as \"1.10\")";
    };

  # systemd and tmpfiles split values at blanks and read `%` and quotes, so these are refused.
  absolutePath = types.strMatching "/[A-Za-z0-9_./+-]*" // {
    description = "absolute path of letters, digits, and `_./+-`";
  };

  service = types.strMatching "[A-Za-z0-9:_.@-]+[.]service" // {
    description = "name of a systemd service, for example `deploy-proxy.service`";
  };
}
