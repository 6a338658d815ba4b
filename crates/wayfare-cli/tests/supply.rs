//! What the server is built of: how much of it, and what of it is not Rust.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

/// As many crates as there are, ours not counted. It may only fall; what is meant is 120.
const CRATES: usize = 211;
/// Crates by which those that are not Rust are compiled or found.
const COMPILERS: [&str; 4] = ["cc", "cmake", "bindgen", "pkg-config"];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The names that `cargo tree` tells, of Linux on this kind of machine as the lock file has them.
fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let told = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--locked",
            "--prefix",
            "none",
            "--no-dedupe",
        ])
        .args(["--target", "x86_64-unknown-linux-gnu"])
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        told.status.success(),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    let told = String::from_utf8(told.stdout).unwrap();
    let lines = told.lines().filter(|line| !line.starts_with("wayfare"));
    lines
        .map(|line| {
            line.split_whitespace()
                .take(2)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn the_server_is_built_of_no_more_than_it_was() {
    let all = tree(&["-p", "wayfare-server", "-e", "normal"]);
    println!("{} crates", all.len());
    assert!(
        all.len() <= CRATES,
        "{} crates, {CRATES} before: {all:?}",
        all.len()
    );
    assert!(all.len() + 5 > CRATES, "{} crates: say so here", all.len());
}

#[test]
fn what_is_not_rust_is_named() {
    let security = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let named: BTreeSet<&str> = security
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    // Whoever compiles anything but Rust does it by one of these.
    let mut found = BTreeSet::new();
    for compiler in COMPILERS {
        let told = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--offline",
                "--locked",
                "--prefix",
                "none",
                "--depth",
                "1",
            ])
            .args([
                "--target",
                "x86_64-unknown-linux-gnu",
                "-e",
                "normal,build",
                "-i",
                compiler,
            ])
            .args(["-p", "wayfare-server"])
            .current_dir(root())
            .output()
            .unwrap();
        // One that is not there is none.
        let told = String::from_utf8(told.stdout).unwrap();
        let all = told
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        found.extend(
            all.filter(|name| !COMPILERS.contains(name))
                .map(str::to_owned),
        );
    }
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    println!("{found:?}");
    assert_eq!(found, named);
}
