# A stand-in for what the modules use of nixpkgs' `lib`, so that they can be evaluated without
# nixpkgs. Same names, meaning and messages; what is not used is not here. Module evaluation is
# in eval.nix. Where nixpkgs is found, `run` evaluates the same cases with the real one.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    elem
    filter
    foldl'
    isAttrs
    isBool
    isInt
    isList
    isPath
    isString
    length
    listToAttrs
    ;
in
rec {
  inherit (builtins)
    all
    any
    attrNames
    attrValues
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    foldl'
    head
    length
    listToAttrs
    mapAttrs
    ;

  optional = condition: value: if condition then [ value ] else [ ];
  optionalAttrs = condition: attrs: if condition then attrs else { };
  optionalString = condition: text: if condition then text else "";
  concatStrings = concatStringsSep "";
  nameValuePair = name: value: { inherit name value; };
  mapAttrsToList = f: attrs: map (name: f name attrs.${name}) (attrNames attrs);
  mapAttrs' = f: attrs: listToAttrs (mapAttrsToList f attrs);
  genAttrs = names: f: listToAttrs (map (name: nameValuePair name (f name)) names);
  filterAttrs =
    keep: attrs: removeAttrs attrs (filter (name: !(keep name attrs.${name})) (attrNames attrs));
  unique = foldl' (found: value: if elem value found then found else found ++ [ value ]) [ ];
  toList = value: if isList value then value else [ value ];
  take = count: list: builtins.genList (builtins.elemAt list) (if count < length list then count else length list);
  imap0 = f: list: builtins.genList (at: f at (builtins.elemAt list at)) (length list);
  removeSuffix =
    suffix: text:
    let
      kept = builtins.stringLength text - builtins.stringLength suffix;
    in
    if kept >= 0 && builtins.substring kept (-1) text == suffix then
      builtins.substring 0 kept text
    else
      text;
  hasInfix = infix: text: builtins.replaceStrings [ infix ] [ "" ] text != text;
  escapeShellArg =
    value:
    let
      text = toString value;
    in
    if builtins.match "[[:alnum:],._+:@%/-]+" text != null then
      text
    else
      "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] text}'";
  escapeShellArgs = values: concatStringsSep " " (map escapeShellArg values);
  recursiveUpdate =
    left: right:
    left
    // builtins.mapAttrs (
      name: value:
      if isAttrs value && isAttrs (left.${name} or null) then recursiveUpdate left.${name} value else value
    ) right;

  mkOption = option: option // { _type = "option"; };
  mkEnableOption =
    what:
    mkOption {
      type = types.bool;
      default = false;
      description = "Whether to enable ${what}.";
    };
  literalExpression = text: {
    _type = "literalExpression";
    inherit text;
  };
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };
  mkOptionDefault = mkOverride 1500;
  mkDefault = mkOverride 1000;
  mkForce = mkOverride 50;

  showOption = concatStringsSep ".";
  showValue =
    value:
    if isAttrs value && value ? outPath then
      "<derivation>"
    else
      builtins.toJSON (if builtins.isFunction value then "<function>" else value);
  showDefinitions = definitions: concatStringsSep "" (
    map (d: "\n- In `${toString d.file}': ${showValue d.value}") definitions
  );

  # The definitions that count: `mkIf` and `mkMerge` taken away, and of those the ones with the
  # highest priority.
  discharge =
    value:
    if isAttrs value && value ? _type then
      if value._type == "if" then
        if !isBool value.condition then
          throw "‘mkIf’ called with a non-Boolean condition"
        else if value.condition then
          discharge value.content
        else
          [ ]
      else if value._type == "merge" then
        builtins.concatMap discharge value.contents
      else
        [ value ]
    else
      [ value ];
  byPriority =
    definitions:
    let
      isOverride = d: isAttrs d.value && (d.value._type or null) == "override";
      priority = d: if isOverride d then d.value.priority else 100;
      highest = foldl' (least: d: if priority d < least then priority d else least) 9999 definitions;
      strip = d: if isOverride d then d // { value = d.value.content; } else d;
    in
    map strip (filter (d: priority d == highest) definitions);
  relevant =
    definitions:
    byPriority (
      builtins.concatMap (d: map (value: d // { inherit value; }) (discharge d.value)) definitions
    );
  # One value of a type from its definitions, for an option or an element of one.
  mergeDefinitions =
    loc: type: definitions:
    let
      found = relevant definitions;
      wrong = filter (d: !(type.check d.value)) found;
    in
    {
      isDefined = found != [ ];
      value =
        if found == [ ] then
          throw "The option `${showOption loc}' was accessed but has no value defined. Try setting the option."
        else if wrong != [ ] then
          throw "A definition for option `${showOption loc}' is not of type `${type.description}'. Definition values:${showDefinitions wrong}"
        else
          type.merge loc found;
    };
  # `mkIf` and its like around an attribute set, pushed down to its attributes.
  pushDown =
    value:
    if isAttrs value && value ? _type then
      if value._type == "if" then
        map (builtins.mapAttrs (_: mkIf value.condition)) (pushDown value.content)
      else if value._type == "merge" then
        builtins.concatMap pushDown value.contents
      else if value._type == "override" then
        map (builtins.mapAttrs (_: mkOverride value.priority)) (pushDown value.content)
      else
        [ value ]
    else
      [ value ];

  mergeEqual =
    loc: definitions:
    let
      first = builtins.head definitions;
    in
    if builtins.all (d: d.value == first.value) definitions then
      first.value
    else
      throw "The option `${showOption loc}' has conflicting definition values:${showDefinitions definitions}\nUse `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.";

  types = rec {
    scalar = description: check: {
      inherit description check;
      merge = mergeEqual;
    };
    bool = scalar "boolean" isBool;
    int = scalar "signed integer" isInt;
    ints.positive = scalar "positive integer, meaning >0" (value: isInt value && value > 0);
    str = scalar "string" isString;
    strMatching = pattern: scalar "string matching the pattern ${pattern}" (
      value: isString value && builtins.match pattern value != null
    );
    path = scalar "absolute path" (
      value: isPath value || (isString value && builtins.substring 0 1 value == "/") || value ? outPath
    );
    package = scalar "package" (value: isAttrs value && (value.type or null) == "derivation");
    raw = scalar "raw value" (_: true);
    # Concatenated, as lines of one text.
    lines = scalar "strings concatenated with \"\\n\"" isString // {
      merge = _: definitions: concatStringsSep "\n" (map (d: d.value) definitions);
    };
    separatedString = separator: lines // {
      merge = _: definitions: concatStringsSep separator (map (d: d.value) definitions);
    };
    listOf = element: {
      description = "list of ${element.description}";
      check = isList;
      merge =
        loc: definitions:
        let
          one = d: value: mergeDefinitions (loc ++ [ "[definition]" ]) element [ (d // { inherit value; }) ];
          all = builtins.concatMap (d: map (one d) d.value) definitions;
        in
        map (item: item.value) (filter (item: item.isDefined) all);
    };
    attrsOf = element: {
      inherit element;
      description = "attribute set of ${element.description}";
      check = isAttrs;
      merge =
        loc: definitions:
        let
          pushed = builtins.concatMap (d: map (value: d // { inherit value; }) (pushDown d.value)) definitions;
          names = unique (builtins.concatMap (d: attrNames d.value) pushed);
          of =
            name:
            mergeDefinitions (loc ++ [ name ]) element (
              map (d: d // { value = d.value.${name}; }) (filter (d: d.value ? ${name}) pushed)
            );
        in
        listToAttrs (
          map (name: nameValuePair name (of name).value) (filter (name: (of name).isDefined) names)
        );
    };
    nullOr = inner: {
      description = "null or ${inner.description}";
      check = value: value == null || inner.check value;
      merge =
        loc: definitions:
        if builtins.all (d: d.value == null) definitions then
          null
        else if builtins.any (d: d.value == null) definitions then
          throw "The option `${showOption loc}' is defined both null and not null, in${showDefinitions definitions}"
        else
          inner.merge loc definitions;
    };
    either = left: right: {
      description = "${left.description} or ${right.description}";
      check = value: left.check value || right.check value;
      merge =
        loc: definitions:
        if builtins.all (d: left.check d.value) definitions then
          left.merge loc definitions
        else if builtins.all (d: right.check d.value) definitions then
          right.merge loc definitions
        else
          mergeEqual loc definitions;
    };
    oneOf = alternatives: foldl' either (builtins.head alternatives) (builtins.tail alternatives);
    submodule = module: {
      inherit module;
      description = "submodule";
      check = value: isAttrs value || builtins.isFunction value;
      merge =
        loc: definitions:
        (import ./eval.nix).evalModules {
          prefix = loc;
          arguments.name = builtins.elemAt loc (length loc - 1);
          modules = [ module ] ++ map (d: {
            _file = d.file;
            config = d.value;
          }) definitions;
        };
    };
    # systemd's settings: a value, or a list that grows.
    unitOption = {
      description = "systemd option";
      check = value: isBool value || isInt value || isString value || isList value || isPath value;
      merge =
        loc: definitions:
        if builtins.any (d: isList d.value) definitions then
          builtins.concatMap (d: toList d.value) definitions
        else
          mergeEqual loc definitions;
    };
  };

  # Only names: the files are read by `run`.
  fileset = {
    unions = files: files;
    toSource = source: source;
  };
  makeBinPath = packages: concatStringsSep ":" (map (package: "${package}/bin") packages);
  licenses = {
    mit = "mit";
    asl20 = "asl20";
  };
  platforms.linux = [ "x86_64-linux" ];
}
