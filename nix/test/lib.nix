# A stand-in for the few functions of nixpkgs' `lib` that the modules use, so that they can be
# evaluated without nixpkgs. Same names and meaning; what is not used is not here.
rec {
  optionalAttrs = condition: attrs: if condition then attrs else { };

  mkOption = option: option // { _type = "option"; };
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };

  types = rec {
    bool = {
      name = "bool";
      check = builtins.isBool;
    };
    str = {
      name = "str";
      check = builtins.isString;
    };
    attrs = {
      name = "attrs";
      check = builtins.isAttrs;
    };
    # nixpkgs wants a derivation; a path in a string will do here.
    package = str // {
      name = "package";
    };
    listOf = inner: {
      name = "list of ${inner.name}";
      check = value: builtins.isList value && builtins.all inner.check value;
    };
    nullOr = inner: {
      name = "null or ${inner.name}";
      check = value: value == null || inner.check value;
    };
  };

  licenses = {
    mit = "mit";
    asl20 = "asl20";
  };
  platforms.linux = [ "x86_64-linux" ];
  cleanSource = source: source;

  recursiveUpdate =
    left: right:
    left
    // builtins.mapAttrs (
      name: value:
      if builtins.isAttrs value && builtins.isAttrs (left.${name} or null) && !(value ? _type) then
        recursiveUpdate left.${name} value
      else
        value
    ) right;
}
