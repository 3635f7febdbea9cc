//! Configuration: layers, origins, refusals, and who gets which credential.

mod credentials;
mod hostile;
mod layers;
mod templates;

use std::path::{Path, PathBuf};

use gonogo::config::{Config, ConfigError, Environment, Flags};
use tempfile::TempDir;

/// A machine with a home, a checkout and no other variable than those that are given.
struct Machine {
    root: TempDir,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let machine = Self { root };
        machine.write("checkout/.git/HEAD", "ref: refs/heads/main\n");
        machine.write("home/.keep", "");
        machine
    }

    /// A machine whose checkout has a remote on GitHub.
    fn with_remote() -> Self {
        let machine = Self::new();
        machine.write(
            "checkout/.git/config",
            "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = git@github.com:acme/rocket.git\n",
        );
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn system(&self, text: &str) {
        self.write("etc/gonogo/config.toml", text);
    }

    fn checkout(&self, text: &str) {
        self.write("checkout/.gonogo.toml", text);
    }

    fn user(&self, text: &str) {
        self.write("home/.config/gonogo/config.toml", text);
    }

    fn env(&self, vars: &[(&str, &str)]) -> Environment {
        Environment::isolated(self.root.path(), vars.iter().copied())
    }

    fn load(&self) -> Result<Config, ConfigError> {
        self.load_with(&[], &Flags::default())
    }

    fn load_with(&self, vars: &[(&str, &str)], flags: &Flags) -> Result<Config, ConfigError> {
        Config::load(&self.env(vars), flags)
    }

    /// The sentence with which the configuration is refused.
    fn refusal(&self) -> String {
        self.load()
            .expect_err("this configuration must be refused")
            .to_string()
    }
}

fn value(config: &Config, key: &str) -> serde_json::Value {
    config
        .rows()
        .into_iter()
        .find(|row| row.key == key)
        .unwrap_or_else(|| panic!("no row {key}"))
        .value
}

/// Puts an executable program into a folder.
#[cfg(unix)]
fn program(folder: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_report_is_told_without_the_values_of_secret_variables() {
    let folder = tempfile::tempdir().unwrap();
    let env = gonogo::config::Environment::isolated(
        folder.path(),
        [
            ("GH_TOKEN", "ghp_0123456789"),
            ("DOCKER_PASSWORD", "hunter22"),
            ("SHORT_KEY", "a"),
            ("LANG", "C.UTF-8"),
        ],
    );
    let said = env.without_secrets("token ghp_0123456789, hunter22, a locale of C.UTF-8");
    assert_eq!(said, "token [secret], [secret], a locale of C.UTF-8");
}
