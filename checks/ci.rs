//! The push job, the watcher and the inboxes: the built program on real git repositories, with a bare
//! repository as the upstream.

#![allow(clippy::unwrap_used, reason = "this is a test program")]

#[path = "ci/clones.rs"]
mod clones;
#[path = "ci/inbox.rs"]
mod inbox;
#[path = "ci/job.rs"]
mod job;
#[path = "ci/kit.rs"]
mod kit;
#[path = "ci/pipelines.rs"]
mod pipelines;
#[path = "support/program.rs"]
mod program;
#[path = "ci/watch.rs"]
mod watch;
