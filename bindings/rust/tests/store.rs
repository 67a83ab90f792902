// SPDX-License-Identifier: MIT
use crashinject::Explore;
use std::path::PathBuf;
use std::process::Command;

/// cargo test builds examples, beside the directory that this test is in.
fn store() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.join("examples/store")
}

fn what(before: &str) -> Explore {
    let store = store();
    let store = store.display();
    Explore::new(&format!("{before} exec {store} save 1 2"), &format!("{store} check")).models(&["posix"])
}

fn new_directory(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("crashinject-test-{name}-{}", std::process::id()));
    std::fs::create_dir(&path).unwrap();
    path
}

#[test]
fn nothing_is_written_without_the_variable() {
    let directory = new_directory("alone");
    let done = Command::new(store()).args(["save", "1"]).env("CRASH_DIR", &directory).status().unwrap();
    let value = std::fs::read(directory.join("value"));
    std::fs::remove_dir_all(&directory).unwrap();
    assert!(done.success());
    assert_eq!(value.unwrap(), b"1");
}

#[test]
fn it_is_killed_at_the_point() {
    let directory = new_directory("point");
    let command = std::env::var("CRASHINJECT").unwrap_or_else(|_| "crashinject".into());
    let done = Command::new(command)
        .args(["run", "-q", "--at", "store.written#2", "--dir"])
        .arg(&directory)
        .arg("--")
        .arg(store())
        .args(["save", "1", "2"])
        .status()
        .unwrap();
    let value = std::fs::read(directory.join("value"));
    std::fs::remove_dir_all(&directory).unwrap();
    assert!(done.success());
    assert_eq!(value.unwrap(), b"1");
}

#[test]
fn what_is_right_passes() {
    crashinject::explore(&what(""));
}

#[test]
fn the_planted_bug_is_found() {
    let (found, _) = what("STORE_BUG=1").finds().unwrap();
    let text = found[0].to_string();
    assert!(text.contains("repair: fsync of value.new before rename"), "{text}");
    assert!(text.contains("replay: crashinject replay "), "{text}");
}

#[test]
fn what_cannot_be_explored_is_an_error() {
    let error = Explore::new("exit 1", "true").finds().unwrap_err();
    assert!(error.starts_with("incomplete: "), "{error}");
}
