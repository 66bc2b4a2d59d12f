# Evaluates modules as nixpkgs' `evalModules` does, as far as these modules need it: options are
# declared by the modules and set by the caller; everything else is what the modules define.
# A module that sets an option of another module is beyond it, and fails.
{ modules, settings }:
let
  lib = import ./lib.nix;
  inherit (builtins)
    attrNames
    concatLists
    concatMap
    elem
    filter
    foldl'
    isAttrs
    isList
    length
    listToAttrs
    mapAttrs
    ;

  load =
    path:
    let
      value = import path;
      module = if builtins.isFunction value then value { inherit config lib; } else value;
    in
    [ module ] ++ concatMap load (module.imports or [ ]);
  loaded = concatMap load modules;

  declared = foldl' lib.recursiveUpdate { } (map (module: module.options or { }) loaded);

  isOption = value: isAttrs value && (value._type or null) == "option";
  set =
    where: option: given:
    if isOption option then
      let
        value = if given == null then option.default or (throw "${where} is not set") else given.value;
      in
      if option.type.check value then
        value
      else
        throw "${where} is no ${option.type.name}"
    else
      let
        values = if given == null then { } else given.value;
        unknown = filter (name: !(option ? ${name})) (attrNames values);
      in
      if unknown != [ ] then
        throw "${where}: no such option: ${toString unknown}"
      else
        mapAttrs (
          name: inner:
          set "${where}.${name}" inner (if values ? ${name} then { value = values.${name}; } else null)
        ) option;
  config = set "config" declared { value = settings; };

  # The definitions of one value, `mkIf` taken away, merged.
  discharge =
    value:
    if isAttrs value && (value._type or null) == "if" then
      (if value.condition then discharge value.content else [ ])
    else
      [ value ];
  merge =
    where: given:
    let
      values = concatMap discharge given;
    in
    if builtins.all isAttrs values then
      let
        names = attrNames (foldl' (all: value: all // value) { } values);
        of = name: concatMap discharge (concatMap (v: if v ? ${name} then [ v.${name} ] else [ ]) values);
        there = filter (name: of name != [ ]) names;
      in
      listToAttrs (
        map (name: {
          inherit name;
          value = merge "${where}.${name}" (of name);
        }) there
      )
    else if builtins.all isList values then
      concatLists values
    else if length values == 1 then
      builtins.head values
    else
      throw "${where} is defined twice";
  defined = merge "config" (map (module: module.config or { }) loaded);
  overreach = filter (name: elem name (attrNames declared)) (attrNames defined);
in
if overreach != [ ] then throw "a module sets options: ${toString overreach}" else defined
