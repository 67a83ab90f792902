// SPDX-License-Identifier: MIT
//! Functions of the caller as commands: the caller's program is started again, and before main a function of ours, which
//! is in the table of those that run then, calls the one whose place the environment names.

use crate::json::{self, Value};
use std::io::{self, BufRead, Write};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::{Path, PathBuf};

const VARIABLE: &str = "CRASHINJECT_CALL";

/// What a process ends with that could not judge.
const FAILED: i32 = 70;

/// A workload: it gets the data directory. A panic is a failure.
pub type Workload = fn(&Path);

/// A check: it gets one crash state. A panic refuses it as well.
pub type Check = fn(&State) -> Result<(), Wrong>;

/// Why a check refuses a state. Texts, and errors of reading files, become `Inconsistent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    Inconsistent(String),
    /// It is consistent, but something that was acknowledged is gone.
    Lost(String),
}

impl From<String> for Wrong {
    fn from(text: String) -> Wrong {
        Wrong::Inconsistent(text)
    }
}

impl From<&str> for Wrong {
    fn from(text: &str) -> Wrong {
        Wrong::Inconsistent(text.into())
    }
}

impl From<io::Error> for Wrong {
    fn from(error: io::Error) -> Wrong {
        Wrong::Inconsistent(error.to_string())
    }
}

/// One crash state, which is the working directory, too.
#[derive(Debug, Clone)]
pub struct State {
    pub dir: PathBuf,
    /// A file with all that was acknowledged before the crash.
    pub acked: PathBuf,
    /// A directory with a file for each stream of it.
    pub acked_dir: PathBuf,
    /// Of the crash.
    pub point: String,
    /// The state's name.
    pub state: String,
}

impl State {
    fn from(question: &Value) -> State {
        let text = |key| question.text(key).unwrap_or_default().to_owned();
        State {
            dir: text("dir").into(),
            acked: text("acked").into(),
            acked_dir: text("acked_dir").into(),
            point: text("point"),
            state: text("state"),
        }
    }

    /// What was given to `ack()` before the crash.
    pub fn acks(&self) -> Vec<String> {
        let text = std::fs::read(self.acked_dir.join("points")).unwrap_or_default(); // none: nothing ever was
        String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
    }
}

// ---------------------------------------------------------------- on this side

/// Where a function is, as seen from one of ours: the same wherever the program is mapped.
fn place(function: usize) -> isize {
    function.wrapping_sub(before_main as *const () as usize) as isize
}

fn command(kind: &str, function: usize) -> io::Result<String> {
    // Whoever asks for a call needs the table's row, which nothing else names.
    std::hint::black_box(&BEFORE_MAIN);
    let program = std::env::current_exe()?;
    Ok(format!("exec env '{VARIABLE}={kind} {}' {}", place(function), quoted(&program.display().to_string())))
}

pub fn workload_command(workload: Workload) -> io::Result<String> {
    command("workload", workload as *const () as usize)
}

pub fn check_command(check: Check) -> io::Result<String> {
    command("check", check as *const () as usize)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

// ---------------------------------------------------------------- in the other process

#[used]
#[link_section = ".init_array"]
static BEFORE_MAIN: extern "C" fn() = before_main;

extern "C" fn before_main() {
    let Ok(what) = std::env::var(VARIABLE) else { return };
    std::env::remove_var(VARIABLE);
    let Some((kind, place)) = what.split_once(' ') else { std::process::exit(FAILED) };
    let Ok(place) = place.parse::<isize>() else { std::process::exit(FAILED) };
    let function = (before_main as *const () as usize).wrapping_add(place as usize) as *const ();
    let status = match kind {
        // SAFETY: the place is one that this program has named, and the kind says what is there.
        "workload" => work(unsafe { std::mem::transmute::<*const (), Workload>(function) }),
        "check" => serve(unsafe { std::mem::transmute::<*const (), Check>(function) }),
        _ => FAILED,
    };
    std::process::exit(status)
}

fn work(workload: Workload) -> i32 {
    let directory = PathBuf::from(std::env::var_os("CRASH_DIR").unwrap_or_default());
    match catch_unwind(|| workload(&directory)) {
        Ok(()) => 0,
        Err(_) => 101,
    }
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("panicked: {}", text.unwrap_or("?"))
}

fn verdict(check: Check, state: &State) -> (&'static str, String) {
    match catch_unwind(AssertUnwindSafe(|| check(state))) {
        Ok(Ok(())) => ("ok", String::new()),
        Ok(Err(Wrong::Inconsistent(text))) => ("inconsistent", text),
        Ok(Err(Wrong::Lost(text))) => ("lost", text),
        Err(panic) => ("inconsistent", text_of(&*panic)),
    }
}

fn answer(check: Check, question: &str, answers: &mut impl Write) -> Option<()> {
    let state = State::from(&json::parse(question)?);
    std::env::set_current_dir(&state.dir).ok()?;
    let (verdict, text) = verdict(check, &state);
    std::env::set_current_dir("/").ok()?;
    writeln!(answers, "{{\"verdict\":\"{verdict}\",\"text\":{}}}", json::text(&text)).ok()
}

extern "C" {
    fn dup(fd: i32) -> i32;
    fn dup2(from: i32, to: i32) -> i32;
}

/// What the check prints is no answer.
fn serve(check: Check) -> i32 {
    use std::os::unix::io::FromRawFd;
    // SAFETY: these are descriptors, and the new one is ours.
    let mut answers = unsafe {
        let fd = dup(1);
        if fd < 0 || dup2(2, 1) < 0 {
            return FAILED;
        }
        std::fs::File::from_raw_fd(fd)
    };
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { return FAILED };
        if answer(check, &line, &mut answers).is_none() {
            return FAILED;
        }
    }
    0
}
