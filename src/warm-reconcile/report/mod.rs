//! Who hears of a run: alerts as files and by the relay, the log, the metrics, and systemd.

pub mod alert;
pub mod log;
pub mod metrics;
pub mod relay;
pub mod systemd;
