//! What surrounds the process: variables and folders, as a value, so that a test can bring its own.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::Paths;

/// Variables and folders at the time of start.
#[derive(Clone, Default)]
pub struct Environment {
    vars: BTreeMap<String, String>,
    /// The folder that the program was started in.
    pub cwd: PathBuf,
    /// The user's home.
    pub home: Option<PathBuf>,
    /// The folder of the user's `config.toml`.
    pub user_config: Option<PathBuf>,
    /// The machine's configuration file.
    pub system_config: PathBuf,
    /// Folders for what the program keeps.
    pub paths: Paths,
}

impl Environment {
    /// That of this process. Variables that are not text are left out.
    pub fn of_process() -> Self {
        let vars = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let project = directories::ProjectDirs::from("", "", "gonogo");
        let paths = project.as_ref().map_or_else(
            // Without a home nothing is kept: a folder that others can write to could hold anybody's
            // trust. No file can be below this path.
            || Paths {
                cache: PathBuf::from("/dev/null/gonogo"),
                state: PathBuf::from("/dev/null/gonogo"),
            },
            |dirs| Paths {
                cache: dirs.cache_dir().to_owned(),
                state: dirs
                    .state_dir()
                    .unwrap_or_else(|| dirs.data_local_dir())
                    .to_owned(),
            },
        );
        Self {
            vars,
            cwd: std::env::current_dir().unwrap_or_default(),
            home: directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()),
            user_config: project.map(|dirs| dirs.config_dir().to_owned()),
            system_config: PathBuf::from("/etc/gonogo/config.toml"),
            paths,
        }
    }

    /// One of these variables alone, with every folder below `root`: for tests and the simulator.
    pub fn isolated<N, V>(root: &Path, vars: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        let home = root.join("home");
        Self {
            vars: vars
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            cwd: root.join("checkout"),
            user_config: Some(home.join(".config/gonogo")),
            home: Some(home),
            system_config: root.join("etc/gonogo/config.toml"),
            paths: Paths {
                cache: root.join("cache"),
                state: root.join("state"),
            },
        }
    }

    /// A variable's value; an empty one counts as none.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The text without the values of variables whose names say that they hold secrets.
    pub fn without_secrets(&self, text: &str) -> String {
        const WORDS: [&str; 5] = ["TOKEN", "PASSWORD", "PASSWD", "SECRET", "KEY"];
        /// A shorter value is no secret worth its name, and taking it out would garble the text.
        const SHORTEST: usize = 6;
        let secret = |name: &str| {
            let name = name.to_ascii_uppercase();
            WORDS.iter().any(|word| name.contains(word))
        };
        self.vars
            .iter()
            .filter(|(name, value)| secret(name) && value.len() >= SHORTEST)
            .fold(text.to_owned(), |text, (_, value)| {
                text.replace(value.as_str(), "[secret]")
            })
    }

    /// All variables, for a program that is started.
    pub(super) fn vars(&self) -> impl Iterator<Item = (&str, &str)> {
        self.vars
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The folder of a program's configuration: its own variable, else below the XDG folder.
    pub(super) fn config_folder_of(&self, own: &str, name: &str) -> Option<PathBuf> {
        if let Some(folder) = self.var(own) {
            return Some(PathBuf::from(folder));
        }
        let base = self
            .var("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(self.home.as_ref()?.join(".config")))?;
        Some(base.join(name))
    }
}

impl fmt::Debug for Environment {
    /// Names of variables only: their values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("vars", &self.vars.keys().collect::<Vec<_>>())
            .field("cwd", &self.cwd)
            .finish_non_exhaustive()
    }
}
