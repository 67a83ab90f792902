// SPDX-License-Identifier: MIT
use crashinject::{Explore, State, Wrong};
use std::path::Path;

// workload and check
fn work(directory: &Path) {
    store::save(directory, "1").unwrap();
    store::save(directory, "2").unwrap();
}

fn look(state: &State) -> Result<(), Wrong> {
    let value = std::fs::read("value").unwrap_or_default();
    match state.acks().len() {
        0 => Ok(()),
        acks if value.len() == 1 && (value[0] - b'0') as usize >= acks => Ok(()),
        _ => Err(format!("there is {value:?}").into()),
    }
}
// end of workload and check

#[test]
fn the_store_is_crash_safe() {
    crashinject::explore(&Explore::functions(work, look).models(&["ext4"]));
}
