# How long a run can take, by the app's `times`: the same sum as in the program's `check-order`,
# which refuses a unit that has less.
{ lib }:
let
  inherit (builtins)
    filter
    fromJSON
    head
    isList
    isString
    match
    split
    ;

  milliseconds = {
    ns = 0;
    us = 0;
    ms = 1;
    s = 1000;
    m = 60 * 1000;
    h = 3600 * 1000;
    d = 86400 * 1000;
    w = 7 * 86400 * 1000;
  };
  # The long names that the program's reader takes, too.
  aliases = {
    nsec = "ns";
    usec = "us";
    msec = "ms";
    sec = "s";
    secs = "s";
    second = "s";
    seconds = "s";
    min = "m";
    mins = "m";
    minute = "m";
    minutes = "m";
    hr = "h";
    hrs = "h";
    hour = "h";
    hours = "h";
    day = "d";
    days = "d";
    wk = "w";
    week = "w";
    weeks = "w";
  };

  # Without leading zeros, which JSON does not allow.
  number = digits: fromJSON (head (match "0*([0-9]+)" digits));
  ceil = value: step: (value + step - 1) / step * step;

  defaults = {
    first_gate = 60;
    gate = 300;
    deploy = 60;
    undeploy = 60;
    snapshot = 60;
    hook = 60;
    bake = 0;
  };
in
rec {
  # `1h 30m` in seconds, rounded up; null for what is not a duration. The program says what is
  # wrong with it when the app file is built.
  seconds =
    text:
    let
      parts = split "([0-9]+)[[:space:]]*([a-z]+)" text;
      pairs = filter isList parts;
      between = lib.concatStrings (filter isString parts);
      unit = pair: milliseconds.${aliases.${name pair} or (name pair)} or null;
      name = pair: lib.elemAt pair 1;
      total = lib.foldl' (sum: pair: sum + number (head pair) * unit pair) 0 pairs;
    in
    if !isString text || pairs == [ ] || match "[[:space:]]*" between == null then
      null
    else if lib.any (pair: unit pair == null) pairs then
      null
    else
      ceil total 1000 / 1000;

  # The longest run: fetch, first gate, an upgrade that turns out bad at the end of its gate, and
  # a rollback that takes as long; with its hooks, and the watch after the commit. 15 s are the
  # run's own work.
  longestRun =
    {
      times,
      stateful,
      hooks ? { },
    }:
    let
      given = if builtins.isAttrs times then times else { };
      read =
        name: default:
        let
          known = seconds (given.${name} or "");
        in
        if known == null then default else known;
      t = lib.mapAttrs read defaults;
      data = if stateful then 2 * (t.undeploy + t.snapshot) else 0;
      watch = if t.bake > 0 then t.bake + t.first_gate else 0;
      hook = name: if hooks ? ${name} then t.hook else 0;
    in
    30 + t.first_gate + 2 * (t.deploy + t.gate) + data + watch + hook "before" + hook "after" + 15;

  # With half a minute to spare, rounded up to 5 minutes.
  timeout = run: ceil (run + 30) 300;
}
