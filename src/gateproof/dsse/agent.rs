//! A client of SSH agents (draft-ietf-sshm-ssh-agent): it lists keys and has bytes signed. `ssh-keygen` can
//! only make signatures in its own format.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use thiserror::Error;

use super::wire::{Wire, string};
use kit::git;

/// The longest message that OpenSSH's agent takes, in bytes.
const LONGEST: usize = 256 * 1024;
/// A person may have to confirm the use of a key.
const PATIENCE: Duration = Duration::from_secs(120);

const LIST: u8 = 11;
const LISTED: u8 = 12;
const SIGN: u8 = 13;
const SIGNED: u8 = 14;

/// Why an agent did not answer.
#[derive(Debug, Error)]
pub enum SshAgentError {
    #[error("cannot ask the SSH agent at {}: {source}", socket.display())]
    Io { socket: PathBuf, source: io::Error },
    #[error("the SSH agent at {} answered what is not valid in its protocol", socket.display())]
    Answer { socket: PathBuf },
    #[error("the SSH agent did not sign: it refused, or nobody confirmed")]
    Refused,
    #[error("the text to be signed has {bytes} bytes, and an SSH agent signs at most {LONGEST}")]
    TooLong { bytes: usize },
    #[error("cannot run `{program}`, which comes with OpenSSH: {source}")]
    Program {
        program: &'static str,
        source: io::Error,
    },
    #[error("`ssh-add {key}` failed: {message}")]
    Add { key: String, message: String },
}

/// An agent that is running: the user's, or one of our own that ends with this value.
pub(super) struct SshAgent {
    socket: PathBuf,
    own: Option<(Child, TempDir)>,
}

impl Drop for SshAgent {
    fn drop(&mut self) {
        if let Some((agent, _)) = &mut self.own {
            let _ = agent.kill();
            let _ = agent.wait();
        }
    }
}

impl SshAgent {
    /// The user's own.
    pub(super) fn of_user() -> Option<SshAgent> {
        let socket = std::env::var_os("SSH_AUTH_SOCK").filter(|socket| !socket.is_empty())?;
        let socket = PathBuf::from(socket);
        Some(SshAgent { socket, own: None })
    }

    /// An agent that has this private key alone; `ssh-add` asks for a passphrase.
    pub(super) fn with(key: &Path) -> Result<SshAgent, SshAgentError> {
        let agent_io = |source| SshAgentError::Program {
            program: "ssh-agent",
            source,
        };
        let folder = tempfile::Builder::new()
            .prefix("gateproof-agent-")
            .tempdir();
        let folder = folder.map_err(agent_io)?;
        let socket = folder.path().join("agent");
        let mut child = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(&socket)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(agent_io)?;
        let output = child.stdout.take();
        let own = Some((child, folder));
        let agent = SshAgent { socket, own };
        // It prints where its socket is as soon as that answers.
        let mut line = String::new();
        if let Some(output) = output {
            BufReader::new(output)
                .read_line(&mut line)
                .map_err(agent_io)?;
        }
        let mut add = Command::new("ssh-add");
        // If this program is killed, the agent forgets the key.
        add.args(["-q", "-t", "300", "--"]).arg(key);
        add.env("SSH_AUTH_SOCK", &agent.socket);
        let added = git::feed(&mut add, None).map_err(|source| SshAgentError::Program {
            program: "ssh-add",
            source,
        })?;
        if !added.status.success() {
            return Err(SshAgentError::Add {
                key: key.display().to_string(),
                message: String::from_utf8_lossy(&added.stderr).trim().to_owned(),
            });
        }
        Ok(agent)
    }

    /// The public keys that it has.
    pub(super) fn keys(&self) -> Result<Vec<Vec<u8>>, SshAgentError> {
        let answer = self.ask(&[LIST])?;
        listed(&answer).ok_or_else(|| self.invalid())
    }

    /// Its signature over the bytes, as SSH encodes it.
    pub(super) fn sign(&self, key: &[u8], bytes: &[u8]) -> Result<Vec<u8>, SshAgentError> {
        let flags = 0_u32.to_be_bytes();
        let request = [&[SIGN][..], &string(key), &string(bytes), &flags].concat();
        if request.len() > LONGEST {
            let bytes = bytes.len();
            return Err(SshAgentError::TooLong { bytes });
        }
        let answer = self.ask(&request)?;
        let mut wire = Wire(&answer);
        if wire.byte() != Some(SIGNED) {
            return Err(SshAgentError::Refused);
        }
        let signature = wire.string().map(<[u8]>::to_vec);
        signature.ok_or_else(|| self.invalid())
    }

    fn ask(&self, request: &[u8]) -> Result<Vec<u8>, SshAgentError> {
        let io = |source| SshAgentError::Io {
            socket: self.socket.clone(),
            source,
        };
        let mut stream = UnixStream::connect(&self.socket).map_err(io)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(io)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(io)?;
        stream.write_all(&string(request)).map_err(io)?;
        let mut length = [0; 4];
        stream.read_exact(&mut length).map_err(io)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > LONGEST {
            return Err(self.invalid());
        }
        let mut answer = vec![0; length];
        stream.read_exact(&mut answer).map_err(io)?;
        Ok(answer)
    }

    fn invalid(&self) -> SshAgentError {
        SshAgentError::Answer {
            socket: self.socket.clone(),
        }
    }
}

/// The keys in the answer to [`LIST`]; a comment stands behind each.
fn listed(answer: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut wire = Wire(answer);
    let count = (wire.byte()? == LISTED).then(|| wire.number())??;
    let key = |_| {
        let key = wire.string()?.to_vec();
        wire.string().map(|_comment| key)
    };
    (0..count).map(key).collect()
}
