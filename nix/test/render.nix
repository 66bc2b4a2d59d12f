# The text of systemd units, as NixOS writes it from the same attributes: one line for each item
# of a list, settings in the order of their names. The links of `wantedBy` stand in `[Install]`.
let
  inherit (builtins)
    attrNames
    concatLists
    concatMap
    concatStringsSep
    isBool
    isList
    ;
  text =
    value:
    if isBool value then (if value then "true" else "false") else toString value;
  lines =
    settings:
    concatMap (
      key:
      let
        value = settings.${key};
      in
      map (item: "${key}=${text item}") (if isList value then value else [ value ])
    ) (attrNames settings);
  list = key: names: if names == [ ] then [ ] else [ "${key}=${concatStringsSep " " names}" ];
  section = name: body: if body == [ ] then [ ] else [ "" "[${name}]" ] ++ body;

  known = [
    "description"
    "requires"
    "wants"
    "after"
    "wantedBy"
    "path"
    "environment"
    "serviceConfig"
    "timerConfig"
  ];
  unit =
    kind: name: attrs:
    let
      unknown = builtins.filter (key: !(builtins.elem key known)) (attrNames attrs);
      folders = concatLists (map (package: [ "${package}/bin" "${package}/sbin" ]) (attrs.path or [ ]));
      environment =
        (if folders == [ ] then { } else { PATH = concatStringsSep ":" folders; })
        // (attrs.environment or { });
      variables = map (key: ''Environment="${key}=${environment.${key}}"'') (attrNames environment);
      body =
        if kind == "service" then
          section "Service" (variables ++ lines (attrs.serviceConfig or { }))
        else
          section "Timer" (lines (attrs.timerConfig or { }));
      all =
        [ "[Unit]" "Description=${attrs.description}" ]
        ++ list "Requires" (attrs.requires or [ ])
        ++ list "Wants" (attrs.wants or [ ])
        ++ list "After" (attrs.after or [ ])
        ++ body
        ++ section "Install" (list "WantedBy" (attrs.wantedBy or [ ]));
    in
    if unknown != [ ] then
      throw "${name}.${kind}: not rendered: ${toString unknown}"
    else
      concatStringsSep "\n" all + "\n";
  units =
    kind: all:
    builtins.listToAttrs (
      map (name: {
        name = "${name}.${kind}";
        value = unit kind name all.${name};
      }) (attrNames all)
    );
in
config:
units "service" (config.systemd.services or { })
// units "timer" (config.systemd.timers or { })
