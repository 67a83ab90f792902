// SPDX-License-Identifier: MIT
use crashinject::{Explore, State, Wrong};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
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

/// What is said of it, of which nothing is kept.
fn said(what: &Explore) -> String {
    let explored = what.explored().unwrap();
    assert!(!explored.safe());
    let directory = explored.directory.as_ref().unwrap();
    let text = explored.to_string();
    std::fs::remove_dir_all(directory).unwrap();
    assert!(text.ends_with(&format!("\nthe result is in {}", directory.display())), "{text}");
    text
}

#[test]
fn the_planted_bug_is_found() {
    let text = said(&what("STORE_BUG=1"));
    assert!(text.contains("repair: fsync of value.new before rename"), "{text}");
    assert!(text.contains("replay: crashinject replay "), "{text}");
}

#[test]
fn what_may_have_missed_something_is_not_safe() {
    let text = said(&Explore::new("echo x >$CRASH_DIR/f; exit 1", "true"));
    assert!(text.starts_with("0 found\nincomplete: "), "{text}");
}

fn save(directory: &Path, sync: bool) {
    for value in ["1", "2"] {
        let mut file = File::create(directory.join("value.new")).unwrap();
        file.write_all(value.as_bytes()).unwrap();
        if sync {
            file.sync_all().unwrap();
        }
        std::fs::rename(directory.join("value.new"), directory.join("value")).unwrap();
        File::open(directory).unwrap().sync_all().unwrap();
        crashinject::ack(value);
    }
}

fn look(state: &State) -> Result<(), Wrong> {
    let acks = state.acks();
    let Some(last) = acks.last() else { return Ok(()) };
    let there = String::from_utf8_lossy(&std::fs::read("value")?).into_owned();
    assert_eq!(there.len(), 1, "there is {there:?}");
    if there < *last {
        return Err(Wrong::Lost(format!("acknowledged {last}, there is {there}")));
    }
    Ok(())
}

#[test]
fn functions_are_called_in_other_processes() {
    crashinject::explore(&Explore::functions(|directory| save(directory, true), look).models(&["posix"]));
    let text = said(&Explore::functions(|directory| save(directory, false), look).models(&["posix"]));
    assert!(text.contains("repair: fsync of value.new before rename"), "{text}");
    assert!(text.contains("the check said: panicked: assertion"), "{text}");
}

#[test]
fn what_cannot_be_explored_is_an_error() {
    let never = Explore::functions(|directory| save(directory, true), |_| Err("never \"right\"".into()));
    let error = never.explored().unwrap_err();
    assert!(error.contains("never \"right\""), "{error}");
    let error = Explore::new("true", "true").models(&["ext5"]).explored().unwrap_err();
    assert!(error.contains("ext5"), "{error}");
}
