// SPDX-License-Identifier: MIT
//! A value in a file that is replaced as a whole; with STORE_BUG=1 it is not synced before.
use std::fs::{rename, File};
use std::io::{Result, Write};
use std::path::Path;

pub fn save(directory: &Path, value: &str) -> Result<()> {
    let path = directory.join("value");
    let mut file = File::create(directory.join("value.new"))?;
    file.write_all(value.as_bytes())?;
    if std::env::var_os("STORE_BUG").is_none() {
        file.sync_all()?;
    }
    crashinject::point("store.written");
    rename(directory.join("value.new"), path)?;
    File::open(directory)?.sync_all()?;
    crashinject::ack(value);
    Ok(())
}
