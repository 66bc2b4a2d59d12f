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
    Held,
    Released,
    Acknowledged,
    RollBack,
    Poisoned,
}

/// A run was killed in the middle of its steps.
struct Killed;

struct Model {
    stateful: bool,
    // The engine and the volumes.
    runs: Option<Release>,
    data: Option<Release>,
    broken_now: BTreeSet<String>,
    // The record.
    last_good: Option<Release>,
    previous: Option<Release>,
    snapshots: Vec<Release>,
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
}

const TRIES: u32 = 3;

impl Model {
    fn newest(&self) -> Release {
        // Every third version is a major rise.
        let (major, minor) = (1 + self.number / 3, self.number % 3);
        let version = format!("{major}.{minor}.0+v1.{}", self.number);
        Release {
            version: Version::parse(&version).unwrap(),
            digest: format!("{version} {}", self.moved),
        }
    }

    fn works(&self, release: &Release) -> bool {
        let app = release.version.app();
        let number: u64 = app.split_once('.').unwrap().1.parse().unwrap();
        !self.broken.contains(&number) && !self.broken_now.contains(&release.digest)
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
            running: self.runs.clone().map(|release| Running {
                healthy: Some(self.works(&release)),
                release: Some(release),
            }),
            last_good: self.last_good.clone(),
            previous: self
                .previous
                .clone()
                .filter(|previous| !self.stateful || self.snapshots.contains(previous)),
            data: self.data.clone(),
            journal: self
                .journal
                .clone()
                .map_or(Journal::Clean, |run| Journal::Unfinished(Box::new(run))),
            held: self.held.then(|| "me".into()),
            quarantined: self.quarantined.clone(),
            acknowledged,
            engine: self.engine.clone(),
        }
    }

    fn change(&mut self, change: Change) {
        self.ask = Ask::Run;
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
                if self.journal.is_none() && !self.quarantined.contains(&newest.digest) {
                    self.start(newest);
                }
            }
            Change::Held => self.held = true,
            Change::Released => self.held = false,
            Change::Acknowledged => self.acknowledged = true,
            Change::RollBack => self.ask = Ask::RollBack,
            Change::Poisoned => self.engine = Engine::Poisoned("restart dockerd".into()),
        }
        if change == Change::NewVersion {
            self.acknowledged = false;
        }
    }

    /// Code meets data: it migrates older data, and must never meet newer.
    fn start(&mut self, release: Release) {
        if self.stateful {
            let newer = |data: &Release| data.version > release.version;
            assert!(
                !self.data.as_ref().is_some_and(newer),
                "old code on new data"
            );
            self.data = Some(release.clone());
        }
        self.runs = Some(release);
    }

    fn fate(&mut self) -> Fate {
        self.fates.pop().unwrap_or(Fate::Well)
    }

    /// Writes an intent, and says what becomes of the act after it. A forward or backward
    /// direction that is new has all its tries.
    fn intend(
        &mut self,
        to: &Release,
        back_to: &Option<Release>,
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

    fn deploy(&mut self, release: &Release) {
        self.writes += 1;
        assert!(
            !self.quarantined.contains(&release.digest),
            "a quarantined digest is tried again"
        );
        self.start(release.clone());
    }

    fn commit(&mut self, release: &Release) {
        assert!(
            self.was_healthy.contains(&release.digest),
            "last-good was never healthy"
        );
        if self.last_good.as_ref() != Some(release) {
            self.previous = self.last_good.replace(release.clone());
        }
    }

    /// A gate: what is healthy is known to the test from then on.
    fn gate(&mut self, release: &Release, fate: Fate) -> Option<bool> {
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
        to: Release,
        back_to: Option<Release>,
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
                Step::Quiescing => self.runs = None,
                Step::Snapshotting if fate == Fate::Fails => break,
                Step::Snapshotting => self.snapshots.extend(self.data.clone()),
                Step::Deploying => {
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
                    self.after(fate)?;
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
    fn runs_or_deploys(&mut self, release: &Release) {
        if self.runs.as_ref() != Some(release) {
            self.deploy(release);
        }
    }

    fn quarantine(&mut self, release: &Release) {
        if self.last_good.as_ref() != Some(release) {
            self.quarantined.insert(release.digest.clone());
        }
    }

    fn go_back(
        &mut self,
        back_to: Release,
        given_up: Release,
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
                    if fate == Fate::Fails {
                        return Ok(Outcome::RollbackFailed);
                    }
                    assert!(
                        self.snapshots.contains(&back_to),
                        "restores what was never taken"
                    );
                    self.data = Some(back_to.clone());
                }
                Step::Restoring => {}
                Step::Redeploying => {
                    self.deploy(&back_to);
                    if fate == Fate::Fails {
                        return Ok(Outcome::RollbackFailed);
                    }
                }
                _ => {
                    self.runs_or_deploys(&back_to);
                    match self.gate(&back_to, fate) {
                        None => return Ok(Outcome::InconclusiveGate),
                        Some(healthy) => {
                            self.after(fate)?;
                            if healthy {
                                self.commit(&back_to);
                            }
                            self.journal = None;
                            return Ok(match healthy {
                                true => Outcome::RolledBack,
                                false => Outcome::RollbackFailed,
                            });
                        }
                    }
                }
            }
            self.after(fate)?;
        }
        unreachable!("the last step returns")
    }

    /// Deploys what should run already; there is nothing to go back to.
    fn again(&mut self, release: &Release, well: Outcome) -> Result<Outcome, Killed> {
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
            release: Some(release),
            healthy: Some(true),
        }) = self.world().running
        {
            // The glance that filled the world in.
            self.was_healthy.insert(release.digest);
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
        match plan {
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
                if adopt {
                    self.commit(&from);
                }
                self.go_on(to, back_to, Step::Planned)
            }
            Plan::RollBack { from, to, restore } => {
                let given_up = from.unwrap_or_else(|| to.clone());
                self.go_back(to, given_up, restore, Step::Restoring)
            }
            Plan::Resume(Resume::Abandon) => {
                self.journal = None;
                self.run()
            }
            Plan::Resume(Resume::Commit { to }) => {
                self.commit(&to);
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
        if let (true, Some(runs)) = (self.stateful, &self.runs) {
            assert_eq!(self.data.as_ref(), Some(runs), "code and data differ");
        }
    }
}
