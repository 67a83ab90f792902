// SPDX-License-Identifier: MIT
use crate::call::{self, Check, Workload};
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

enum Work {
    Command(String),
    Function(Workload),
}

enum Judge {
    Command(String),
    Function(Check),
}

/// What is to be explored. Commands are for the shell: the workload finds its data directory in `$CRASH_DIR`, and for the
/// check a crash state is the working directory. Functions are called in other processes, where nothing else of this one is.
pub struct Explore {
    workload: Work,
    check: Judge,
    models: Vec<String>,
    dir: Option<PathBuf>,
    options: Vec<String>,
}

/// What came out.
#[derive(Debug, Clone, Default)]
pub struct Explored {
    /// But those that were accepted.
    pub findings: Vec<Finding>,
    /// Why something may have been missed.
    pub reasons: Vec<String>,
    /// How many states were checked.
    pub checked: u64,
    /// Result and recording, which are kept if it is not safe.
    pub directory: Option<PathBuf>,
    seconds: f64,
}

impl Explored {
    /// Nothing was found, and nothing may have been missed.
    pub fn safe(&self) -> bool {
        self.findings.is_empty() && self.reasons.is_empty()
    }
}

impl fmt::Display for Explored {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        if self.safe() {
            return write!(to, "crash-safe: {} states checked, none failed, {:.1} s", self.checked, self.seconds);
        }
        write!(to, "{} found", self.findings.len())?;
        for finding in &self.findings {
            write!(to, "\n{finding}")?;
        }
        for reason in &self.reasons {
            write!(to, "\nincomplete: {reason}")?;
        }
        match &self.directory {
            Some(directory) => write!(to, "\nthe result is in {}", directory.display()),
            None => Ok(()),
        }
    }
}

impl Explore {
    fn of(workload: Work, check: Judge) -> Explore {
        Explore { workload, check, models: vec![], dir: None, options: vec![] }
    }

    pub fn new(workload: &str, check: &str) -> Explore {
        Explore::of(Work::Command(workload.into()), Judge::Command(check.into()))
    }

    /// Of two functions, or closures that capture nothing.
    pub fn functions(workload: Workload, check: Check) -> Explore {
        Explore::of(Work::Function(workload), Judge::Function(check))
    }

    /// Of a command and a function that looks at what it leaves.
    pub fn command(workload: &str, check: Check) -> Explore {
        Explore::of(Work::Command(workload.into()), Judge::Function(check))
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

    /// Whether the result is where the caller said, or nowhere.
    fn keeps_itself(&self) -> bool {
        let kept = |option: &String| {
            let word = option.split('=').next().unwrap_or_default();
            word.starts_with("-o") || ["--output", "--resume", "--finding"].contains(&word)
        };
        self.options.iter().any(kept)
    }

    fn run(&self, dir: &Path, result: Option<&Path>) -> std::io::Result<Output> {
        let name = std::env::var("CRASHINJECT").unwrap_or_else(|_| "crashinject".into());
        let mut command = Command::new(name);
        command.args(["explore", "--json", "--dir"]).arg(dir);
        if let Some(result) = result {
            command.arg("--output").arg(result);
        }
        match &self.check {
            Judge::Command(check) => command.args(["--check", check]),
            Judge::Function(check) => command.args(["--check-server", &call::check_command(*check)?]),
        };
        if !self.models.is_empty() {
            command.arg(format!("--model={}", self.models.join(",")));
        }
        let workload = match &self.workload {
            Work::Command(workload) => workload.clone(),
            Work::Function(workload) => call::workload_command(*workload)?,
        };
        command.args(&self.options).args(["--", "/bin/sh", "-c", &workload]).output()
    }

    /// Runs the workload once and checks every state that a crash can leave. An error means that it could not be explored.
    pub fn explored(&self) -> Result<Explored, String> {
        let new = |is: bool| is.then(Directory::new).transpose().map_err(|error| error.to_string());
        let (data, mut kept) = (new(self.dir.is_none())?, new(!self.keeps_itself())?);
        let dir = self.dir.as_deref().or(data.as_ref().map(|data| data.0.as_path())).unwrap_or(Path::new("."));
        let output = self.run(dir, kept.as_ref().map(|kept| kept.0.as_path()));
        let mut explored = judge(&output.map_err(|error| format!("crashinject: {error}"))?)?;
        if !explored.safe() {
            explored.directory = kept.as_mut().map(|kept| std::mem::take(&mut kept.0));
        }
        Ok(explored)
    }
}

fn judge(output: &Output) -> Result<Explored, String> {
    let said = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<Value> = said.lines().filter_map(json::parse).collect();
    let found = lines.iter().filter_map(|line| line.get("finding"));
    let findings = found.filter(|finding| finding.get("accepted") != Some(&Value::Bool(true))).map(Finding::from).collect();
    let end = lines.iter().find_map(|line| line.get("summary"));
    let explored = Explored {
        findings,
        reasons: end.map(|end| end.texts("incomplete_reasons")).unwrap_or_default(),
        checked: end.map_or(0, |end| end.number("checked") as u64),
        seconds: end.map_or(0.0, |end| end.number("seconds")),
        directory: None,
    };
    let complete = end.and_then(|end| end.get("complete")) == Some(&Value::Bool(true));
    match output.status.code() {
        Some(0) if complete && explored.safe() => Ok(explored),
        Some(1) if end.is_some() && !explored.findings.is_empty() => Ok(explored),
        Some(3) if end.is_some() && !explored.reasons.is_empty() => Ok(explored),
        _ => {
            let more = end.and_then(|end| end.text("final_output")).unwrap_or_default();
            Err(format!("crashinject explore: {}: {}{more}", output.status, String::from_utf8_lossy(&output.stderr)))
        }
    }
}

/// Panics if a crash can leave a state that the check does not accept, or if that is not known; else prints a line.
#[track_caller]
pub fn explore(what: &Explore) {
    match what.explored() {
        Ok(explored) if explored.safe() => println!("{explored}"),
        Ok(explored) => panic!("{explored}"),
        Err(error) => panic!("{error}"),
    }
}

/// Removed when nobody has it any more; without a name: it was given away.
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
        if !self.0.as_os_str().is_empty() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
