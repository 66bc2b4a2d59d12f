//! Leaves out of the released program what nothing reads there (`docs/building.md` has the sizes).

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // What is released aborts where it panics (Cargo.toml), and so needs no way to the tables of frames.
    if is("PROFILE", "release")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
    {
        println!("cargo:rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
        if env::var_os("HOST") == env::var_os("TARGET") && libc_reads_packed_relocations() {
            println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        }
    }
}

/// glibc does since 2.36 (its NEWS). Elsewhere such a program does not start.
fn libc_reads_packed_relocations() -> bool {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let version = text.trim().strip_prefix("glibc ");
    let parts = version.and_then(|version| version.split_once('.'));
    let parts = parts
        .and_then(|(major, minor)| Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?)));
    parts.is_some_and(|version| version >= (2, 36))
}
