//! Random walks: the world changes, runs fail and are killed at every step, and whatever
//! happens the promises hold.
//!
//! The executor here is abstract: it keeps the journal's protocol (an intent before each act,
//! tries counted down before the try, every act repeatable) over a model of an engine, of the
//! data on the volumes and of the record.

mod runs;

use super::*;

/// What becomes of one act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Well,
    /// Killed after the intent was written and before the act.
    KilledBefore,
    /// Killed after the act, with nothing recorded of it.
    KilledAfter,
    /// The act fails; of a deploy the new code may have run all the same.
    Fails,
    /// A gate cannot be decided.
    Undecided,
}

/// What happens before a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Nothing,
    NewVersion,
    MovedTag,
    /// The engine lost its services: a cold boot with an empty swarm.
    EngineLost,
    /// What runs breaks, or heals.
    Breaks,
    Heals,
    /// A person deploys the newest version by hand.
    ByHand,
    /// A person, or the engine, takes one service to the newest version, or back to last-good.
    HalfForward,
    HalfBack,
    Held,
    Released,
    Acknowledged,
    RollBack,
    /// A person begins a rollback that failed anew.
    Again,
    Poisoned,
    /// Somebody else's container uses the volume, or no longer does.
    Guest,
    NoGuest,
}

/// A snapshot: whose data, and the run that took it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shot {
    of: ReleaseId,
    run: u64,
}

/// A run was killed in the middle of its steps.
struct Killed;

struct Model {
    stateful: bool,
    // The engine and the volumes.
    runs: Option<ReleaseId>,
    /// The version of another service of the stack.
    half: Option<Version>,
    data: Option<ReleaseId>,
    broken_now: BTreeSet<String>,
    // The record.
    last_good: Option<ReleaseId>,
    previous: Option<ReleaseId>,
    /// What last-good names as the data before it.
    pair: Option<Shot>,
    /// The store: the newest snapshot, and the last proven one beside it.
    current: Option<Shot>,
    proven: Option<Shot>,
    /// A restore was begun on the data.
    torn: bool,
    /// The run that the journal is of, and the snapshot that it goes back to.
    run_id: u64,
    restores: Option<Shot>,
    /// The last run gave up going back; how it began.
    given_up: Option<(Unfinished, Option<Shot>)>,
    guest: bool,
    journal: Option<Unfinished>,
    quarantined: BTreeSet<String>,
    // The world.
    number: u64,
    moved: u64,
    held: bool,
    acknowledged: bool,
    ask: Ask,
    engine: Engine,
    // What only the test knows.
    broken: BTreeSet<u64>,
    was_healthy: BTreeSet<String>,
    writes: u32,
    fates: Vec<Fate>,
    counted: bool,
    again: bool,
}

const TRIES: u32 = 3;

impl Model {
    fn newest(&self) -> ReleaseId {
        // Every third version is a major rise.
        let (major, minor) = (1 + self.number / 3, self.number % 3);
        let version = format!("{major}.{minor}.0+v1.{}", self.number);
        ReleaseId {
            version: Version::parse(&version).unwrap(),
            digest: format!("{version} {}", self.moved),
        }
    }

    fn works(&self, release: &ReleaseId) -> bool {
        let app = release.version.app();
        let number: u64 = app.split_once('.').unwrap().1.parse().unwrap();
        !self.broken.contains(&number) && !self.broken_now.contains(&release.digest)
    }

    fn running(&self) -> Option<Running> {
        let runs = self.runs.clone()?;
        let version = runs.version.clone();
        if let Some(half) = self.half.clone().filter(|half| *half != version) {
            let versions = [("app".to_owned(), version), ("db".to_owned(), half)];
            return Some(Running {
                runs: Runs::Mixed(versions.into()),
                healthy: None,
                doubt: None,
            });
        }
        Some(Running {
            healthy: Some(self.works(&runs)),
            runs: Runs::One(runs),
            doubt: None,
        })
    }

    fn world(&self) -> World {
        let newest = self.newest();
        let mut acknowledged = BTreeSet::new();
        if self.acknowledged {
            acknowledged.insert(newest.version.tag().to_owned());
        }
        World {
            app: "app".into(),
            stateful: self.stateful,
            ask: self.ask,
            newest: Some(Newest {
                release: newest,
                manual_migration: self.number % 4 == 3,
                too_young: false,
            }),
            no_version: String::new(),
            running: self.running(),
            last_good: self.last_good.clone(),
            previous: match self.stateful {
                false => self.previous.clone(),
                true => self.kept_pair().map(|shot| shot.of),
            },
            data: self.data.clone(),
            torn: self.torn,
            journal: self
                .journal
                .clone()
                .map_or(Journal::Clean, |run| Journal::Unfinished(Box::new(run))),
            unarmed: false,
            baking: false,
            drift: Vec::new(),
            pinned: None,
            held: self.held.then(|| "me".into()),
            quarantined: self.quarantined.clone(),
            acknowledged,
            engine: self.engine.clone(),
        }
    }

    fn change(&mut self, change: Change) {
        self.ask = Ask::Run;
        self.again = false;
        self.engine = Engine::Ok;
        match change {
            Change::Nothing => {}
            Change::NewVersion => self.number += 1,
            Change::MovedTag => self.moved += 1,
            Change::EngineLost => self.runs = None,
            Change::Breaks => {
                let runs = self.runs.iter().map(|release| release.digest.clone());
                self.broken_now.extend(runs);
            }
            Change::Heals => self.broken_now.clear(),
            Change::ByHand => {
                // A person who reads: not over an unfinished run, not what failed here.
                let newest = self.newest();
                let sound = self.journal.is_none() && !self.torn;
                if sound && !self.quarantined.contains(&newest.digest) {
                    self.start(newest);
                }
            }
            Change::HalfForward => {
                let newest = self.newest();
                let sound = self.journal.is_none() && !self.torn && self.runs.is_some();
                if sound && !self.quarantined.contains(&newest.digest) {
                    if self.stateful
                        && self
                            .data
                            .as_ref()
                            .is_none_or(|data| data.version < newest.version)
                    {
                        self.data = Some(newest.clone());
                    }
                    self.half = Some(newest.version);
                }
            }
            Change::HalfBack => {
                // What a service newer than last-good did to the data, no record tells.
                if self.runs.is_some() && self.half.is_none() {
                    self.half = self.last_good.as_ref().map(|good| good.version.clone());
                }
            }
            Change::Held => self.held = true,
            Change::Released => self.held = false,
            Change::Acknowledged => self.acknowledged = true,
            Change::RollBack => self.ask = Ask::RollBack,
            Change::Again => self.again = true,
            Change::Guest => self.guest = self.stateful,
            Change::NoGuest => self.guest = false,
            Change::Poisoned => self.engine = Engine::Poisoned("restart dockerd".into()),
        }
        if change == Change::NewVersion {
            self.acknowledged = false;
        }
    }

    /// Code meets data: it migrates older data, and must never meet newer.
    fn start(&mut self, release: ReleaseId) {
        if self.stateful {
            assert!(!self.torn, "code on data in the middle of a restore");
            let newer = |data: &ReleaseId| data.version > release.version;
            assert!(
                !self.data.as_ref().is_some_and(newer),
                "old code on new data"
            );
            self.data = Some(release.clone());
        }
        self.half = None;
        self.runs = Some(release);
    }

    fn fate(&mut self) -> Fate {
        self.fates.pop().unwrap_or(Fate::Well)
    }

    /// Writes an intent, and says what becomes of the act after it. A forward or backward
    /// direction that is new has all its tries.
    fn intend(
        &mut self,
        to: &ReleaseId,
        back_to: &Option<ReleaseId>,
        step: Step,
        restore: bool,
    ) -> Result<Fate, Killed> {
        let same_way = |run: &&Unfinished| run.step.goes_back() == step.goes_back();
        let left = self.journal.as_ref().filter(same_way);
        let mut tries_left = left.map_or(TRIES, |run| run.tries_left);
        // Counted down once for each pass, before the first act of it.
        if step != Step::Planned && !self.counted {
            self.counted = true;
            tries_left = tries_left.saturating_sub(1);
        }
        let touched = match step.goes_back() {
            true => restore,
            false => step >= Step::Deploying,
        };
        self.journal = Some(Unfinished {
            touched,
            back_to: back_to.clone(),
            to: to.clone(),
            step,
            tries_left,
        });
        match self.fate() {
            Fate::KilledBefore => Err(Killed),
            fate => Ok(fate),
        }
    }

    fn after(&self, fate: Fate) -> Result<(), Killed> {
        match fate {
            Fate::KilledAfter => Err(Killed),
            _ => Ok(()),
        }
    }

    fn deploy(&mut self, release: &ReleaseId) {
        self.writes += 1;
        assert!(
            !self.quarantined.contains(&release.digest),
            "a quarantined digest is tried again"
        );
        self.start(release.clone());
    }

    fn commit(&mut self, release: &ReleaseId) {
        assert!(
            self.was_healthy.contains(&release.digest),
            "last-good was never healthy"
        );
        if self.last_good.as_ref() != Some(release) {
            self.previous = self.last_good.replace(release.clone());
            self.pair = None;
        }
        // The last run that went back is history.
        self.given_up = None;
    }

    /// The snapshot that last-good names, while last-good runs and the snapshot is there.
    fn kept_pair(&self) -> Option<Shot> {
        let runs = self.runs.as_ref().map(|runs| &runs.version);
        let good = self.last_good.as_ref().map(|good| &good.version);
        let pair = self.pair.clone().filter(|_| runs == good)?;
        let kept = [&self.current, &self.proven];
        kept.into_iter()
            .any(|shot| shot.as_ref() == Some(&pair))
            .then_some(pair)
    }

    /// Once last-good names the newest snapshot, the older one goes.
    fn settle(&mut self) {
        if self.pair.is_some() && self.pair == self.current {
            self.proven = None;
        }
    }

    fn take_snapshot(&mut self) {
        assert!(
            self.runs.is_none() && !self.guest,
            "a copy of what is in use"
        );
        self.settle();
        let shot = Shot {
            of: self.data.clone().expect("what ran has data"),
            run: self.run_id,
        };
        if self
            .current
            .as_ref()
            .is_some_and(|shot| shot.run == self.run_id)
        {
            return;
        }
        match (&self.current, &self.proven) {
            // The newest one is unproven, and gives way.
            (Some(_), Some(_)) | (None, _) => self.current = Some(shot),
            (Some(_), None) => self.proven = self.current.replace(shot),
        }
    }

    fn restore(&mut self, back_to: &ReleaseId) {
        assert!(
            self.runs.is_none() && !self.guest,
            "a restore of what is in use"
        );
        let kept = [&self.current, &self.proven].into_iter().flatten();
        let wanted = |shot: &&Shot| match &self.restores {
            Some(wanted) => *shot == wanted,
            None => shot.run == self.run_id,
        };
        let shot = kept
            .clone()
            .find(wanted)
            .expect("the pair is kept until it is not needed");
        assert_eq!(
            shot.of.version, back_to.version,
            "the data of another version"
        );
        self.data = Some(shot.of.clone());
        self.torn = false;
    }

    /// A gate: what is healthy is known to the test from then on.
    fn gate(&mut self, release: &ReleaseId, fate: Fate) -> Option<bool> {
        if fate == Fate::Undecided {
            return None;
        }
        assert_eq!(self.runs.as_ref(), Some(release), "gates what runs");
        let healthy = self.works(release);
        if healthy {
            self.was_healthy.insert(release.digest.clone());
        }
        Some(healthy)
    }

    fn go_on(
        &mut self,
        to: ReleaseId,
        back_to: Option<ReleaseId>,
        from: Step,
    ) -> Result<Outcome, Killed> {
        let first = back_to.is_none();
        self.counted = false;
        for step in Step::ALL.into_iter().filter(|step| *step >= from) {
            let needed = self.stateful && !first;
            if matches!(step, Step::Quiescing | Step::Snapshotting) && !needed {
                continue;
            }
            let fate = self.intend(&to, &back_to, step, false)?;
            match step {
                Step::Planned => {}
                // Somebody uses the volume, or it cannot be copied: given up for now. The version
                // never ran, so it is tried again.
                Step::Quiescing | Step::Snapshotting if fate == Fate::Fails || self.guest => {
                    self.runs = None;
                    break;
                }
                Step::Quiescing => self.runs = None,
                Step::Snapshotting => {
                    self.runs = None;
                    self.take_snapshot();
                }
                Step::Deploying if needed && self.guest => {
                    self.quarantine(&to);
                    break;
                }
                Step::Deploying => {
                    assert!(!needed || !self.guest, "a deploy over a volume in use");
                    assert!(!needed || self.runs.as_ref().is_none_or(|runs| *runs == to));
                    self.deploy(&to);
                    if fate == Fate::Fails {
                        self.quarantine(&to);
                        break;
                    }
                }
                Step::Gating => {
                    self.runs_or_deploys(&to);
                    match self.gate(&to, fate) {
                        None => {
                            // An undecided gate gives its try back.
                            if let Some(run) = &mut self.journal {
                                run.tries_left += 1;
                            }
                            return Ok(Outcome::InconclusiveGate);
                        }
                        Some(false) => {
                            // Killed here, its journal still says forward.
                            self.quarantine(&to);
                            self.after(fate)?;
                            break;
                        }
                        Some(true) => {}
                    }
                }
                Step::Committing => {
                    self.commit(&to);
                    if needed {
                        let own = self.current.clone();
                        self.pair = own.filter(|shot| shot.run == self.run_id);
                        assert!(self.pair.is_some(), "its own snapshot is there");
                    }
                    self.after(fate)?;
                    self.settle();
                    self.journal = None;
                    return Ok(if first {
                        Outcome::Deployed
                    } else {
                        Outcome::Upgraded
                    });
                }
                _ => unreachable!("the steps back are not in this direction"),
            }
            self.after(fate)?;
        }
        let touched = self.journal.as_ref().is_some_and(|run| run.touched);
        match back_to {
            Some(back_to) => self.go_back(back_to, to, touched, Step::Restoring),
            None => {
                self.journal = None;
                Ok(Outcome::NothingToRollBackTo)
            }
        }
    }

    /// Resumed at a gate the engine may have lost what was deployed.
    fn runs_or_deploys(&mut self, release: &ReleaseId) {
        if self.runs.as_ref() != Some(release) {
            self.deploy(release);
        }
    }

    fn quarantine(&mut self, release: &ReleaseId) {
        if self.last_good.as_ref() != Some(release) {
            self.quarantined.insert(release.digest.clone());
        }
    }

    fn go_back(
        &mut self,
        back_to: ReleaseId,
        given_up: ReleaseId,
        restore: bool,
        from: Step,
    ) -> Result<Outcome, Killed> {
        let target = Some(back_to.clone());
        self.counted = false;
        for step in Step::ALL
            .into_iter()
            .filter(|step| *step >= from && step.goes_back())
        {
            let fate = self.intend(&given_up, &target, step, restore)?;
            match step {
                Step::Restoring if self.stateful && restore => {
                    self.runs = None;
                    if self.guest {
                        return Ok(self.give_up());
                    }
                    self.torn = true;
                    if fate == Fate::Fails {
                        return Ok(self.give_up());
                    }
                    self.restore(&back_to);
                }
                Step::Restoring => {}
                Step::Redeploying => {
                    if self.guest && self.stateful && restore {
                        return Ok(self.give_up());
                    }
                    self.deploy(&back_to);
                    if fate == Fate::Fails {
                        return Ok(self.give_up());
                    }
                }
                _ => {
                    self.runs_or_deploys(&back_to);
                    match self.gate(&back_to, fate) {
                        // Not seen healthy after a rollback is degraded.
                        None | Some(false) => {
                            self.after(fate)?;
                            return Ok(self.give_up());
                        }
                        Some(true) => {
                            self.after(fate)?;
                            self.commit(&back_to);
                            self.journal = None;
                            return Ok(Outcome::RolledBack);
                        }
                    }
                }
            }
            self.after(fate)?;
        }
        unreachable!("the last step returns")
    }

    /// Ends a run that cannot go back.
    fn give_up(&mut self) -> Outcome {
        let run = self.journal.take().expect("it was intended");
        let restores = self.restores.clone().or(Some(Shot {
            of: run.back_to.clone().expect("it went back"),
            run: self.run_id,
        }));
        self.given_up = Some((run, restores));
        Outcome::RollbackFailed
    }

    /// `resume --again`.
    fn go_back_again(&mut self) -> Result<Outcome, Killed> {
        let healthy = self.runs.as_ref().is_some_and(|runs| self.works(runs));
        let Some((run, restores)) = self.given_up.clone().filter(|_| !healthy) else {
            return Ok(Outcome::NoopHealthy);
        };
        if self.held {
            return Ok(Outcome::HeldByOperator);
        }
        self.run_id += 1;
        self.restores = restores.filter(|_| run.touched);
        let back_to = run.back_to.clone().expect("it went back");
        let met = self.data.as_ref().map(|data| &data.version);
        if self.stateful && self.restores.is_none() && met > Some(&back_to.version) {
            return Ok(Outcome::NoopHealthy);
        }
        self.go_back(back_to, run.to, run.touched, Step::Restoring)
    }

    /// Deploys what should run already; there is nothing to go back to.
    fn again(&mut self, release: &ReleaseId, well: Outcome) -> Result<Outcome, Killed> {
        let fate = self.fate();
        if fate == Fate::KilledBefore {
            return Err(Killed);
        }
        self.deploy(release);
        self.after(fate)?;
        match self.gate(release, fate) {
            None => Ok(Outcome::InconclusiveGate),
            Some(true) => Ok(well),
            Some(false) => {
                self.quarantine(release);
                Ok(Outcome::UnhealthyOnLatest)
            }
        }
    }

    fn run(&mut self) -> Result<Outcome, Killed> {
        self.writes = 0;
        self.counted = false;
        let plan = decide(&self.world());
        if let Some(Running {
            runs: Runs::One(release),
            healthy: Some(true),
            ..
        }) = self.world().running
        {
            // The glance that filled the world in.
            self.was_healthy.insert(release.digest);
        }
        let ends = matches!(plan, Plan::Degraded { .. } | Plan::Hold { .. });
        if self.again && self.journal.is_none() && ends {
            return match self.go_back_again()? {
                // Nothing was to be done.
                Outcome::NoopHealthy => Ok(plan.outcome()),
                outcome => Ok(outcome),
            };
        }
        let before = (self.runs.clone(), self.data.clone());
        let acts = plan.acts();
        let end = self.carry_out(plan.clone());
        let decides_anew = matches!(plan, Plan::Resume(Resume::Abandon | Resume::Commit { .. }));
        if !acts && !decides_anew {
            assert_eq!(self.writes, 0, "{plan:?} wrote");
            assert_eq!((self.runs.clone(), self.data.clone()), before);
        }
        end
    }

    fn carry_out(&mut self, plan: Plan) -> Result<Outcome, Killed> {
        let outcome = plan.outcome();
        if plan.acts() {
            // A run that begins replaces the journal of the last one.
            self.given_up = None;
        }
        match plan {
            Plan::Degraded {
                why: Degraded::RollbackFailed,
            } if self.journal.is_some() => Ok(self.give_up()),
            Plan::Current { .. } | Plan::Degraded { .. } | Plan::Inconclusive { .. } => Ok(outcome),
            Plan::Hold { redeploy: None, .. } => Ok(outcome),
            Plan::Adopt { release } => {
                self.commit(&release);
                Ok(outcome)
            }
            Plan::Hold {
                redeploy: Some(release),
                ..
            }
            | Plan::Redeploy { release } => self.again(&release, outcome),
            Plan::BringBack { to } => self.again(&to, outcome),
            Plan::FirstDeploy { to } => self.go_on(to, None, Step::Planned),
            Plan::Upgrade {
                from,
                to,
                back_to,
                adopt,
                ..
            } => {
                if self.guest && back_to.is_some() {
                    return Ok(Outcome::HeldNoSnapshot);
                }
                if adopt {
                    self.commit(&from);
                }
                self.run_id += 1;
                self.restores = None;
                self.go_on(to, back_to, Step::Planned)
            }
            Plan::RollBack { from, to, restore } => {
                let given_up = from.unwrap_or_else(|| to.clone());
                if self.guest && restore {
                    return Ok(Outcome::HeldNoSnapshot);
                }
                self.run_id += 1;
                self.restores = self.kept_pair();
                self.go_back(to, given_up, restore, Step::Restoring)
            }
            Plan::Resume(Resume::Abandon) => {
                self.journal = None;
                self.run()
            }
            Plan::Resume(Resume::Commit { to }) => {
                self.commit(&to);
                self.settle();
                self.journal = None;
                self.run()
            }
            Plan::Resume(Resume::Forward { back_to, to, step }) => self.go_on(to, back_to, step),
            Plan::Resume(Resume::Back {
                to,
                given_up,
                restore,
                step,
            }) => self.go_back(to, given_up, restore, step),
        }
    }

    fn holds_together(&self) {
        if let Some(good) = &self.last_good {
            assert!(self.was_healthy.contains(&good.digest));
        }
        if let (true, Some(runs), None) = (self.stateful, &self.runs, &self.half) {
            assert_eq!(self.data.as_ref(), Some(runs), "code and data differ");
        }
    }
}
