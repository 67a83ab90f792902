// SPDX-License-Identifier: MIT
use crate::json::{self, Value};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// A cause of failing crash states.
#[derive(Debug, Clone)]
pub struct Finding {
    pub id: String,
    pub kind: String,
    pub sentence: String,
    pub repair: Option<String>,
    pub advice: Option<String>,
    pub replay: String,
    pub output: String,
}

impl Finding {
    fn from(value: &Value) -> Finding {
        let text = |key| value.text(key).map(str::to_owned);
        Finding {
            id: text("id").unwrap_or_default(),
            kind: text("kind").unwrap_or_default(),
            sentence: text("sentence").unwrap_or_default(),
            repair: text("repair"),
            advice: text("advice"),
            replay: text("replay").unwrap_or_default(),
            output: text("output").unwrap_or_default(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        write!(to, "{}: {}", self.kind, self.sentence)?;
        for (name, text) in [("repair", &self.repair), ("advice", &self.advice)] {
            if let Some(text) = text {
                write!(to, "\n  {name}: {text}")?;
            }
        }
        write!(to, "\n  replay: {}\n  the check said: {}", self.replay, self.output.trim_end())
    }
}

/// What is to be explored. Workload and check are commands for the shell: the workload finds its data directory in
/// `$CRASH_DIR`, and for the check a crash state is the working directory.
pub struct Explore {
    workload: String,
    check: String,
    models: Vec<String>,
    dir: Option<PathBuf>,
    options: Vec<String>,
}

impl Explore {
    pub fn new(workload: &str, check: &str) -> Explore {
        Explore { workload: workload.into(), check: check.into(), models: vec![], dir: None, options: vec![] }
    }

    /// Instead of the command's choice: "ext4", "posix", ...
    pub fn models(mut self, models: &[&str]) -> Explore {
        self.models = models.iter().map(|model| model.to_string()).collect();
        self
    }

    /// The data directory, instead of a new one.
    pub fn dir(mut self, dir: &Path) -> Explore {
        self.dir = Some(dir.into());
        self
    }

    /// Another option of crashinject-explore(1).
    pub fn option(mut self, option: &str) -> Explore {
        self.options.push(option.into());
        self
    }

    fn run(&self, dir: &Path) -> std::io::Result<Output> {
        let name = std::env::var("CRASHINJECT").unwrap_or_else(|_| "crashinject".into());
        let mut command = Command::new(name);
        command.args(["explore", "--json", "--dir"]).arg(dir).args(["--check", &self.check]);
        if !self.models.is_empty() {
            command.arg(format!("--model={}", self.models.join(",")));
        }
        command.args(&self.options).args(["--", "/bin/sh", "-c", &self.workload]).output()
    }

    /// Runs the workload once and checks every state that a crash can leave. What was found, and a line about it.
    pub fn finds(&self) -> Result<(Vec<Finding>, String), String> {
        let new = self.dir.is_none().then(Directory::new).transpose().map_err(|error| error.to_string())?;
        let dir = self.dir.as_deref().or(new.as_ref().map(|new| new.0.as_path())).unwrap_or(Path::new("."));
        let output = self.run(dir).map_err(|error| format!("crashinject: {error}"))?;
        judge(&output)
    }
}

fn judge(output: &Output) -> Result<(Vec<Finding>, String), String> {
    let said = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<Value> = said.lines().filter_map(json::parse).collect();
    let found: Vec<Finding> = lines
        .iter()
        .filter_map(|line| line.get("finding"))
        .filter(|finding| finding.get("accepted") != Some(&Value::Bool(true)))
        .map(Finding::from)
        .collect();
    let summary = lines.iter().find_map(|line| line.get("summary"));
    match (output.status.code(), summary) {
        _ if !found.is_empty() => Ok((found, String::new())),
        (Some(0), Some(end)) => Ok((
            found,
            format!("crash-safe: {} states checked, none failed, {:.1} s", end.number("checked"), end.number("seconds")),
        )),
        (Some(3), Some(end)) => Err(format!("incomplete: {}", end.texts("incomplete_reasons").join("; "))),
        _ => Err(format!("crashinject explore: {}: {}{said}", output.status, String::from_utf8_lossy(&output.stderr))),
    }
}

/// Panics if a crash can leave a state that the check does not accept, or if that is not known; else prints a line.
#[track_caller]
pub fn explore(what: &Explore) {
    match what.finds() {
        Ok((found, line)) if found.is_empty() => println!("{line}"),
        Ok((found, _)) => {
            let texts: Vec<String> = found.iter().map(|finding| format!("\n{finding}")).collect();
            panic!("{} found{}", found.len(), texts.concat());
        }
        Err(error) => panic!("{error}"),
    }
}

/// Removed when nobody has it any more.
struct Directory(PathBuf);

impl Directory {
    fn new() -> std::io::Result<Directory> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let name = format!("crashinject-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let path = std::env::temp_dir().join(name);
            match std::fs::create_dir(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                done => return done.map(|()| Directory(path)),
            }
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
