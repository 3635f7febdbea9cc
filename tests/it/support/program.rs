//! The program under test, as a user starts it, with a home of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// `gonogo` with nothing of this machine's around it.
pub fn gonogo(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gonogo"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("XDG_STATE_HOME", home.join("state"))
        .current_dir(home)
        .stdin(Stdio::null());
    command
}

/// What a program said, for a failed assertion.
pub fn said(output: &Output) -> String {
    format!(
        "{}\n--- stdout\n{}\n--- stderr\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// `gonogo sim --serve`, with what it printed; ends when dropped.
pub struct Served {
    child: Child,
    /// Addresses by the words that it printed before them.
    pub github: String,
    pub registry: String,
    pub index: String,
    /// Variables for a client.
    pub exports: Vec<(String, String)>,
    /// The configuration file that it printed.
    pub config: String,
}

impl Served {
    pub fn start(home: &Path, scenario: &str, speed: &str) -> Self {
        let mut child = gonogo(home)
            .args(["sim", "--serve", "--scenario", scenario, "--speed", speed])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut text = String::new();
        // It prints all of it at once, and the hint for gh last.
        for line in lines.by_ref() {
            let line = line.unwrap();
            text.push_str(&line);
            text.push('\n');
            if line.starts_with("# gh:") {
                break;
            }
        }
        let address = |what: &str| {
            let line = text
                .lines()
                .find(|line| line.starts_with(&format!("# {what}")));
            let line = line.unwrap_or_else(|| panic!("no address of {what} in:\n{text}"));
            line.rsplit(' ').next().unwrap().to_owned()
        };
        let exports = text
            .lines()
            .filter_map(|line| line.strip_prefix("export ")?.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
            .collect();
        let config = text
            .split("# ---- configuration file ----")
            .nth(1)
            .and_then(|rest| rest.split("# ---- credentials ----").next())
            .unwrap()
            .to_owned();
        Self {
            github: address("GitHub API"),
            registry: address("registry").trim_start_matches("http://").to_owned(),
            index: address("index"),
            exports,
            config,
            child,
        }
    }

    /// `gonogo` with the configuration and the credentials that the simulator printed.
    pub fn gonogo(&self, home: &Path, args: &[&str]) -> Command {
        let file = home.join("simulator.toml");
        std::fs::write(&file, &self.config).unwrap();
        let mut command = gonogo(home);
        command.arg("--config").arg(file).args(args);
        command.envs(self.exports.iter().cloned());
        command
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
