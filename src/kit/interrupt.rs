//! SIGINT, SIGTERM and SIGHUP end a run early and never prevent it from undoing what it did.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Whether the run was interrupted, and by what.
#[derive(Clone, Debug)]
pub struct Interrupt {
    state: watch::Receiver<Option<&'static str>>,
}

impl Interrupt {
    /// Listens for the signals that mean "stop". The first one counts; later ones change
    /// nothing, because undoing must not be cut short.
    ///
    /// # Errors
    /// When the signal handlers cannot be installed.
    pub fn listen() -> std::io::Result<Interrupt> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let (sender, state) = watch::channel(None);
        tokio::spawn(async move {
            loop {
                let name = tokio::select! {
                    _ = interrupt.recv() => "SIGINT",
                    _ = terminate.recv() => "SIGTERM",
                    _ = hangup.recv() => "SIGHUP",
                };
                sender.send_if_modified(|state| {
                    let first = state.is_none();
                    if first {
                        *state = Some(name);
                    }
                    first
                });
            }
        });
        Ok(Interrupt { state })
    }

    /// Never interrupted: for callers that handle signals themselves.
    pub fn never() -> Interrupt {
        Interrupt {
            state: watch::channel(None).1,
        }
    }

    /// The signal that interrupted the run, if one did.
    pub fn signal(&self) -> Option<&'static str> {
        *self.state.borrow()
    }

    /// Waits until the run is interrupted; for ever if that never happens.
    pub async fn wait(&self) -> &'static str {
        let mut state = self.state.clone();
        loop {
            if let Some(name) = *state.borrow_and_update() {
                return name;
            }
            if state.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
