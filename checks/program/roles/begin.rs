//! The first minutes with the program in a repository of one's own.

use test_kit::world::World;

#[test]
fn init_writes_a_claim_file_that_is_green_and_red_by_itself() {
    let (_world, bob) = World::new();
    bob.change("Makefile", "test:\n\tsh tool.sh | grep -x v1\n");
    let shown = bob.ends(0, &["init", "--phase", "shop"]);
    assert!(
        shown.out.starts_with("claims/shop.yaml is written."),
        "{}",
        shown.out
    );
    bob.ends(0, &["check", "claims/shop.yaml"]);
    bob.ends(0, &["verify", "claims/shop.yaml", "--no-record"]);
    bob.change("tool.sh", "echo v2\n");
    bob.ends(1, &["verify", "claims/shop.yaml", "--no-record"]);

    let before = bob.text("claims/shop.yaml");
    let again = bob.ends(2, &["init", "--phase", "shop"]);
    assert!(
        again.err.contains("claims/shop.yaml is there already"),
        "{}",
        again.err
    );
    assert_eq!(bob.text("claims/shop.yaml"), before);
}

#[test]
fn init_knows_the_projects_of_the_usual_tools_and_writes_nothing_that_is_refused() {
    let (_world, bob) = World::new();
    let files = [
        "Cargo.toml",
        "go.mod",
        "pyproject.toml",
        "package.json",
        "pom.xml",
    ];
    for (n, file) in files.into_iter().enumerate() {
        bob.write(file, "");
        let phase = format!("p{n}");
        bob.ends(
            0,
            &[
                "init",
                "--phase",
                &phase,
                "--host",
                "web",
                "--url",
                "http://127.0.0.1:8080/",
            ],
        );
        bob.ends(0, &["check", &format!("claims/{phase}.yaml")]);
        std::fs::remove_file(bob.clone.join(file)).unwrap();
    }
    bob.ends(0, &["init", "--host", "web"]);
    bob.ends(0, &["check", "claims/bob.yaml"]);
    for words in [
        vec!["init", "--phase", "a/b"],
        vec!["init", "--phase", "x", "--url", "ftp://example.org/"],
        vec!["init", "--phase", "x", "--test", "make test || true"],
    ] {
        let shown = bob.ends(2, &words);
        assert!(shown.err.contains("error[GP2"), "{words:?}: {}", shown.err);
    }
    assert!(!bob.clone.join("claims/x.yaml").exists());
}
