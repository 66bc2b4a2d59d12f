use crate::spec::Release;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use super::super::{CommandEnd, Left, Programs};
use super::*;
use crate::Version;
use crate::engine::Engine;
use reach::host::Host;
use test_kit::fake_engine::{FakeEngine, FakeService, State};

const STACK: &str = "web_test";
const TAG: &str = "1.0.0+v1.0.0";

/// A recipe with two tags, an operator's folder, a fake engine and the stand-in.
struct Kit {
    folder: tempfile::TempDir,
    fake: Arc<FakeEngine>,
    engine: Engine,
    host: Host,
    programs: Programs,
    driver: Abra,
}

fn git(folder: &Path, words: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@t", "-C"])
        .arg(folder)
        .args(words)
        .status()
        .unwrap();
    assert!(done.success(), "git {words:?}");
}

impl Kit {
    fn new(trap: &str) -> Kit {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let repository = at("operator/recipes/web");
        std::fs::create_dir_all(&repository).unwrap();
        git(&repository, &["init", "--quiet"]);
        for tag in [TAG, "2.0.0+v2.0.0"] {
            std::fs::write(repository.join("compose.yml"), tag).unwrap();
            git(&repository, &["add", "."]);
            git(&repository, &["commit", "--quiet", "-m", tag]);
            git(&repository, &["tag", "-a", "-m", tag, tag]);
        }
        // Somebody works in the shared tree: it is dirty and at another version.
        std::fs::write(repository.join("untracked"), "x").unwrap();
        std::fs::create_dir_all(at("operator/servers/default")).unwrap();
        let env = format!("TYPE=web:0.9.0+v0.9.0\nTRAP={trap}\n");
        std::fs::write(at("operator/servers/default/web.test.env"), env).unwrap();
        std::fs::create_dir(at("scratch")).unwrap();
        let mut state = State::empty();
        state.deploy(STACK, &[FakeService::app("lab/web:1", "ab", TAG)]);
        let fake = Arc::new(FakeEngine::start(state));
        let stand_in = test_kit::root().join("checks/fixtures/abra");
        Kit {
            engine: Engine::at(fake.socket()).unwrap(),
            fake,
            host: Host::local(),
            programs: Programs {
                abra: stand_in.display().to_string(),
                ..Programs::default()
            },
            driver: Abra {
                stack: STACK.into(),
                domain: "web.test".into(),
                recipe: "web".into(),
                repository,
                abra_dir: at("operator"),
            },
            folder,
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn deploy(&self, limit: Duration) -> DriverReport {
        let exported = Exported {
            release: Release::of_version(Version::parse(TAG).unwrap()),
            folder: self.at("unused"),
        };
        let scratch = self.at("scratch");
        self.driver
            .deploy(&exported, &self.cx(&scratch, limit))
            .await
            .unwrap()
    }

    fn cx<'a>(&'a self, scratch: &'a Path, limit: Duration) -> Cx<'a> {
        Cx {
            host: &self.host,
            engine: &self.engine,
            scratch,
            limit,
            programs: &self.programs,
        }
    }

    fn calls(&self) -> String {
        std::fs::read_to_string(self.at("operator/servers/calls")).unwrap_or_default()
    }
}

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn the_whole_command_lines() {
    let kit = Kit::new("");
    let cx = kit.cx(Path::new("/s"), LIMIT);
    let mut driver = kit.driver.clone();
    driver.repository = "/r/web".into();
    let programs = Programs::default();
    let cx = Cx {
        programs: &programs,
        ..cx
    };
    let lines: Vec<String> = driver
        .deploy_argv(&cx, TAG)
        .iter()
        .map(|argv| argv.join(" "))
        .collect();
    assert_eq!(
        lines,
        [
            "git clone --quiet --no-checkout -- /r/web /s/abra/recipes/web",
            "git -C /s/abra/recipes/web checkout --quiet --force --detach refs/tags/1.0.0+v1.0.0",
            "abra app deploy web.test 1.0.0+v1.0.0 -o -n -f",
        ]
    );
    assert_eq!(
        driver.undeploy_argv("abra").join(" "),
        "abra app undeploy web.test -n"
    );
}

#[tokio::test]
async fn deploys_the_tag_from_a_tree_of_its_own() {
    let kit = Kit::new("");
    let report = kit.deploy(LIMIT).await;
    assert!(report.sounds_good(), "{report:?}");
    let host = kit.engine.docker_host();
    assert_eq!(
        kit.calls(),
        format!("deploy web.test {TAG} -o -n -f DOCKER_HOST={host}\n")
    );
    // The operator's tree is as it was, dirty and at its own version.
    let shared = std::fs::read_to_string(kit.driver.repository.join("compose.yml")).unwrap();
    assert_eq!(shared, "2.0.0+v2.0.0");
    assert!(kit.driver.repository.join("untracked").exists());
    // And again.
    assert!(kit.deploy(LIMIT).await.sounds_good());
}

#[tokio::test]
async fn a_fatal_line_on_standard_output_is_heard_whatever_the_exit_code() {
    for (trap, code) in [("fata-1", 1), ("fata-0", 0)] {
        let report = Kit::new(trap).deploy(LIMIT).await;
        assert_eq!(report.fatal, ["FATA deploy failed"]);
        assert!(!report.sounds_good());
        assert_eq!(
            report.commands.last().unwrap().end,
            CommandEnd::Exited(code)
        );
        assert_eq!(report.summary(), "FATA deploy failed");
    }
}

#[tokio::test]
async fn an_impatient_monitor_is_a_report_and_no_verdict() {
    let report = Kit::new("impatient").deploy(LIMIT).await;
    assert!(report.summary().contains("to converge"), "{report:?}");
    assert_eq!(report.commands.len(), 3);
}

#[tokio::test]
async fn a_tag_that_is_not_there_never_reaches_abra() {
    let kit = Kit::new("");
    git(&kit.driver.repository, &["tag", "-d", TAG]);
    let report = kit.deploy(LIMIT).await;
    assert_eq!(report.commands.len(), 2);
    assert!(!report.sounds_good());
    assert_eq!(kit.calls(), "");
}

#[tokio::test]
async fn a_hanging_abra_is_killed_with_its_children_at_the_deadline() {
    let kit = Kit::new("hang");
    let report = kit.deploy(Duration::from_secs(2)).await;
    assert_eq!(report.commands.last().unwrap().end, CommandEnd::TimedOut);
    assert!(report.commands.last().unwrap().took < Duration::from_secs(4));
}

#[tokio::test]
async fn undeploy_waits_for_what_abra_does_not_wait_for() {
    let kit = Kit::new("");
    let (fake, calls) = (Arc::clone(&kit.fake), kit.at("operator/servers/calls"));
    let world = tokio::spawn(async move {
        while !calls.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // abra has returned; the container takes its time, the network longer.
        tokio::time::sleep(Duration::from_millis(600)).await;
        fake.edit(|state| {
            let networks = state.list("networks").clone();
            state.remove(STACK);
            state.0["networks"] = networks.into();
        });
        tokio::time::sleep(Duration::from_millis(600)).await;
        fake.edit(|state| state.remove(STACK));
    });
    let scratch = kit.at("scratch");
    let done = kit.driver.undeploy(&kit.cx(&scratch, LIMIT)).await.unwrap();
    assert!(done.is_gone(), "{done:?}");
    assert!(world.is_finished(), "it did not wait for the network");
    assert!(done.report.sounds_good(), "{:?}", done.report);
    // Once more: nothing is there, so nothing is run.
    let again = kit.driver.undeploy(&kit.cx(&scratch, LIMIT)).await.unwrap();
    assert!(again.is_gone() && again.report.commands.is_empty());
}

#[tokio::test]
async fn what_is_left_at_the_deadline_is_told() {
    let kit = Kit::new("");
    let scratch = kit.at("scratch");
    let limit = Duration::from_secs(2);
    let done = kit.driver.undeploy(&kit.cx(&scratch, limit)).await.unwrap();
    let Some(Left::Seen {
        services: 1,
        tasks: 0,
        containers,
        networks: 1,
    }) = &done.left
    else {
        panic!("{done:?}");
    };
    assert!(
        containers.len() == 1 && containers[0].contains("_app.1."),
        "{containers:?}"
    );
    assert!(
        done.left.as_ref().unwrap().forgotten().is_empty(),
        "its service is there"
    );
    let forgotten = Left::Seen {
        services: 0,
        tasks: 0,
        containers: containers.clone(),
        networks: 0,
    };
    assert_eq!(forgotten.forgotten(), containers);
}

#[tokio::test]
async fn an_engine_that_cannot_be_asked_leaves_it_unknown() {
    use test_kit::fake_engine::Fault;
    let kit = Kit::new("");
    kit.fake.edit(|state| state.remove(STACK));
    kit.fake.fault("/services", Fault::Reset, 1000);
    let scratch = kit.at("scratch");
    let limit = Duration::from_secs(1);
    let done = kit.driver.undeploy(&kit.cx(&scratch, limit)).await.unwrap();
    assert!(matches!(done.left, Some(Left::Unknown(_))), "{done:?}");
}
