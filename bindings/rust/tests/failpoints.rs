// SPDX-License-Identifier: MIT
//! Failpoints, set by FAILPOINTS, together with crashes. What fail-rs would do with `name=return` is a few lines here.
use crashinject::{Explore, State, Wrong};
use std::fs::File;
use std::io::Write;
use std::path::Path;

fn fail_point(name: &str) -> bool {
    let all = std::env::var("FAILPOINTS").unwrap_or_default();
    all.split(';').any(|each| each.split_once('=') == Some((name, "return")))
}

fn save(directory: &Path) {
    let mut file = File::create(directory.join("value")).unwrap();
    file.write_all(b"1").unwrap();
    if !fail_point("skip-sync") {
        file.sync_all().unwrap();
        File::open(directory).unwrap().sync_all().unwrap();
    }
    crashinject::ack("1");
}

fn look(state: &State) -> Result<(), Wrong> {
    if state.acks().is_empty() || std::fs::read("value").unwrap_or_default() == b"1" {
        return Ok(());
    }
    Err(Wrong::Lost("the value".into()))
}

#[test]
fn a_failpoint_is_set_where_the_store_runs() {
    let what = Explore::functions(save, look).models(&["ext4"]);
    crashinject::explore(&what);
    std::env::set_var("FAILPOINTS", "other=sleep(1);skip-sync=return");
    let explored = what.explored().unwrap();
    std::fs::remove_dir_all(explored.directory.as_ref().unwrap()).unwrap();
    assert!(explored.to_string().contains("lost: acknowledged \"1\""), "{explored}");
}
