//! What the Builder and the Adversary do with a gate: claim it, judge the claim, compare both
//! runs, veto. The decisions are pure ([`Checkout::may_claim`], [`verdict`], [`History`],
//! [`compare`], [`open_vetoes`]); git and files are at the edge.

mod checkout;
mod commit;
mod diff;
mod header;
mod history;
mod independence;
mod review;
mod subject;
mod veto;

pub use crate::gate::verdict::{Verdict, Weighed, in_words, verdict, weigh};
pub use checkout::{Checkout, Refusal, untracked};
pub use commit::{Commit, CommitError, push};
pub use diff::{Comparison, Difference, compare};
pub use header::Header;
pub use history::{History, RUNS, unknown_records};
pub use independence::{Dependence, Here, dependence};
pub(crate) use review::EARLIER;
pub use review::{Judged, Standing, review_block};
pub use subject::{subject, veto_subject};
pub use veto::{Veto, entry_id, lift_block, open_vetoes, veto_block, vetoes};
