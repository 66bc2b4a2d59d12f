//! What a runner sends, taken apart: pure, and fed with whatever pieces the link delivers.

use std::str::FromStr;

use crate::observation::{Captured, LeftProcess};

/// One complete message of a runner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// It can be sent requests.
    Ready {
        /// Its private folder on the host.
        folder: String,
    },
    /// It cannot work on this host.
    Refused {
        /// `tool`, `space` or `other`.
        kind: String,
        text: String,
    },
    /// A job has ended.
    Done(JobDone),
    /// Somebody else wrote a request, or into the runner's files.
    Intruder { text: String },
}

/// How a job ended, and what it printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct JobDone {
    /// The job's number.
    pub(super) id: u64,
    /// What the request was given to be repeated in its answer.
    pub(super) token: String,
    /// The runner's word for how it ended.
    pub(super) state: String,
    /// Exit status or signal, by the state.
    pub(super) status: i32,
    /// Standard output.
    pub(super) stdout: Captured,
    /// Standard error.
    pub(super) stderr: Captured,
    /// What it left running.
    pub(super) left: Vec<LeftProcess>,
    /// Whether somebody disturbed the host at its end.
    pub(super) leased: bool,
}

/// What cannot be a runner's message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    /// It ended in the middle of a frame.
    #[error("the runner's answer was cut off")]
    Truncated,
    /// A frame that is not as agreed.
    #[error("the runner's answer makes no sense: {0}")]
    Malformed(String),
    /// Bytes that no runner sent: whoever wrote them does not know its key.
    #[error("`{0}`")]
    Stray(String),
}

/// The longest line that can be a header; a longer one is noise.
const LONGEST_LINE: usize = 8 * 1024;
/// No stream is ever sent beyond this; a header with more is wrong.
const LONGEST_BODY: usize = 1 << 30;
/// How much is shown of what no runner sent.
const STRAY: usize = 120;
/// How much of the noise is remembered, to be shown when no frame comes at all.
const NOISE: usize = 2 * 1024;

/// The incremental parser. Until the runner is ready, everything that is not a line beginning with
/// its tag is noise of the login; after that every byte belongs to a frame.
#[derive(Debug)]
pub(super) struct FrameParser {
    tag: Vec<u8>,
    buffer: Vec<u8>,
    /// The rest of a line whose beginning was dropped.
    inside_noise: bool,
    noise: Vec<u8>,
    body: Option<Body>,
    ready: bool,
}

/// A frame whose header was read.
#[derive(Debug)]
struct Body {
    done: JobDone,
    out: usize,
    err: usize,
    left: usize,
}

impl FrameParser {
    /// A parser for the runner that was given this key.
    pub(super) fn new(key: &str) -> Self {
        FrameParser {
            tag: format!("gateproof-{key} ").into_bytes(),
            buffer: Vec::new(),
            inside_noise: false,
            noise: Vec::new(),
            body: None,
            ready: false,
        }
    }

    /// Takes what has arrived.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete frame, if there is one by now.
    ///
    /// # Errors
    /// [`FrameError::Malformed`], [`FrameError::Stray`]: nothing that follows can be trusted.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        loop {
            if self.body.is_some() {
                return self.finish_body();
            }
            if self.ready {
                self.refuse_strays()?;
            }
            let Some(line) = self.take_line() else {
                return Ok(None);
            };
            let Some(header) = line.strip_prefix(self.tag.as_slice()) else {
                self.remember(&line);
                continue;
            };
            match self.header(header)? {
                Some(frame) => return Ok(Some(frame)),
                None => continue,
            }
        }
    }

    /// Whether the stream may end here.
    ///
    /// # Errors
    /// [`FrameError::Truncated`] in the middle of a frame.
    pub(super) fn finish(&self) -> Result<(), FrameError> {
        let partial =
            self.body.is_some() || (!self.inside_noise && self.buffer.starts_with(&self.tag));
        if partial {
            Err(FrameError::Truncated)
        } else {
            Ok(())
        }
    }

    /// The last of what came that was no frame, as text.
    pub(super) fn noise(&self) -> String {
        let mut all = self.noise.clone();
        all.extend_from_slice(&self.buffer[..self.buffer.len().min(NOISE)]);
        String::from_utf8_lossy(&all).into_owned()
    }

    /// What has arrived must be the beginning of a frame.
    fn refuse_strays(&self) -> Result<(), FrameError> {
        let known = self.buffer.len().min(self.tag.len());
        let endless =
            self.buffer.len() > LONGEST_LINE && !self.buffer[..LONGEST_LINE].contains(&b'\n');
        if self.buffer[..known] == self.tag[..known] && !endless {
            return Ok(());
        }
        // The key is shown to nobody, also when somebody has learned it and writes it back.
        let shown = &self.buffer[..self.buffer.len().min(STRAY)];
        let text = String::from_utf8_lossy(shown);
        let key = String::from_utf8_lossy(&self.tag);
        let text = text.replace(key.trim_end(), "…").escape_debug().to_string();
        Err(FrameError::Stray(text))
    }

    /// The next complete line without its end. Lines too long for a header are dropped.
    fn take_line(&mut self) -> Option<Vec<u8>> {
        loop {
            let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') else {
                if self.buffer.len() > LONGEST_LINE {
                    let noise = std::mem::take(&mut self.buffer);
                    self.remember(&noise);
                    self.inside_noise = true;
                }
                return None;
            };
            let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
            line.pop();
            if std::mem::take(&mut self.inside_noise) {
                self.remember(&line);
                continue;
            }
            return Some(line);
        }
    }

    fn remember(&mut self, noise: &[u8]) {
        if !noise.is_empty() {
            self.noise.extend_from_slice(noise);
            self.noise.push(b'\n');
            let surplus = self.noise.len().saturating_sub(NOISE);
            self.noise.drain(..surplus);
        }
    }

    fn header(&mut self, header: &[u8]) -> Result<Option<Frame>, FrameError> {
        let text = String::from_utf8_lossy(header).into_owned();
        let wrong = || FrameError::Malformed(format!("`{text}`"));
        let (verb, rest) = text.split_once(' ').ok_or_else(wrong)?;
        match verb {
            "ready" => {
                let fields: Vec<&str> = rest.split(' ').collect();
                let [version, _launch, folder] = fields[..] else {
                    return Err(wrong());
                };
                if version != "3" || self.ready {
                    return Err(wrong());
                }
                self.ready = true;
                Ok(Some(Frame::Ready {
                    folder: folder.to_owned(),
                }))
            }
            "fault" => {
                let (kind, text) = rest.split_once(' ').ok_or_else(wrong)?;
                Ok(Some(Frame::Refused {
                    kind: kind.to_owned(),
                    text: text.to_owned(),
                }))
            }
            "intruder" => Ok(Some(Frame::Intruder {
                text: rest.to_owned(),
            })),
            "done" => {
                self.body = Some(Body::parse(rest).ok_or_else(wrong)?);
                self.finish_body()
            }
            _ => Err(wrong()),
        }
    }

    /// The bytes of both streams and the line that closes the frame, once all of it is here.
    fn finish_body(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some(body) = &self.body else {
            return Ok(None);
        };
        let close = format!("end {} {}\n", body.done.id, body.done.token);
        let close = [&self.tag, close.as_bytes()].concat();
        let (out, both) = (body.out, body.out + body.err);
        let streams = both + body.left;
        if self.buffer.len() < streams + close.len() {
            return Ok(None);
        }
        if self.buffer[streams..streams + close.len()] != close {
            return Err(FrameError::Malformed(
                "a stream is not as long as its header announces".into(),
            ));
        }
        let rest = self.buffer.split_off(streams + close.len());
        let mut frame = std::mem::replace(&mut self.buffer, rest);
        frame.truncate(streams);
        let Some(Body { mut done, .. }) = self.body.take() else {
            return Ok(None);
        };
        done.left = left_behind(&frame.split_off(both));
        done.stderr.bytes = frame.split_off(out);
        done.stdout.bytes = frame;
        Ok(Some(Frame::Done(done)))
    }
}

impl Body {
    fn parse(text: &str) -> Option<Body> {
        let fields: Vec<&str> = text.split(' ').collect();
        let [
            id,
            token,
            state,
            status,
            out,
            out_all,
            err,
            err_all,
            left,
            leased,
        ] = fields[..]
        else {
            return None;
        };
        let stream = |sent: &str, total: &str| {
            let (sent, total): (usize, u64) = (number(sent)?, number(total)?);
            (sent <= LONGEST_BODY && sent as u64 <= total).then_some((sent, total))
        };
        let ((out, out_all), (err, err_all)) = (stream(out, out_all)?, stream(err, err_all)?);
        let captured = |total| Captured {
            bytes: Vec::new(),
            total,
        };
        let done = JobDone {
            id: number(id)?,
            token: token.to_owned(),
            state: state.to_owned(),
            status: number(status)?,
            stdout: captured(out_all),
            stderr: captured(err_all),
            left: Vec::new(),
            leased: match leased {
                "yes" => true,
                "no" => false,
                _ => return None,
            },
        };
        let left = number(left).filter(|&left| left <= LONGEST_LINE)?;
        Some(Body {
            done,
            out,
            err,
            left,
        })
    }
}

/// What the runner reports about processes, a line each: `ended PID UID NAME` or `stays …`. A line
/// that is neither is a process without a number, so that it is not passed over.
fn left_behind(text: &[u8]) -> Vec<LeftProcess> {
    let text = String::from_utf8_lossy(text);
    let process = |line: &str| {
        let fields: Vec<&str> = line.splitn(4, ' ').collect();
        let [word, pid, uid, name] = fields[..] else {
            return None;
        };
        Some(LeftProcess {
            pid: number(pid)?,
            uid: number(uid),
            name: name.to_owned(),
            ended: word == "ended",
        })
    };
    let unknown = |line: &str| LeftProcess {
        pid: 0,
        uid: None,
        name: line.to_owned(),
        ended: false,
    };
    text.lines()
        .map(|line| process(line).unwrap_or_else(|| unknown(line)))
        .collect()
}

fn number<N: FromStr>(text: &str) -> Option<N> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
