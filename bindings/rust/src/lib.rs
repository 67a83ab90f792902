// SPDX-License-Identifier: MIT
//! Crash points and acknowledgements, and exploring crash states as an assertion.
//!
//! Without crashinject around the program [`point`], [`ack`] and [`note`] test a variable and do nothing.

use std::fs::File;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::os::unix::io::{FromRawFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};

mod call;
mod explore;
mod json;

pub use call::{Check, State, Workload, Wrong};
pub use explore::{explore, Explore, Explored, Finding};

const UNKNOWN: i32 = -2;
const NONE: i32 = -1;

static CHANNEL: AtomicI32 = AtomicI32::new(UNKNOWN);

#[cold]
fn look() -> i32 {
    let number = std::env::var("CRASH_FD").ok();
    let channel = number.and_then(|text| text.parse().ok()).filter(|fd| *fd >= 0).unwrap_or(NONE);
    CHANNEL.store(channel, Ordering::Relaxed);
    channel
}

#[inline]
fn channel() -> Option<RawFd> {
    let known = CHANNEL.load(Ordering::Relaxed);
    let known = if known == UNKNOWN { look() } else { known };
    (known >= 0).then_some(known)
}

/// One write: the process is held in it. An error means that the run is over.
#[cold]
fn say(channel: RawFd, line: &str) {
    // The descriptor is crashinject's, and is not closed here.
    let mut file = ManuallyDrop::new(unsafe { File::from_raw_fd(channel) });
    let _ = file.write_all(line.as_bytes());
}

/// A place where a crash is interesting, for instance `wal.mid-frame`.
#[inline]
pub fn point(name: &str) {
    if let Some(channel) = channel() {
        say(channel, &format!("point {name}\n"));
    }
}

/// What has been promised by now: it has to be there after every crash that comes later.
#[inline]
pub fn ack(text: &str) {
    if let Some(channel) = channel() {
        say(channel, &format!("ack {}\n", text.replace('\n', "\nack ")));
    }
}

/// What `crashinject list` is to show between the operations.
#[inline]
pub fn note(key: &str, value: &str) {
    if let Some(channel) = channel() {
        say(channel, &format!("note {key} {}\n", value.replace('\n', " ")));
    }
}
