// SPDX-License-Identifier: MIT
use crashinject::Explore;

#[test]
fn the_store_is_crash_safe() {
    let test = std::env::current_exe().unwrap(); // of a package's own program there is env!("CARGO_BIN_EXE_store")
    let store = test.parent().unwrap().with_file_name("examples").join("store").display().to_string();
    crashinject::explore(&Explore::new(&format!("exec {store} save 1 2"), &format!("{store} check")).models(&["ext4"]));
}
