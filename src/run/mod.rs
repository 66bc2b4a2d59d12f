//! Runs the checks of a claim file: plan, order, effects. What happens is told as events; what
//! happened is a [`RunRecord`](crate::record::RunRecord).

mod ask;
mod control;
mod engine;
mod event;
mod fixture;
mod interrupt;
mod left;
mod line;
mod options;
mod places;
mod plan;
mod provenance;
mod recorded;
mod repository;
mod secrets;

pub use engine::run;
pub use event::{RunEvent, Sink};
pub use interrupt::Interrupt;
pub use left::{LeftHost, LeftOver, left_over, machine_named};
pub use options::{Options, Role};
pub use plan::{CheckAt, Item, Selection, schedule, select};
pub use repository::Repository;
