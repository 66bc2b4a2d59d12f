//! A tree of the claimed commit on a host, in the folder of the runner there: when the connection ends, however
//! it ends, the runner removes it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reach::host::{Fault, Host, Invocation, Script};
use reach::observation::Ending;
use tokio::sync::Mutex;

use super::repository::Repository;

/// The tree of one host, and the connection that it belongs to.
#[derive(Debug, Default)]
pub(super) struct HostTree(Mutex<Option<Brought>>);

#[derive(Debug)]
struct Brought {
    session: String,
    folder: String,
}

/// So much of the archive goes with one request.
const PIECE: usize = 192 * 1024;

/// More than this is not sent through the channel of the runner, whose shell reads byte by byte.
const MOST: usize = 32 * 1024 * 1024;

/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Makes the folder beside the files of the runner, which is known to its jobs.
const MAKE: &str = r#"set -- $GATEPROOF_OWNER
[ -d "$3" ] || { echo 'the folder of the runner is not known' >&2; exit 1; }
mkdir "$3/tree" && printf %s "$3/tree""#;

impl HostTree {
    /// Where the tree is. It is brought there when it is first needed, and again over a new connection.
    ///
    /// # Errors
    /// When there is no commit, or the host cannot take it.
    pub(super) async fn folder(
        &self,
        host: &Host,
        repository: Option<&Repository>,
    ) -> Result<String, Fault> {
        let mut brought = self.0.lock().await;
        let session = host.session().await;
        if let (Some(known), Some(session)) = (&*brought, &session)
            && known.session == *session
        {
            return Ok(known.folder.clone());
        }
        let repository = repository.ok_or_else(|| {
            Fault::Other(
                "there is no git repository with a commit around the claim file".to_owned(),
            )
        })?;
        let folder = bring(host, &repository.files().await?).await?;
        let session = host.session().await.ok_or_else(|| {
            Fault::Other("the connection was lost while the commit was sent".to_owned())
        })?;
        *brought = Some(Brought {
            session,
            folder: folder.clone(),
        });
        Ok(folder)
    }
}

/// Brings an archive to a host and unpacks it.
async fn bring(host: &Host, archive: &[u8]) -> Result<String, Fault> {
    if archive.len() > MOST {
        return Err(Fault::Other(format!(
            "the commit is an archive of {} MiB, and at most {} MiB are sent; clone it on the host, in the `do` of a fixture",
            archive.len() >> 20,
            MOST >> 20
        )));
    }
    let folder = ask(host, MAKE, None).await?;
    let file = kit::shell::quote(&format!("{folder}.tgz"));
    for piece in archive.chunks(PIECE) {
        let text = STANDARD.encode(piece).into_bytes();
        ask(host, &format!("base64 -d >>{file}"), Some(text)).await?;
    }
    let tree = kit::shell::quote(&folder);
    ask(
        host,
        &format!("tar -xzf {file} -C {tree} && rm -f {file}"),
        None,
    )
    .await?;
    Ok(folder)
}

async fn ask(host: &Host, line: &str, stdin: Option<Vec<u8>>) -> Result<String, Fault> {
    let run = Invocation {
        stdin,
        ..Invocation::new(Script::Shell(line.to_owned()), LIMIT, 4096)
    };
    let seen = host.run(&run).await?;
    match seen.ending == Ending::Exited(0) {
        true => Ok(seen.stdout.text().trim().to_owned()),
        false => Err(Fault::Other(format!(
            "the tree of the commit cannot be brought there: {}",
            seen.stderr.text().trim()
        ))),
    }
}
