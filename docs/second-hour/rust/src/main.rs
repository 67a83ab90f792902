// SPDX-License-Identifier: MIT
//! A write-ahead log: wal TEXT... appends records to the log in $CRASH_DIR, or in the working directory.
use std::fs::{File, OpenOptions};
use std::io::{Read, Result, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const HEADER: usize = 8; // length and checksum of what follows

/// FNV-1a: enough to tell a record from a part of one.
fn checksum(text: &[u8]) -> u32 {
    text.iter().fold(0x811c9dc5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x01000193))
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().unwrap())
}

/// The records that are whole, and where they end.
fn replay(data: &[u8]) -> (Vec<String>, usize) {
    let (mut records, mut end) = (Vec::new(), 0);
    while end + HEADER <= data.len() {
        let length = number(&data[end..end + 4]) as usize;
        let Some(text) = data.get(end + HEADER..end + HEADER + length) else { break };
        if length == 0 || checksum(text) != number(&data[end + 4..end + HEADER]) {
            break;
        }
        records.push(String::from_utf8_lossy(text).into_owned());
        end += HEADER + length;
    }
    (records, end)
}

pub struct Log {
    file: File,
    pub records: Vec<String>,
}

impl Log {
    pub fn open(directory: &Path) -> Result<Log> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(directory.join("wal"))?;
        let mut data = Vec::new();
        file.read_to_end(&mut data)?;
        let (records, end) = replay(&data);
        file.set_len(end as u64)?;
        file.seek(SeekFrom::Start(end as u64))?;
        File::open(directory)?.sync_all()?;
        Ok(Log { file, records })
    }

    /// Returns when the record is durable.
    pub fn append(&mut self, text: &str) -> Result<()> {
        self.file.write_all(&(text.len() as u32).to_le_bytes())?;
        self.file.write_all(&checksum(text.as_bytes()).to_le_bytes())?;
        crashinject::point("wal.mid-record");
        self.file.write_all(text.as_bytes())?;
        self.file.sync_all()?;
        crashinject::ack(text);
        self.records.push(text.into());
        Ok(())
    }
}

fn main() -> Result<()> {
    let directory = std::env::var_os("CRASH_DIR").map_or(PathBuf::from("."), PathBuf::from);
    let mut log = Log::open(&directory)?;
    for text in std::env::args().skip(1) {
        log.append(&text)?;
    }
    println!("{}", log.records.join(" "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Log;
    use crashinject::{Explore, State, Wrong};
    use std::path::Path;

    const TEXTS: [&str; 3] = ["one", "two", "three"];

    fn append_all(directory: &Path) {
        let mut log = Log::open(directory).unwrap();
        for text in TEXTS {
            log.append(text).unwrap();
        }
    }

    fn look(state: &State) -> Result<(), Wrong> {
        let log = Log::open(&state.dir)?;
        if !TEXTS.map(str::to_owned).starts_with(&log.records) {
            return Err(format!("there is {:?}", log.records).into());
        }
        if log.records.len() < state.acks().len() {
            return Err(Wrong::Lost(format!("acknowledged {:?}, there is {:?}", state.acks(), log.records)));
        }
        Ok(())
    }

    #[test]
    fn the_log_is_crash_safe() {
        crashinject::explore(&Explore::functions(append_all, look).models(&["ext4"]));
    }
}
