//! This machine.

use super::{Fault, Invocation};
use crate::observation::CommandObservation;

/// This machine as a host.
#[derive(Debug)]
pub struct LocalHost;

/// A background service on this machine.
#[derive(Debug)]
pub struct LocalService;

impl LocalHost {
    pub(super) async fn run(&self, _: &Invocation) -> Result<CommandObservation, Fault> {
        Err(Fault::Other("stub".into()))
    }
    pub(super) async fn start(&self, _: &Invocation) -> Result<LocalService, Fault> {
        Err(Fault::Other("stub".into()))
    }
    pub(super) async fn close(&self) {}
}

impl LocalService {
    pub(super) async fn stdout(&self) -> Result<Vec<u8>, Fault> {
        Err(Fault::Other("stub".into()))
    }
    pub(super) async fn ended(&mut self) -> Result<Option<CommandObservation>, Fault> {
        Err(Fault::Other("stub".into()))
    }
    pub(super) async fn stop(self) -> Result<(), Fault> {
        Err(Fault::Other("stub".into()))
    }
}
