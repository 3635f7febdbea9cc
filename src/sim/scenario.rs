//! Scenarios: what a simulated release does, when, and how it should end.

use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer};

use super::SimError;
use super::forgery::{self, Forgery};

const BASE: &str = include_str!("../../assets/scenarios/base.toml");
const BUILT_IN: [(&str, &str); 4] = [
    ("happy", include_str!("../../assets/scenarios/happy.toml")),
    (
        "waiting-gate",
        include_str!("../../assets/scenarios/waiting-gate.toml"),
    ),
    (
        "failed-gate",
        include_str!("../../assets/scenarios/failed-gate.toml"),
    ),
    ("idle", include_str!("../../assets/scenarios/idle.toml")),
];

/// The scenario in which a forgery is played that is named alone.
const FOR_FORGERIES: &str = "waiting-gate";
/// The most jobs of a generated run.
const MOST_GENERATED: usize = 1000;

/// What starts the release run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// An annotated tag `vX.Y.Z` was pushed.
    Tag,
    /// A commit was pushed to `main`.
    Main,
    /// Somebody started the workflow by hand.
    Dispatch,
    /// Nothing starts: the newest release run is an old one.
    Nothing,
}

/// One simulated release.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Short name, as given on the command line.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// `OWNER/NAME` on the simulated GitHub, and the image's name on the simulated registry.
    #[serde(default = "default_repo")]
    pub repo: String,
    /// The version to release, without `v`.
    pub version: String,
    /// What starts the release run.
    pub trigger: Trigger,
    /// Releases made before, oldest first.
    #[serde(default = "default_previous")]
    pub previous: Vec<String>,
    /// How far before the real time the release starts.
    #[serde(default = "default_lead", deserialize_with = "duration")]
    pub lead: Duration,
    /// What single jobs do; the first rule that names a property wins.
    #[serde(default, rename = "job")]
    pub jobs: Vec<JobRule>,
    /// When the simulated human approves; a gate without a rule waits for ever.
    #[serde(default, rename = "gate")]
    pub gates: Vec<GateRule>,
    /// Named parts of the release, in the order in which they happen.
    #[serde(default, rename = "phase")]
    pub phases: Vec<PhaseRule>,
    /// What is not as it should be.
    #[serde(default, deserialize_with = "forgery::by_name")]
    pub forge: Vec<&'static Forgery>,
    /// The state in which the release should end.
    pub expect: Expect,
    /// Changes of the workflow files.
    #[serde(skip)]
    pub edits: Vec<Edit>,
    /// What a promotion that fails leaves behind.
    #[serde(skip)]
    pub fails_with: Damage,
    /// Jobs of a generated workflow in place of the reference pipeline.
    #[serde(skip)]
    pub generated_jobs: Option<usize>,
}

/// What a promotion that fails leaves behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Damage {
    /// Nothing.
    #[default]
    None,
    /// Some of the release tags.
    HalfTagged,
    /// A release tag on a manifest with the same content in other bytes.
    ReEncoded,
}

/// A change of a workflow file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// One text in place of another, which must be there.
    Replace {
        /// File name.
        file: &'static str,
        /// What is there.
        from: &'static str,
        /// What is to be there.
        to: &'static str,
    },
    /// A job is taken out.
    Drop {
        /// File name.
        file: &'static str,
        /// The job's key.
        job: &'static str,
    },
}

/// What some jobs do.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JobRule {
    /// File name of the top workflow; empty = `release.yml`.
    pub workflow: String,
    /// YAML keys from the top, with `/` between them; covers everything below it. Empty = every job.
    pub path: String,
    /// Part of the display name, to tell matrix legs apart; empty = all of them.
    pub leg: String,
    /// From being queued to being started.
    #[serde(deserialize_with = "optional_duration")]
    pub queue: Option<Duration>,
    /// From start to end.
    #[serde(deserialize_with = "optional_duration")]
    pub duration: Option<Duration>,
    /// How it ends.
    pub outcome: Option<Outcome>,
    /// The step at which it fails, counted from 1 among the workflow file's steps; the last when absent.
    pub fail_step: Option<usize>,
    /// From this attempt on the outcome is a success.
    pub heals_at_attempt: Option<u64>,
}

/// How a job ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It succeeds.
    Success,
    /// A step fails.
    Failure,
    /// It runs into its time limit.
    TimedOut,
    /// It is cancelled, and nothing else with it.
    Cancelled,
}

/// When a gate opens by itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateRule {
    /// File name of the top workflow; empty = `release.yml`.
    #[serde(default)]
    pub workflow: String,
    /// YAML keys of the waiting job, or of a job above it.
    pub path: String,
    /// From the moment when the job began to wait.
    #[serde(deserialize_with = "duration")]
    pub after: Duration,
    /// Approve or reject.
    #[serde(default)]
    pub review: Review,
}

/// What the simulated human says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Review {
    /// The gate opens.
    #[default]
    Approve,
    /// The waiting jobs fail.
    Reject,
}

/// A named part of a release.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseRule {
    /// What it is called.
    pub name: String,
    /// The job that begins it, as YAML keys of `release.yml`; empty = the run itself.
    #[serde(default)]
    pub job: String,
    /// The status of that job from which on the phase is under way.
    pub reached: Reached,
}

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reached {
    /// It exists.
    Queued,
    /// It waits for an approval.
    Waiting,
    /// It runs.
    Running,
    /// It ended.
    Ended,
}

/// The state in which a release ends.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Status, and after a `/` the conclusion, of the newest release run.
    pub run: String,
    /// The phase that is named last.
    pub phase: String,
    /// The jobs that wait for an approval, by display name.
    #[serde(default)]
    pub waiting: Vec<String>,
    /// Jobs that failed, by display name.
    #[serde(default)]
    pub failed: Vec<String>,
    /// Tags of the image that belong to no signature, sorted.
    pub tags: Vec<String>,
    /// Release tags that resolve to the digest that this run built.
    #[serde(default)]
    pub promoted: Vec<String>,
    /// Number of files that the package index holds for the version.
    pub pypi_files: usize,
    /// Whether the GitHub Release of the version is published.
    pub released: bool,
}

impl Scenario {
    /// The names of the built-in scenarios.
    pub fn names() -> Vec<&'static str> {
        BUILT_IN.iter().map(|(name, _)| *name).collect()
    }

    /// A built-in scenario, with forgeries behind it: `waiting-gate+tag-swapped+both-layouts`.
    ///
    /// A forgery alone is played at the gate of `waiting-gate`. `scale-N` is a generated one: see [`Scenario::scale`].
    pub fn built_in(name: &str) -> Result<Self, SimError> {
        let mut parts = name.split('+');
        let first = parts.next().unwrap_or_default();
        let (mut scenario, mut forged) = match Forgery::named(first) {
            Ok(forgery) => (Self::plain(FOR_FORGERIES)?, vec![forgery]),
            Err(_) => (Self::plain(first)?, Vec::new()),
        };
        for part in parts {
            forged.push(Forgery::named(part)?);
        }
        for forgery in forged {
            scenario = scenario.with(forgery);
        }
        Ok(scenario)
    }

    fn plain(name: &str) -> Result<Self, SimError> {
        let scale = name
            .strip_prefix("scale-")
            .and_then(|jobs| jobs.parse().ok());
        if let Some(jobs) = scale.filter(|jobs| (1..=MOST_GENERATED).contains(jobs)) {
            return Self::scale(jobs);
        }
        let found = BUILT_IN.iter().find(|(known, _)| *known == name);
        let (_, text) = found.ok_or_else(|| SimError::UnknownScenario {
            name: name.to_owned(),
            known: Self::names().join(", "),
        })?;
        Self::parse(text)
    }

    /// The same with one more thing that is not as it should be.
    #[must_use]
    pub fn with(mut self, forgery: &'static Forgery) -> Self {
        self.name = format!("{}+{}", self.name, forgery.name());
        self.summary = format!("{} {}", self.summary, forgery.summary());
        forgery.shape(&mut self);
        self.forge.push(forgery);
        self
    }

    /// Reads a scenario; what it leaves open comes from the common base.
    pub fn parse(text: &str) -> Result<Self, SimError> {
        let bad = |error: toml::de::Error| SimError::Scenario {
            reason: error.to_string(),
        };
        let mut scenario: Self = toml::from_str(text).map_err(bad)?;
        let base: Base = toml::from_str(BASE).map_err(bad)?;
        for forgery in scenario.forge.clone() {
            forgery.shape(&mut scenario);
        }
        scenario.jobs.extend(base.jobs);
        if scenario.phases.is_empty() {
            scenario.phases = base.phases;
        }
        Ok(scenario)
    }

    /// A long run of `jobs` jobs whose listing changes once each ten seconds, for counting requests.
    ///
    /// Each job has four steps of ten seconds and runs alone, so it lasts 40 s times `jobs`.
    pub fn scale(jobs: usize) -> Result<Self, SimError> {
        let mut scenario = Self::built_in("waiting-gate")?;
        let total = u64::try_from(jobs).unwrap_or(u64::MAX).saturating_mul(40);
        scenario.name = format!("scale-{jobs}");
        scenario.summary = format!("A run of {jobs} jobs that changes once each ten seconds.");
        scenario.generated_jobs = Some(jobs);
        scenario.lead = Duration::from_secs(total.saturating_add(7200));
        scenario.jobs.insert(
            0,
            JobRule {
                path: "leg".to_owned(),
                queue: Some(Duration::ZERO),
                duration: Some(Duration::from_secs(40)),
                ..JobRule::default()
            },
        );
        scenario.phases = vec![PhaseRule {
            name: "run".to_owned(),
            job: String::new(),
            reached: Reached::Queued,
        }];
        Ok(scenario)
    }

    /// The owner's login.
    pub fn owner(&self) -> &str {
        self.repo.split_once('/').map_or("", |(owner, _)| owner)
    }

    /// The repository's name without its owner, which is also the project's name on the package index.
    pub fn project(&self) -> &str {
        self.repo.split_once('/').map_or("", |(_, name)| name)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Base {
    #[serde(rename = "job")]
    jobs: Vec<JobRule>,
    #[serde(rename = "phase")]
    phases: Vec<PhaseRule>,
}

fn default_repo() -> String {
    "acme/rocket".to_owned()
}

fn default_previous() -> Vec<String> {
    vec!["1.6.7".to_owned(), "1.6.8".to_owned()]
}

fn default_lead() -> Duration {
    Duration::from_secs(6 * 3600)
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let signed = SignedDuration::deserialize(deserializer)?;
    Duration::try_from(signed).map_err(serde::de::Error::custom)
}

fn optional_duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_scenario_parses() {
        for name in Scenario::names() {
            let scenario = Scenario::built_in(name);
            assert!(scenario.is_ok(), "{name}: {scenario:?}");
        }
        assert!(Scenario::built_in("nonsense").is_err());
        assert!(Scenario::built_in("scale-100").is_ok_and(|one| one.generated_jobs == Some(100)));
        assert!(Scenario::built_in("scale-0").is_err());
    }

    #[test]
    fn forgeries_are_named_behind_a_scenario_or_alone_or_in_the_file() {
        let names = |name: &str| {
            let scenario = Scenario::built_in(name).unwrap();
            let forged: Vec<&str> = scenario.forge.iter().map(|one| one.name()).collect();
            (scenario.name, forged)
        };
        let (name, forged) = names("happy+both-layouts+signed-by-fork");
        assert_eq!(name, "happy+both-layouts+signed-by-fork");
        assert_eq!(forged, ["both-layouts", "signed-by-fork"]);
        assert_eq!(names("tag-swapped").0, "waiting-gate+tag-swapped");
        assert!(Scenario::built_in("waiting-gate+nonsense").is_err());
        let (_, text) = BUILT_IN[0];
        let text = text.replacen("trigger", "forge = [\"sbom-empty\"]\ntrigger", 1);
        let scenario = Scenario::parse(&text).unwrap();
        assert_eq!(scenario.forge.len(), 1);
    }
}
