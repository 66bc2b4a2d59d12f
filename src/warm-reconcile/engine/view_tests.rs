use super::super::wire::WireContainer;
use super::*;

#[test]
fn a_volume_is_found_by_name_by_path_and_through_a_parent_folder() {
    let container = |kind: &str, name: &str, source: &str| Container {
        mounts: vec![Mount {
            kind: kind.into(),
            name: name.into(),
            source: source.into(),
            destination: "/x".into(),
            writable: true,
        }],
        ..Container::from(
            serde_json::from_str::<WireContainer>(r#"{"Id":"c","State":"exited"}"#).unwrap(),
        )
    };
    let folder = "/var/lib/docker/volumes/v/_data";
    let users = |one: Container| {
        let view = StackView {
            stack: "s".into(),
            taken: Utc::now(),
            services: Vec::new(),
            orphans: Vec::new(),
            containers: vec![one],
        };
        view.volume_users("v", Some(folder)).len()
    };
    assert_eq!(users(container("volume", "v", folder)), 1);
    assert_eq!(users(container("bind", "", folder)), 1);
    assert_eq!(users(container("bind", "", &format!("{folder}/deep"))), 1);
    assert_eq!(users(container("bind", "", "/var/lib/docker/")), 1);
    assert_eq!(users(container("bind", "", "/")), 1);
    assert_eq!(users(container("bind", "", &format!("{folder}2"))), 0);
    assert_eq!(users(container("volume", "other", "/elsewhere")), 0);
    assert_eq!(users(container("tmpfs", "", "")), 0);
    let mut monitor = container("bind", "", "/");
    monitor.mounts[0].writable = false;
    assert_eq!(users(monitor), 0, "it reads the whole machine");
    let mut reader = container("volume", "v", folder);
    reader.mounts[0].writable = false;
    assert_eq!(users(reader), 1);
}
