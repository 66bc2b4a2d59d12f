//! Real checks of the reference project, against small stand-ins of what their hosts printed.

use std::process::Command;

use super::server::Server;
use test_kit::program::Scratch;

const CORPUS: &str = include_str!("../../fixtures/corpus.yaml");

fn scratch() -> Scratch {
    let scratch = Scratch::with(CORPUS);
    let git = |words: &[&str]| {
        let done = Command::new("git")
            .args([
                "-c",
                "user.name=t",
                "-c",
                "user.email=t@example.org",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(words)
            .current_dir(scratch.path())
            .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q", "-b", "main"]);
    scratch.write(".gitignore", "reports/\nclaim.yaml\n");
    scratch.write("fleet.toml", "[fleet]\nname = \"cc\"\n");
    for recipe in ["hedgedoc", "traefik", "gitea"] {
        let folder = scratch.path().join("tests").join(recipe).join("custom");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("test_a.py"), "").unwrap();
    }
    scratch.write("tests/gitea/custom/test_lfs.py", "");
    git(&["add", "."]);
    git(&["commit", "-qm", "one"]);
    scratch
}

fn words(server: &Server) -> [String; 2] {
    ["--var".to_owned(), format!("server={}", server.url(""))]
}

#[test]
fn every_check_of_the_corpus_passes_on_what_the_reference_saw() {
    let (scratch, server) = (scratch(), Server::start());
    let words = words(&server);
    let run = scratch.recorded(&[&words[0], &words[1]]);
    assert_eq!(run.shown.code, Some(0), "{}", run.shown.out);
    let checks = run.record["checks"].as_array().unwrap();
    let mut ids: Vec<&str> = checks
        .iter()
        .map(|check| check["id"].as_str().unwrap())
        .map(|id| &id[..4])
        .collect();
    ids.dedup();
    assert!(ids.len() >= 15, "{ids:?}");
}

/// What would be seen if the claim were false: a change of what was printed, and the checks
/// that must notice.
const FALSE: &[(&str, &str, &str)] = &[
    ("drone_app\\t1/1", "drone_app\\t0/1", "c018"),
    (
        "\"state\": \"degraded\"",
        "\"token\": \"0f3a\"",
        "c015-alert",
    ),
    ("\"to\": \"26.1.0\"", "\"to\": \"latest\"", "c015-alert"),
    (
        "\"level\": 5, \"teardown\"",
        "\"level\": 4, \"teardown\"",
        "c022",
    ),
    ("2026-05-30T05:41:12Z", "2026-05-30T05:37:59Z", "c022"),
    ("2026-05-30T05:41:12Z", "2026-05-30T07:38:00+02:00", "c022"),
    (
        "\"leaks\": []",
        "\"leaks\": [], \"password\": \"hunter2\"",
        "c022",
    ),
    (
        "keycloak\\nbackups\\n' # after",
        "keycloak\\n' # after",
        "c023-after",
    ),
    (
        "\"started\": 1780119673",
        "\"started\": 1780119671",
        "c034-second",
    ),
    ("\"duration\": 199", "\"duration\": 203", "c040-run"),
    (
        "\"run\": 406, \"level\": 5",
        "\"run\": 406, \"level\": 4",
        "c040-run",
    ),
    ("\"level\": 4", "\"level\": 5", "c039"),
    ("--subnet 10.10.0.0/16", "--pool 10.10.0.0/16", "c026"),
    ("13 passed", "12 passed, 1 failed", "c105"),
    ("0 loaded units", "1 loaded units", "c050"),
    ("Result=success", "Result=exit-code", "c118"),
    ("echo 18 # after", "echo 17 # after", "c071-after"),
    ("deploy-count = 2", "deploy-count = 3", "c096"),
    (
        "gitea test_b.py\\ngitea test_a.py\\n",
        "gitea test_c.py\\ngitea test_a.py\\n",
        "c104-same",
    ),
    ("sha256:aa # served", "sha256:ab # served", "c046-served"),
    ("sleep 0.2; echo PASSED", "sleep 0.2; echo FAILED", "c117"),
    ("gitea 2", "gitea 3", "c100"),
];

#[test]
fn every_check_of_the_corpus_can_fail() {
    let server = Server::start();
    let words = words(&server);
    std::thread::scope(|scope| {
        for half in FALSE.chunks(FALSE.len().div_ceil(2)) {
            let words = &words;
            scope.spawn(move || {
                for (seen, other, id) in half {
                    let scratch = scratch();
                    assert!(CORPUS.contains(seen), "{seen}");
                    scratch.write("claim.yaml", CORPUS.replacen(seen, other, 1));
                    let all = scratch
                        .run(&["list", "claim.yaml", &words[0], &words[1]])
                        .out;
                    let full = all
                        .split_whitespace()
                        .find(|word| word.starts_with(id))
                        .unwrap();
                    let run = scratch.recorded(&["--check", full, &words[0], &words[1]]);
                    assert_eq!(run.outcome(full), "FAIL", "{seen}: {}", run.shown.out);
                }
            });
        }
    });
}
