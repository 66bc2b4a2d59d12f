//! What the Builder and the Adversary do with a gate: claim it, judge the claim, compare both
//! runs, veto. The decisions are pure ([`Checkout::may_claim`], [`verdict`], [`RecordHistory`],
//! [`compare`], [`decision_block`]); git and files are at the edge.

mod checkout;
mod commit;
mod diff;
mod header;
mod history;
mod independence;
mod review;
mod subject;
mod veto_blocks;

pub use crate::gate::verdict::{Assessment, Verdict, assess, join_reasons, verdict};
pub use checkout::{Checkout, Refusal, untracked};
pub use commit::{CommitError, CommitRequest, push};
pub use diff::{Comparison, RunDifference, compare};
pub use header::RecordHeader;
pub(crate) use history::blobs;
pub use history::{RUNS, RecordHistory, unknown_records};
pub use independence::{Dependence, LocalClone, dependence, other_role};
pub(crate) use review::EARLIER;
pub use review::{JudgedClaim, ReviewKind, review_block};
pub use subject::{decision_subject, subject};
pub use veto_blocks::{decision_block, vetoed_gates};
