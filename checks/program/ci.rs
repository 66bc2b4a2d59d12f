//! The push job, the watcher and the inboxes: the built program on real git repositories, with a bare
//! repository as the upstream.

mod clones;
mod inbox;
mod job;
mod kit;
mod pipelines;
mod watch;
