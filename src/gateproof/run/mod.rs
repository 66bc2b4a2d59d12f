//! Runs the checks of a claim file: plan, order, effects. What happens is reported as events; the
//! result is a [`RunRecord`](crate::record::RunRecord).

mod activity;
mod answers;
mod asking;
mod by_hand;
mod check_record;
mod check_runner;
mod clone_facts;
mod clone_state;
mod conclude;
mod control;
mod disturber;
mod event;
mod execute;
mod fixture;
mod group;
mod here_document;
mod host_states;
mod host_tree;
mod human;
mod identify;
mod invocation;
mod judging;
mod lanes;
mod leftovers;
mod listed;
mod looks;
mod options;
mod places;
mod plan;
mod planned;
mod prober;
mod provenance;
mod recorded;
mod repository;
mod reproduce;
mod same;
mod schedule;
mod secrets;
mod seen;
mod starve;
mod teeth;
mod unchanged;
mod undo_guard;
mod wording;

pub use activity::{Activity, UnderWay};
pub use clone_facts::{CloneQuestion, clone_facts};
pub(crate) use clone_facts::{ask_remote, default_branch, without_credentials};
pub use clone_state::{
    CloneFacts, CloneFinding, Distance, ExpectedClone, Purpose, Remote, Upstream, Wrong,
    clone_findings,
};
pub use event::{RunEvent, Sink};
pub use execute::{RunFuture, run};
pub use host_states::host_states;
pub use human::tree_differs;
pub use leftovers::{LeftHost, LeftOver, left_over, machine_named};
pub use options::{Options, Role};
pub use plan::{CheckAt, Item, OneCheck, Selection, select};
pub use provenance::random;
pub use provenance::who;
pub use repository::Repository;
pub(crate) use repository::{clone_id, cold_folder, identity};
pub use schedule::schedule;
