# Evaluates modules as nixpkgs' `evalModules` does, as far as ours need it: options declared and
# set by any module, `mkIf`, `mkMerge`, `mkDefault`, `mkForce`, types that merge, submodules with
# a free form, unknown options refused. It cannot see: `mkBefore` and `mkAfter`, `mkRenamedOption`,
# `disabledModules`, `apply`, options that are declared twice.
let
  lib = import ./lib.nix;
  inherit (builtins)
    attrNames
    concatMap
    filter
    isAttrs
    isFunction
    isList
    ;
  isOption = value: isAttrs value && (value._type or null) == "option";

  # All modules with their imports, in the order of nixpkgs, each as { file, options, config }.
  load =
    arguments: parent: given:
    let
      fromFile = builtins.isPath given || builtins.isString given;
      file = if fromFile then toString given else given._file or parent;
      content = if fromFile then import given else given;
      module = if isFunction content then content arguments else content;
      where = module._file or file;
      structured = module ? options || module ? config;
      meta = [
        "_file"
        "key"
        "imports"
        "options"
        "config"
        "freeformType"
      ];
      stray = attrNames (removeAttrs module meta);
    in
    if structured && stray != [ ] then
      throw "Module `${where}' has an unsupported attribute `${builtins.head stray}'."
    else
      [
        {
          file = where;
          options = module.options or { };
          config = if structured then module.config or { } else removeAttrs module meta;
          freeformType = module.freeformType or null;
        }
      ]
      ++ concatMap (load arguments where) (module.imports or [ ]);
in
{
  evalModules =
    {
      modules,
      prefix ? [ ],
      arguments ? { },
    }:
    let
      loaded = concatMap (load (arguments // { inherit config lib; }) "<unknown-file>") modules;
      declared = builtins.foldl' lib.recursiveUpdate { } (map (module: module.options) loaded);
      given = concatMap (
        module:
        map (value: {
          inherit (module) file;
          inherit value;
        }) (lib.pushDown module.config)
      ) loaded;

      # The values under `options`, and the definitions that no option takes.
      walk =
        loc: options: definitions:
        let
          named =
            name:
            concatMap (
              d:
              map (value: d // { inherit value; }) (
                if d.value ? ${name} then lib.pushDown d.value.${name} else [ ]
              )
            ) definitions;
          raw =
            name:
            concatMap (d: if d.value ? ${name} then [ (d // { value = d.value.${name}; }) ] else [ ]) definitions;
          below = name: walk (loc ++ [ name ]) options.${name} (named name);
          names = attrNames options;
          unknown = filter (name: !(options ? ${name})) (
            lib.unique (concatMap (d: attrNames d.value) definitions)
          );
        in
        {
          values = lib.mapAttrs (
            name: option:
            if isOption option then
              let
                default =
                  if option ? default then
                    [
                      {
                        file = "<default>";
                        value = lib.mkOptionDefault option.default;
                      }
                    ]
                  else
                    [ ];
              in
              (lib.mergeDefinitions (loc ++ [ name ]) option.type (raw name ++ default)).value
            else
              (below name).values
          ) options;
          unmatched =
            concatMap (
              name:
              map (d: {
                inherit (d) file value;
                path = loc ++ [ name ];
              }) (raw name)
            ) unknown
            ++ concatMap (name: if isOption options.${name} then [ ] else (below name).unmatched) names;
        };
      walked = walk prefix declared given;

      freeform = filter (type: type != null) (map (module: module.freeformType) loaded);
      first = builtins.head walked.unmatched;
      depth = builtins.length prefix;
      # A definition under the path of its option, without the prefix.
      under =
        path: value:
        if path == [ ] then value else { ${builtins.head path} = under (builtins.tail path) value; };
      free = (builtins.head freeform).merge prefix (
        map (d: {
          inherit (d) file;
          value = under (lib.imap0 (at: _: builtins.elemAt d.path (depth + at)) (
            builtins.genList (at: at) (builtins.length d.path - depth)
          )) d.value;
        }) walked.unmatched
      );
      checked =
        if walked.unmatched == [ ] then
          walked.values
        else if freeform != [ ] then
          lib.recursiveUpdate free walked.values
        else
          throw "The option `${lib.showOption first.path}' does not exist. Definition values:${lib.showDefinitions [ first ]}";
      config = checked;
    in
    assert isList modules;
    config;
}
