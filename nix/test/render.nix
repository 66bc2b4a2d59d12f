# The text of systemd units, as NixOS writes it from the same attributes: one line for each item
# of a list, settings in the order of their names. The links of `wantedBy` stand in `[Install]`.
let
  inherit (builtins)
    attrNames
    concatLists
    concatMap
    concatStringsSep
    filter
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

  unit =
    kind: attrs:
    let
      folders = concatLists (map (package: [ "${package}/bin" "${package}/sbin" ]) (attrs.path or [ ]));
      environment =
        (if folders == [ ] then { } else { PATH = concatStringsSep ":" folders; })
        // (attrs.environment or { });
      variables = map (key: ''Environment="${key}=${environment.${key}}"'') (attrNames environment);
      body =
        if kind == "service" then
          section "Service" (
            (if attrs.restartIfChanged then [ ] else [ "X-RestartIfChanged=false" ])
            ++ variables
            ++ lines attrs.serviceConfig
          )
        else
          section "Timer" (lines attrs.timerConfig);
    in
    concatStringsSep "\n" (
      [ "[Unit]" "Description=${attrs.description}" ]
      ++ list "Requires" attrs.requires
      ++ list "Wants" attrs.wants
      ++ list "After" attrs.after
      ++ lines attrs.unitConfig
      ++ list "X-Restart-Triggers" (map toString attrs.restartTriggers)
      ++ body
      ++ section "Install" (list "WantedBy" attrs.wantedBy)
    )
    + "\n";
  units =
    kind: all:
    builtins.listToAttrs (
      map (name: {
        name = "${name}.${kind}";
        value = unit kind all.${name};
      }) (filter (name: all.${name}.enable) (attrNames all))
    );
in
config: units "service" config.systemd.services // units "timer" config.systemd.timers
