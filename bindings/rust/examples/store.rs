// SPDX-License-Identifier: MIT
//! A value in a file that is replaced as a whole. With STORE_BUG=1 it is not synced before.
//!
//! store save VALUE...   in $CRASH_DIR
//! store check           in a crash state: the last value that was acknowledged has to be there

use std::fs::{self, File};
use std::io::{self, Write};

fn save(value: &str) -> io::Result<()> {
    let mut file = File::create("value.new")?;
    file.write_all(value.as_bytes())?;
    crashinject::point("store.written");
    if std::env::var_os("STORE_BUG").is_none() {
        file.sync_all()?;
    }
    fs::rename("value.new", "value")?;
    crashinject::point("store.renamed");
    File::open(".")?.sync_all()?;
    crashinject::ack(value);
    Ok(())
}

fn check() -> Result<(), String> {
    let directory = std::env::var("CRASH_ACKED_DIR").map_err(|error| error.to_string())?;
    let said = fs::read_to_string(format!("{directory}/points")).map_err(|error| error.to_string())?;
    let Some(acked) = said.lines().last() else { return Ok(()) };
    let there = fs::read("value").map_err(|error| format!("acknowledged {acked}: {error}"))?;
    if there.as_slice() < acked.as_bytes() {
        return Err(format!("acknowledged {acked}, there is {:?}", String::from_utf8_lossy(&there)));
    }
    Ok(())
}

fn main() -> Result<(), String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words[0] == "check" {
        return check();
    }
    let directory = std::env::var("CRASH_DIR").map_err(|error| error.to_string())?;
    std::env::set_current_dir(directory).map_err(|error| error.to_string())?;
    words[1..].iter().try_for_each(|value| save(value)).map_err(|error| error.to_string())
}
