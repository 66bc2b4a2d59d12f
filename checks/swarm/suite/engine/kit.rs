//! What the trials share: one engine for all, and a stack of its own for each.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use reach::host::Host;
use warm_reconcile::Version;
use warm_reconcile::deploy::{Cx, Driver, DriverReport, Exported, Programs, Stack, Undeployed};
use warm_reconcile::engine::{Engine, Settled, StackView, settled};
use warm_reconcile::spec::Release;

use test_kit::swarm::{Swarm, shared};

/// A trial from an async body.
pub fn trial<F: Future<Output = ()> + 'static>(
    name: &'static str,
    body: impl FnOnce() -> F + Send + 'static,
) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        runtime.block_on(body());
        Ok(())
    })
}

/// The ports of all apps of this process, each with its app: several run at once.
static PORTS: Mutex<BTreeMap<u16, String>> = Mutex::new(BTreeMap::new());

/// One stack of the tests' recipe. Dropped, it is asked to go.
pub struct App {
    pub swarm: Arc<Swarm>,
    pub engine: Engine,
    pub stack: String,
    pub port: u16,
    folder: tempfile::TempDir,
    host: Host,
    programs: Programs,
    compose: &'static str,
}

impl App {
    /// The `web` recipe.
    pub fn web(name: &str, port: u16) -> App {
        App::new(name, port, "web.yml")
    }

    pub fn new(name: &str, port: u16, compose: &'static str) -> App {
        App::on(shared(), name, port, compose)
    }

    pub fn on(swarm: Arc<Swarm>, name: &str, port: u16, compose: &'static str) -> App {
        let taken = PORTS.lock().unwrap().insert(port, name.to_owned());
        assert!(
            taken.as_ref().is_none_or(|other| other == name),
            "port {port} of {name} is that of {taken:?}, which runs beside it"
        );
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("recipe")).unwrap();
        std::fs::create_dir(folder.path().join("scratch")).unwrap();
        let source = test_kit::root().join("checks/swarm");
        std::fs::copy(
            source.join(compose),
            folder.path().join("recipe").join(compose),
        )
        .unwrap();
        App {
            engine: Engine::at(swarm.socket()).unwrap(),
            swarm,
            stack: format!("gp_{name}"),
            port,
            folder,
            host: Host::local(),
            programs: Programs::default(),
            compose,
        }
    }

    pub fn driver(&self, env: &[(&str, &str)]) -> Driver {
        let mut variables: indexmap::IndexMap<String, String> =
            [("PORT".to_owned(), self.port.to_string())].into();
        for (name, value) in env {
            variables.insert((*name).to_owned(), (*value).to_owned());
        }
        Driver::Stack(Stack {
            stack: self.stack.clone(),
            domain: "web.test".into(),
            compose: vec![self.compose.into()],
            env: variables,
        })
    }

    pub async fn deploy(&self, version: &str, env: &[(&str, &str)]) -> DriverReport {
        self.deploy_images(version, env, BTreeMap::new()).await
    }

    pub async fn deploy_images(
        &self,
        version: &str,
        env: &[(&str, &str)],
        images: BTreeMap<String, String>,
    ) -> DriverReport {
        let exported = Exported {
            release: Release {
                digests: images,
                ..Release::of_version(Version::parse(version).unwrap())
            },
            folder: self.folder.path().join("recipe"),
        };
        let scratch = self.folder.path().join("scratch");
        let report = self.driver(env).deploy(&exported, &self.cx(&scratch)).await;
        report.unwrap()
    }

    pub async fn undeploy(&self) -> Undeployed {
        let scratch = self.folder.path().join("scratch");
        let done = self.driver(&[]).undeploy(&self.cx(&scratch)).await;
        done.unwrap()
    }

    pub fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }

    pub fn cx<'a>(&'a self, scratch: &'a std::path::Path) -> Cx<'a> {
        Cx {
            host: &self.host,
            engine: &self.engine,
            scratch,
            limit: Duration::from_secs(60),
            programs: &self.programs,
        }
    }

    pub async fn look(&self) -> StackView {
        self.engine.observe(&self.stack).await.unwrap()
    }

    /// Looks until the view is as wanted; every look's judgement goes into the panic.
    #[track_caller]
    pub fn until<'a>(
        &'a self,
        what: &'a str,
        wanted: impl Fn(&StackView) -> bool + 'a,
    ) -> impl Future<Output = StackView> + 'a {
        let end = Instant::now() + Duration::from_secs(90);
        async move {
            let mut seen: Vec<String> = Vec::new();
            loop {
                let view = self.look().await;
                if wanted(&view) {
                    return view;
                }
                let now = format!("{:?}", settled(&view));
                if seen.last() != Some(&now) {
                    seen.push(now);
                }
                assert!(Instant::now() < end, "never {what}: {seen:#?}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }

    pub async fn until_settled(&self) -> StackView {
        self.until("settled", |view| settled(view) == Settled::Yes)
            .await
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let stack = self.stack.clone();
        let swarm = Arc::clone(&self.swarm);
        // Also after a panic: the other trials go on with the same engine.
        let _ = std::panic::catch_unwind(move || swarm.docker(&["stack", "rm", &stack]));
    }
}
