//! Runs the checks of a claim file: plan, order, effects. What happens is told as events; what
//! happened is a [`RunRecord`](crate::record::RunRecord).

mod ask;
mod clone_facts;
mod clone_state;
mod control;
mod engine;
mod event;
mod fixture;
mod human;
mod identify;
mod left;
mod line;
mod options;
mod places;
mod plan;
mod provenance;
mod recorded;
mod repository;
mod secrets;

pub use clone_facts::{CloneQuestion, clone_facts};
pub(crate) use clone_facts::{ask_remote, default_branch, without_credentials};
pub use clone_state::{
    CloneFacts, CloneFinding, Distance, Purpose, Remote, Upstream, Wanted, Wrong, clone_findings,
};
pub use engine::run;
pub use event::{RunEvent, Sink};
pub use human::tree_differs;
pub use identify::ask_hosts;
pub use left::{LeftHost, LeftOver, left_over, machine_named};
pub use options::{Options, Role};
pub use plan::{CheckAt, Item, Selection, schedule, select};
pub use provenance::random;
pub use provenance::who;
pub use repository::Repository;
pub(crate) use repository::{clone_id, identity};
