//! Units from folders of unit files, merged as systemd merges them (systemd.unit(5)), and from
//! the output of `systemctl show`.
//!
//! `[Install]` is not read: a unit is pulled in by the links of `.wants` and `.requires`
//! folders, as systemd itself sees it. An empty `After=` takes nothing back: systemd lets no
//! drop-in remove a dependency.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::budget::StartTimeout;
use super::graph::{Unit, UnitGraph};
use super::ini;

const KINDS: &[&str] = &[
    "service",
    "target",
    "timer",
    "path",
    "socket",
    "mount",
    "automount",
    "swap",
    "slice",
    "scope",
    "device",
];

/// A folder or a file of units could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub struct UnitsError {
    pub path: PathBuf,
    #[source]
    pub error: io::Error,
}

/// What lies in the folders, by name.
#[derive(Debug, Default)]
struct Found {
    /// Unit files; those of the first folder win.
    files: BTreeMap<String, PathBuf>,
    /// Drop-in folders and `.wants`/`.requires` folders, the most important first.
    folders: HashMap<String, Vec<PathBuf>>,
}

impl UnitGraph {
    /// Reads folders of unit files; of two files of one name the one in the earlier folder
    /// counts, as in `/etc/systemd/system` before `/usr/lib/systemd/system`.
    ///
    /// # Errors
    /// When a folder or a file in it cannot be read.
    pub fn read(folders: &[PathBuf]) -> Result<UnitGraph, UnitsError> {
        let mut found = Found::default();
        for folder in folders {
            found.look(folder)?;
        }
        let mut graph = UnitGraph::default();
        for (name, path) in &found.files {
            match alias_of(name, path) {
                Some(own) => {
                    graph.aliases.insert(name.clone(), own);
                }
                None => {
                    let unit = found.unit(name, Some(path))?;
                    graph.units.insert(name.clone(), unit);
                }
            }
        }
        found.instances(&mut graph)?;
        Ok(graph)
    }

    /// Reads the output of `systemctl show --property=Id,Names,LoadState,After,Before,Requires,
    /// Requisite,BindsTo,Wants,Triggers,TimeoutStartUSec '*'`: blocks with an empty line
    /// between them. What systemd adds by itself is in it already.
    pub fn from_show(text: &str) -> UnitGraph {
        let mut graph = UnitGraph::default();
        for block in text.split("\n\n") {
            let mut unit = Unit::default();
            let (mut id, mut names) = (None, Vec::new());
            for (key, value) in block.lines().filter_map(|line| line.split_once('=')) {
                let list = || ini::words(value).collect::<Vec<_>>();
                match key {
                    "Id" => id = Some(value.to_owned()),
                    "Names" => names = list(),
                    "LoadState" => unit.masked = value == "masked",
                    "After" => unit.after = list(),
                    "Before" => unit.before = list(),
                    "Requires" | "Requisite" | "BindsTo" => unit.requires.extend(list()),
                    "Wants" => unit.wants = list(),
                    "Triggers" => unit.triggers = list().into_iter().next(),
                    "TimeoutStartUSec" => {
                        unit.start_timeout = ini::timeout(value).unwrap_or_default();
                    }
                    _ => {}
                }
            }
            let Some(id) = id else { continue };
            for name in names.into_iter().filter(|name| *name != id) {
                graph.aliases.insert(name, id.clone());
            }
            // What is only spoken of is not there.
            if !block.lines().any(|line| line == "LoadState=not-found") {
                graph.units.insert(id, unit);
            }
        }
        graph
    }
}

impl Found {
    fn look(&mut self, folder: &Path) -> Result<(), UnitsError> {
        let failed = |error| UnitsError {
            path: folder.to_owned(),
            error,
        };
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let path = entry.path();
            let kind = name.rsplit('.').next().unwrap_or_default();
            if path.is_dir() && matches!(kind, "d" | "wants" | "requires") {
                self.folders.entry(name).or_default().push(path);
            } else if KINDS.contains(&kind) && !path.is_dir() {
                self.files.entry(name).or_insert(path);
            }
        }
        Ok(())
    }

    /// A unit of this name from its file and its drop-ins.
    fn unit(&self, name: &str, path: Option<&Path>) -> Result<Unit, UnitsError> {
        let mut unit = Unit {
            default_dependencies: true,
            ..Unit::default()
        };
        if let Some(path) = path {
            let text = read(path)?;
            // Masked: a link to /dev/null, or an empty file.
            if text.is_empty() {
                unit.masked = true;
                return Ok(unit);
            }
            apply(&mut unit, name, &text);
        }
        for (_, path) in self.drop_ins(name)? {
            apply(&mut unit, name, &read(&path)?);
        }
        for (suffix, list) in [("wants", &mut unit.wants), ("requires", &mut unit.requires)] {
            for folder in self
                .folders
                .get(&format!("{name}.{suffix}"))
                .into_iter()
                .flatten()
            {
                list.extend(names_in(folder)?);
            }
        }
        list_order(&mut unit);
        if unit.triggers.is_none() && name.ends_with(".timer") {
            unit.triggers = name
                .strip_suffix(".timer")
                .map(|stem| format!("{stem}.service"));
        }
        if unit.triggers.is_none() && name.ends_with(".path") {
            unit.triggers = name
                .strip_suffix(".path")
                .map(|stem| format!("{stem}.service"));
        }
        if unit.triggers.is_none() && name.ends_with(".socket") {
            unit.triggers = name
                .strip_suffix(".socket")
                .map(|stem| format!("{stem}.service"));
        }
        Ok(unit)
    }

    /// The drop-ins of a unit by file name: of one name the most specific folder's counts, and
    /// all are applied in the order of their names.
    fn drop_ins(&self, name: &str) -> Result<BTreeMap<String, PathBuf>, UnitsError> {
        let mut out = BTreeMap::new();
        for folder in drop_in_folders(name) {
            for folder in self.folders.get(&folder).into_iter().flatten() {
                for file in names_in(folder)? {
                    if file.ends_with(".conf") {
                        let path = folder.join(&file);
                        out.entry(file).or_insert(path);
                    }
                }
            }
        }
        Ok(out)
    }

    /// Adds the instances of templates that some unit speaks of.
    fn instances(&self, graph: &mut UnitGraph) -> Result<(), UnitsError> {
        loop {
            let missing: Vec<String> = graph
                .units
                .values()
                .flat_map(|unit| {
                    let lists = [&unit.after, &unit.before, &unit.requires, &unit.wants];
                    lists.into_iter().flatten().chain(&unit.triggers).cloned()
                })
                .filter(|name| graph.get(name).is_none())
                .filter(|name| template(name).is_some_and(|t| self.files.contains_key(&t)))
                .collect();
            let Some(name) = missing.into_iter().next() else {
                return Ok(());
            };
            let path = template(&name).and_then(|template| self.files.get(&template));
            let unit = self.unit(&name, path.map(PathBuf::as_path))?;
            graph.units.insert(name, unit);
        }
    }
}

fn read(path: &Path) -> Result<String, UnitsError> {
    let bytes = fs::read(path).map_err(|error| UnitsError {
        path: path.to_owned(),
        error,
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn names_in(folder: &Path) -> Result<Vec<String>, UnitsError> {
    let failed = |error| UnitsError {
        path: folder.to_owned(),
        error,
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        names.extend(name.into_string());
    }
    names.sort();
    Ok(names)
}

/// The unit that a link under another name stands for; a link of the same name is the file.
fn alias_of(name: &str, path: &Path) -> Option<String> {
    let target = fs::read_link(path).ok()?;
    let own = target.file_name()?.to_str()?;
    let kind = |name: &str| name.rsplit('.').next().map(str::to_owned);
    (own != name && kind(own) == kind(name) && target != Path::new("/dev/null"))
        .then(|| own.to_owned())
}

/// `a@b.service` → `a@.service`.
fn template(name: &str) -> Option<String> {
    let (stem, rest) = name.split_once('@')?;
    let (instance, kind) = rest.rsplit_once('.')?;
    (!instance.is_empty()).then(|| format!("{stem}@.{kind}"))
}

/// The drop-in folders of a unit, the most specific first: its own, its template's, those of
/// the beginnings of its name (`a-b-c` has `a-b-` and `a-`), and the one of its kind.
fn drop_in_folders(name: &str) -> Vec<String> {
    let mut out = vec![format!("{name}.d")];
    out.extend(template(name).map(|template| format!("{template}.d")));
    if let Some((stem, kind)) = name.rsplit_once('.') {
        let mut stem = stem.split('@').next().unwrap_or(stem).trim_end_matches('-');
        while let Some((start, _)) = stem.rsplit_once('-') {
            out.push(format!("{start}-.{kind}.d"));
            stem = start;
        }
        out.push(format!("{kind}.d"));
    }
    out
}

/// Adds what one file says.
fn apply(unit: &mut Unit, name: &str, text: &str) {
    for (section, key, value) in ini::assignments(text) {
        let value = specifiers(&value, name);
        let list = match (section.as_str(), key.as_str()) {
            ("Unit", "After") => &mut unit.after,
            ("Unit", "Before") => &mut unit.before,
            ("Unit", "Requires" | "Requisite" | "BindsTo") => &mut unit.requires,
            ("Unit", "Wants") => &mut unit.wants,
            ("Unit", "DefaultDependencies") => {
                unit.default_dependencies = ini::boolean(&value).unwrap_or(true);
                continue;
            }
            ("Timer" | "Path", "Unit") | ("Socket", "Service") => {
                unit.triggers = Some(value).filter(|value| !value.is_empty());
                continue;
            }
            ("Service", "ExecStart") => {
                unit.exec = ini::words(&value).collect();
                continue;
            }
            ("Service", "TimeoutStartSec" | "TimeoutSec") => {
                unit.start_timeout = match value.as_str() {
                    "" => StartTimeout::Unset,
                    value => ini::timeout(value).unwrap_or(unit.start_timeout),
                };
                continue;
            }
            _ => continue,
        };
        list.extend(ini::words(&value));
    }
}

/// The specifiers that occur in names of units.
fn specifiers(value: &str, name: &str) -> String {
    if !value.contains('%') {
        return value.to_owned();
    }
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let (prefix, instance) = stem.split_once('@').unwrap_or((stem, ""));
    let known = [
        ("%i", instance),
        ("%I", instance),
        ("%n", name),
        ("%N", stem),
        ("%p", prefix),
        ("%%", "%"),
    ];
    let mut out = value.to_owned();
    for (specifier, text) in known {
        out = out.replace(specifier, text);
    }
    out
}

/// Each name once, in the order of first mention.
fn list_order(unit: &mut Unit) {
    for list in [
        &mut unit.after,
        &mut unit.before,
        &mut unit.requires,
        &mut unit.wants,
    ] {
        let mut seen = std::collections::HashSet::new();
        list.retain(|name| seen.insert(name.clone()));
    }
}
