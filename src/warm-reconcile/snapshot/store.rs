//! The snapshots of an app: taking, keeping, verifying, restoring.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::files::{
    check_tar, digest_of, entries_of, file_names, open_tar, write_manifest, write_tar,
};
use super::manifest::Entry;
use super::space::{PER_ENTRY, enough_space, free_space, space_of, with_margin};
use super::tree::Tree;
use super::unpack::{clear, unpack};
use super::{Meta, Report, Request, Snapshot, SnapshotError, Space, TIME, Users, Volume};
use crate::state::file;
use crate::state::layout::AppPaths;
use kit::atomic;

const CURRENT: &str = "snapshot";
const PREVIOUS: &str = "snapshot.previous";
const NEW: &str = "snapshot.new";
const ASIDE: &str = "snapshot.aside";
const META: &str = "meta.json";

/// The snapshots of one app.
#[derive(Clone, Debug)]
pub struct Snapshots {
    home: PathBuf,
}

impl Snapshots {
    /// Those of an app.
    pub fn new(paths: &AppPaths) -> Snapshots {
        Snapshots {
            home: paths.home().to_owned(),
        }
    }

    /// The current snapshot, if there is one. Reads only, and only `meta.json`.
    ///
    /// # Errors
    /// [`SnapshotError::Damaged`] when its `meta.json` is.
    pub fn current(&self) -> Result<Option<Snapshot>, SnapshotError> {
        // A crash while moving may have left the previous one alone; see `recover`.
        match self.read(CURRENT)? {
            None => self.read(PREVIOUS),
            found => Ok(found),
        }
    }

    /// The last proven snapshot that is kept beside an unproven current one.
    ///
    /// # Errors
    /// As [`Snapshots::current`].
    pub fn previous(&self) -> Result<Option<Snapshot>, SnapshotError> {
        Ok(match self.read(CURRENT)? {
            None => None,
            Some(_) => self.read(PREVIOUS)?,
        })
    }

    /// Takes a snapshot and makes it the current one, unproven while there is a previous one.
    ///
    /// # Errors
    /// [`SnapshotError`]; the snapshots that were there are still there, and nothing of the new
    /// one is left (after a crash the next call removes it).
    pub fn take(
        &self,
        request: &Request<'_>,
        users: &dyn Users,
    ) -> Result<Snapshot, SnapshotError> {
        self.recover()?;
        if let Some(taken) = self.read(CURRENT)?
            && taken.meta.run_id == request.run_id
        {
            return Ok(taken);
        }
        let taken = self.make(request, users).and_then(|()| self.publish());
        if taken.is_err() {
            let _ = fs::remove_dir_all(self.home.join(NEW));
        }
        taken?;
        self.read(CURRENT)?.ok_or_else(|| SnapshotError::Damaged {
            path: self.home.join(CURRENT).display().to_string(),
            why: "it is gone".to_owned(),
        })
    }

    /// What was set aside before the last restore that a person asked for.
    ///
    /// # Errors
    /// As [`Snapshots::current`].
    pub fn aside(&self) -> Result<Option<Snapshot>, SnapshotError> {
        self.read(ASIDE)
    }

    /// Takes a snapshot of what a restore is about to replace, beside the others and instead of
    /// what was set aside before. It never takes the place of a snapshot that a version needs.
    ///
    /// # Errors
    /// As [`Snapshots::take`].
    pub fn set_aside(
        &self,
        request: &Request<'_>,
        users: &dyn Users,
    ) -> Result<Snapshot, SnapshotError> {
        self.recover()?;
        if let Some(taken) = self.aside()?
            && taken.meta.run_id == request.run_id
        {
            return Ok(taken);
        }
        let made = self
            .make(request, users)
            .and_then(|()| match self.home.join(ASIDE).exists() {
                true => self.rename(NEW, ASIDE, RenameFlags::EXCHANGE),
                false => self.rename(NEW, ASIDE, RenameFlags::NOREPLACE),
            });
        let _ = fs::remove_dir_all(self.home.join(NEW));
        made?;
        self.aside()?.ok_or_else(|| SnapshotError::Damaged {
            path: self.home.join(ASIDE).display().to_string(),
            why: "it is gone".to_owned(),
        })
    }

    /// The snapshot with this id, wherever it is kept. What is damaged beside it is passed over.
    ///
    /// # Errors
    /// The first damage that was met, when it is not found.
    pub fn find(
        &self,
        is_it: impl Fn(&Snapshot) -> bool,
    ) -> Result<Option<Snapshot>, SnapshotError> {
        let mut damage = None;
        for found in [self.current(), self.previous()] {
            match found {
                Ok(Some(snapshot)) if is_it(&snapshot) => return Ok(Some(snapshot)),
                Ok(_) => {}
                Err(error) => damage = damage.or(Some(error)),
            }
        }
        damage.map_or(Ok(None), Err)
    }

    /// About what a snapshot of these volumes would take, and what is free. Reads names and
    /// sizes only, also of volumes in use, so that it is an estimate; writes nothing.
    ///
    /// # Errors
    /// [`SnapshotError`], also for what would make [`Snapshots::take`] refuse: an immutable file,
    /// another file system within a volume.
    pub fn space(&self, volumes: &[Volume]) -> Result<Space, SnapshotError> {
        let mut space = Space::default();
        for volume in volumes {
            check_name(&volume.name)?;
            let (entries, bytes) = Tree::open(&volume.mountpoint)?.measure()?;
            space.volumes.insert(volume.name.clone(), bytes);
            space.entries += entries;
            space.bytes += bytes;
        }
        space.needed = with_margin(space.bytes + space.entries * PER_ENTRY);
        // The folder may not be made yet.
        let there = self.home.ancestors().find(|folder| folder.exists());
        space.free = free_space(there.unwrap_or(Path::new("/")))?;
        Ok(space)
    }

    /// Says that the current snapshot is good: the previous one goes, and what was set aside.
    ///
    /// # Errors
    /// [`SnapshotError::Io`].
    pub fn prove(&self) -> Result<(), SnapshotError> {
        self.recover()?;
        for old in [PREVIOUS, ASIDE] {
            if self.home.join(old).exists() {
                // At once, under the name of what is never read; then at leisure.
                self.rename(old, NEW, RenameFlags::NOREPLACE)?;
                remove_folder(&self.home.join(NEW))?;
            }
        }
        Ok(())
    }

    /// Reads all of a snapshot and compares it with its own digests and manifests.
    ///
    /// # Errors
    /// [`SnapshotError::Io`]; damage is in the report.
    pub fn verify(&self, snapshot: &Snapshot) -> Result<Report, SnapshotError> {
        let mut report = Report::default();
        for (file, wanted) in &snapshot.meta.files {
            match digest_of(&snapshot.folder.join(file)) {
                Ok(found) if found == *wanted => {}
                Ok(_) => report.differs(file, &Default::default(), "its digest"),
                Err(error) => report.differs(file, &Default::default(), error.to_string()),
            }
        }
        if !report.differences.is_empty() {
            report.entries = snapshot.meta.files.len() as u64;
            return Ok(report);
        }
        for volume in &snapshot.meta.volumes {
            let entries = entries_of(snapshot, volume)?;
            let tar = open_tar(snapshot, volume)?;
            check_tar(volume, &entries, tar, &mut report)
                .map_err(|error| SnapshotError::io("read", volume, error))?;
        }
        Ok(report)
    }

    /// Brings the volumes back to what they were; see the module.
    ///
    /// # Errors
    /// [`SnapshotError`]: nothing was touched after [`SnapshotError::InUse`],
    /// [`SnapshotError::Damaged`] and [`SnapshotError::NoVolume`]; after any other the volumes
    /// are in between, and it must be repeated.
    pub fn restore(
        &self,
        snapshot: &Snapshot,
        volumes: &[Volume],
        users: &dyn Users,
    ) -> Result<Report, SnapshotError> {
        let mut work = Vec::new();
        for name in &snapshot.meta.volumes {
            let volume = volumes.iter().find(|volume| volume.name == *name);
            let volume = volume.ok_or_else(|| SnapshotError::NoVolume(name.clone()))?;
            nobody_uses(volume, users)?;
            work.push((volume, entries_of(snapshot, name)?));
        }
        let verified = self.verify(snapshot)?;
        if let Some(difference) = verified.differences.first() {
            return Err(SnapshotError::Damaged {
                path: difference.place.clone(),
                why: difference.what.clone(),
            });
        }
        let mut report = Report::default();
        for (volume, entries) in work {
            restore_one(snapshot, volume, &entries, &mut report)?;
        }
        if report.differences.is_empty() {
            Ok(report)
        } else {
            Err(SnapshotError::Different(Box::new(report)))
        }
    }

    /// Restores into an empty scratch folder, compares, and clears the folder again.
    ///
    /// # Errors
    /// [`SnapshotError`], also when it would not fit.
    pub fn rehearse(&self, snapshot: &Snapshot, scratch: &Path) -> Result<Report, SnapshotError> {
        let fail = |error: io::Error| SnapshotError::io("use", scratch.display(), error);
        if fs::read_dir(scratch).map_err(fail)?.next().is_some() {
            return Err(SnapshotError::NotEmpty(scratch.to_owned()));
        }
        let needed = snapshot.meta.files.values().map(|file| file.size).sum();
        enough_space(scratch, needed)?;
        let mut volumes = Vec::new();
        for (at, name) in snapshot.meta.volumes.iter().enumerate() {
            let mountpoint = scratch.join(format!("volume-{at}"));
            fs::create_dir(&mountpoint).map_err(fail)?;
            volumes.push(Volume {
                name: name.clone(),
                mountpoint,
            });
        }
        let nobody = |_: &str| Ok(Vec::new());
        let rehearsed = self.restore(snapshot, &volumes, &nobody);
        let cleared = clear(&Tree::open(scratch)?);
        match (rehearsed, cleared) {
            (Err(SnapshotError::Different(report)), Ok(())) => Ok(*report),
            (Ok(report), Ok(())) => Ok(report),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// Ends what a crash has cut short: a snapshot that was not finished goes, and a previous
    /// one without a current one becomes the current one again.
    ///
    /// # Errors
    /// [`SnapshotError::Io`].
    pub fn recover(&self) -> Result<(), SnapshotError> {
        remove_folder(&self.home.join(NEW))?;
        let (current, previous) = (self.home.join(CURRENT), self.home.join(PREVIOUS));
        if previous.exists() && !current.exists() {
            self.rename(PREVIOUS, CURRENT, RenameFlags::NOREPLACE)?;
        }
        Ok(())
    }

    fn make(&self, request: &Request<'_>, users: &dyn Users) -> Result<(), SnapshotError> {
        let new = self.home.join(NEW);
        let mut needed = 0;
        let mut work = Vec::new();
        for volume in request.volumes {
            check_name(&volume.name)?;
            nobody_uses(volume, users)?;
            let tree = Tree::open(&volume.mountpoint)?;
            let entries = tree.scan()?;
            needed += entries.iter().map(space_of).sum::<u64>();
            work.push((volume, tree, entries));
        }
        let folder = new.join("volumes");
        fs::create_dir_all(&folder)
            .map_err(|error| SnapshotError::io("make", folder.display(), error))?;
        enough_space(&self.home, needed)?;
        let mut files = BTreeMap::new();
        for (volume, tree, entries) in &work {
            let (tar, manifest) = file_names(&volume.name);
            files.insert(tar.clone(), write_tar(&new.join(&tar), tree, entries)?);
            files.insert(
                manifest.clone(),
                write_manifest(&new.join(&manifest), entries)?,
            );
        }
        for (volume, _, entries) in &work {
            self.prove_copy(&new, volume, entries)?;
            nobody_uses(volume, users)?;
        }
        let meta = Meta {
            recipe: request.recipe.to_owned(),
            domain: request.domain.to_owned(),
            commit: request.commit.to_owned(),
            version: request.version.clone(),
            ts: request.at.format(TIME).to_string(),
            volumes: work
                .iter()
                .map(|(volume, ..)| volume.name.clone())
                .collect(),
            run_id: request.run_id.to_owned(),
            files,
        };
        file::write_json(&new.join(META), &meta)?;
        for folder in [&new.join("volumes"), &new, &self.home] {
            atomic::sync_folder(folder)
                .map_err(|error| SnapshotError::io("sync", folder.display(), error))?;
        }
        Ok(())
    }

    /// The tar file holds what the manifest says, and the volume did not change meanwhile.
    fn prove_copy(
        &self,
        new: &Path,
        volume: &Volume,
        entries: &[Entry],
    ) -> Result<(), SnapshotError> {
        let (tar, _) = file_names(&volume.name);
        let path = new.join(tar);
        let mut report = Report::default();
        File::open(&path)
            .and_then(|tar| check_tar(&volume.name, entries, BufReader::new(tar), &mut report))
            .map_err(|error| SnapshotError::io("read", path.display(), error))?;
        match report.differences.first() {
            None => Ok(()),
            Some(difference) => Err(SnapshotError::Changed {
                path: format!("{}/{}", volume.mountpoint.display(), difference.path),
            }),
        }
    }

    /// Moves the finished snapshot into place.
    fn publish(&self) -> Result<(), SnapshotError> {
        let (current, previous) = (self.home.join(CURRENT), self.home.join(PREVIOUS));
        match (current.exists(), previous.exists()) {
            // The current one is unproven: it is exchanged, and goes.
            (true, true) => {
                self.rename(NEW, CURRENT, RenameFlags::EXCHANGE)?;
                remove_folder(&self.home.join(NEW))
            }
            (true, false) => {
                self.rename(CURRENT, PREVIOUS, RenameFlags::NOREPLACE)?;
                self.rename(NEW, CURRENT, RenameFlags::NOREPLACE)
            }
            (false, _) => self.rename(NEW, CURRENT, RenameFlags::NOREPLACE),
        }
    }

    fn rename(&self, from: &str, to: &str, how: RenameFlags) -> Result<(), SnapshotError> {
        let (from, to) = (self.home.join(from), self.home.join(to));
        renameat_with(CWD, &from, CWD, &to, how)
            .map_err(io::Error::from)
            .and_then(|()| atomic::sync_folder(&self.home))
            .map_err(|error| SnapshotError::io("move into place", from.display(), error))
    }

    fn read(&self, folder: &str) -> Result<Option<Snapshot>, SnapshotError> {
        let folder = self.home.join(folder);
        if !folder.exists() {
            return Ok(None);
        }
        let path = folder.join(META);
        let damaged = |why: String| SnapshotError::Damaged {
            path: path.display().to_string(),
            why,
        };
        let bytes = fs::read(&path).map_err(|error| damaged(error.to_string()))?;
        let meta: Meta =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        for volume in &meta.volumes {
            check_name(volume)?;
            let (tar, manifest) = file_names(volume);
            if !meta.files.contains_key(&tar) || !meta.files.contains_key(&manifest) {
                return Err(damaged(format!("it has no digests for volume `{volume}`")));
            }
        }
        if meta.files.len() != meta.volumes.len() * 2 {
            return Err(damaged("it names files that are of no volume".to_owned()));
        }
        Ok(Some(Snapshot {
            id: kit::digest::sha256(&bytes),
            folder,
            meta,
        }))
    }
}

fn restore_one(
    snapshot: &Snapshot,
    volume: &Volume,
    entries: &[Entry],
    report: &mut Report,
) -> Result<(), SnapshotError> {
    let tree = Tree::open(&volume.mountpoint)?;
    clear(&tree)?;
    unpack(&tree, entries, open_tar(snapshot, &volume.name)?)?;
    report.compare(&volume.name, entries, &tree.scan_as(entries)?);
    Ok(())
}

fn check_name(name: &str) -> Result<(), SnapshotError> {
    // As the engine allows them.
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    let first = name
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphanumeric());
    (first && name.len() <= 200 && name.bytes().all(good))
        .then_some(())
        .ok_or_else(|| SnapshotError::VolumeName(name.to_owned()))
}

fn nobody_uses(volume: &Volume, users: &dyn Users) -> Result<(), SnapshotError> {
    match users.of(&volume.name) {
        Ok(users) if users.is_empty() => Ok(()),
        Ok(users) => Err(SnapshotError::InUse {
            volume: volume.name.clone(),
            users,
        }),
        Err(why) => Err(SnapshotError::Users {
            volume: volume.name.clone(),
            why,
        }),
    }
}

fn remove_folder(path: &Path) -> Result<(), SnapshotError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(SnapshotError::io("remove", path.display(), error))
        }
        _ => Ok(()),
    }
}
