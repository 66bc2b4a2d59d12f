//! The streams to a runner: requests go in, frames come out.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::frame::{Frame, FrameError, FrameParser};

/// How long a runner has to clean up when its channel is closed.
const GOODBYE: Duration = Duration::from_secs(5);

/// The streams of a shell on a host, as its transport has opened them.
pub(in crate::host) struct Streams {
    pub(in crate::host) stdin: Box<dyn AsyncWrite + Send + Unpin>,
    pub(in crate::host) stdout: Box<dyn AsyncRead + Send + Unpin>,
    pub(in crate::host) stderr: Box<dyn AsyncRead + Send + Unpin>,
    /// Dropped, it closes the channel.
    pub(in crate::host) holder: Box<dyn Any + Send>,
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Streams")
    }
}

/// The channel is gone, and why.
#[derive(Clone, Debug)]
pub(in crate::host) struct Lost {
    pub(in crate::host) detail: String,
    pub(in crate::host) how: How,
}

/// What became of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::host) enum How {
    /// It has ended.
    Ended,
    /// The host does not answer, which the channel itself does not know.
    Silent,
    /// Somebody else writes into it.
    Intruded,
}

impl Lost {
    /// The channel has ended.
    pub(in crate::host) fn ended(detail: impl Into<String>) -> Self {
        Lost {
            detail: detail.into(),
            how: How::Ended,
        }
    }

    /// Somebody else wrote what no runner says.
    pub(super) fn intruded(detail: impl Into<String>) -> Self {
        Lost {
            detail: detail.into(),
            how: How::Intruded,
        }
    }
}

/// Why a shell did not become a runner.
#[derive(Debug)]
pub(super) enum NotReady {
    /// It ended, or did something else: what it printed.
    Shell(String),
    /// The runner reports that it cannot work there.
    Refused {
        /// `tool`, `space` or `other`.
        kind: String,
        text: String,
    },
}

/// A channel with a runner at its other end.
pub(super) struct Channel {
    holder: Box<dyn Any + Send>,
    stdout: Box<dyn AsyncRead + Send + Unpin>,
    lines: mpsc::UnboundedSender<Vec<u8>>,
    parser: FrameParser,
    chunk: Vec<u8>,
}

impl Channel {
    /// Starts the runner in a shell, and waits until it is ready. Returns its private folder on
    /// the host beside the channel.
    ///
    /// # Errors
    /// [`NotReady`], with what the shell printed instead.
    pub(super) async fn start(
        streams: Streams,
        first_line: Vec<u8>,
        key: &str,
        patience: Duration,
    ) -> Result<(Channel, String), NotReady> {
        let lines = write_in_background(streams.stdin);
        // A channel that cannot be written to ends on the reading side too.
        let _ = lines.send(first_line);
        let stderr = tokio::spawn(last_of(streams.stderr));
        let mut channel = Channel {
            holder: streams.holder,
            stdout: streams.stdout,
            lines,
            parser: FrameParser::new(key),
            chunk: vec![0; 64 * 1024],
        };
        match timeout(patience, channel.first_frame()).await {
            Ok(Some(Frame::Ready { folder, .. })) => Ok((channel, folder)),
            Ok(Some(Frame::Refused { kind, text })) => Err(NotReady::Refused { kind, text }),
            Ok(other) => Err(channel.not_a_runner(other, stderr).await),
            Err(_) => Err(NotReady::Shell(format!(
                "nothing ready within {patience:?}; {}",
                channel.parser.noise().trim()
            ))),
        }
    }

    async fn not_a_runner(self, frame: Option<Frame>, stderr: JoinHandle<String>) -> NotReady {
        let mut text = self.parser.noise();
        drop(self);
        if let Ok(Ok(more)) = timeout(Duration::from_secs(1), stderr).await {
            text.push_str(&more);
        }
        let stray = if frame.is_some() {
            "an answer to nothing; "
        } else {
            ""
        };
        NotReady::Shell(format!("{stray}{}", text.trim()))
    }

    /// The first frame; `None` if the channel ends or speaks another language.
    async fn first_frame(&mut self) -> Option<Frame> {
        loop {
            match self.next() {
                Ok(Some(frame)) => return Some(frame),
                Ok(None) => {}
                Err(_) => return None,
            }
            self.receive().await.ok()?;
        }
    }

    /// The next complete frame of what was received.
    ///
    /// # Errors
    /// When it makes no sense: nothing that follows can be trusted.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, Lost> {
        self.parser.next().map_err(|error| match error {
            FrameError::Truncated => Lost::ended(error.to_string()),
            // Our runner sends only what is as agreed, and nobody else knows the beginning.
            FrameError::Malformed(_) | FrameError::Stray(_) => Lost::intruded(error.to_string()),
        })
    }

    /// Reads what has arrived. Cancelled, it has read nothing.
    pub(super) async fn receive(&mut self) -> Result<(), Lost> {
        match self.stdout.read(&mut self.chunk).await {
            Ok(0) => {
                let cut = self.parser.finish().err();
                let cut = cut.map(|error| format!(" ({error})"));
                Err(Lost::ended(format!(
                    "the channel ended{}",
                    cut.unwrap_or_default()
                )))
            }
            Ok(count) => {
                self.parser.push(&self.chunk[..count]);
                Ok(())
            }
            Err(error) => Err(Lost::ended(format!("the channel cannot be read: {error}"))),
        }
    }

    pub(super) fn send(&self, line: impl Into<Vec<u8>>) {
        // If the writer has ended, so has the channel, and the reading side reports it.
        let _ = self.lines.send(line.into());
    }

    /// Closes the runner's input, and waits until it has removed everything and ended.
    pub(super) async fn close(mut self) {
        drop(std::mem::replace(
            &mut self.lines,
            mpsc::unbounded_channel().0,
        ));
        let ended = async { while let Ok(1..) = self.stdout.read(&mut self.chunk).await {} };
        // A runner that takes longer is left to its own watchdog.
        let _ = timeout(GOODBYE, ended).await;
        drop(self.holder);
    }
}

/// A queue in front of the channel's input, so that a slow link never blocks the task.
fn write_in_background(
    mut stdin: Box<dyn AsyncWrite + Send + Unpin>,
) -> mpsc::UnboundedSender<Vec<u8>> {
    let (sender, mut lines) = mpsc::unbounded_channel::<Vec<u8>>();
    tokio::spawn(async move {
        while let Some(line) = lines.recv().await {
            let written = async {
                stdin.write_all(&line).await?;
                stdin.flush().await
            };
            if written.await.is_err() {
                break;
            }
        }
    });
    sender
}

/// Reads a stream to its end; the last of it as text.
async fn last_of(mut stream: Box<dyn AsyncRead + Send + Unpin>) -> String {
    let mut last = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut chunk).await {
        last.extend_from_slice(&chunk[..count]);
        let surplus = last.len().saturating_sub(2048);
        last.drain(..surplus);
    }
    String::from_utf8_lossy(&last).into_owned()
}

/// An error with its causes.
pub(in crate::host) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
