//! The commands and flags.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};

use super::act::{
    ApproveArgs, CancelArgs, CleanupArgs, DispatchArgs, JournalCommand, PromoteArgs, RerunArgs,
    ReviewArgs, RollbackArgs,
};
use crate::domain::ids::{CommitSha, RepoSlug, RunRef};
use crate::domain::policy::{ImageReference, ImageRepository};

/// A terminal cockpit for the person who releases software: GO or NO-GO, and why.
///
/// Without a command it opens the cockpit on the configured release.
#[derive(Debug, Clone, Parser)]
#[command(name = "gonogo", version, disable_help_subcommand = true)]
pub struct Cli {
    /// Flags that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do; the cockpit where nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// A configuration file, laid over the user's own.
    #[arg(long, value_name = "FILE", global = true, value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// The repository; by default that of the `origin` remote.
    #[arg(long, value_name = "OWNER/NAME", global = true)]
    pub repo: Option<RepoSlug>,
    /// The run to watch: its number or the address of its page.
    #[arg(long, value_name = "ID|URL", global = true)]
    pub run: Option<RunRef>,
    /// The image, as docker.io/acme/rocket; the variable `GONOGO_IMAGE` says the same.
    #[arg(long, value_name = "REF", global = true)]
    pub image: Option<ImageRepository>,
    /// A profile of the configuration: the tables under [profile.NAME].
    #[arg(long, value_name = "NAME", global = true)]
    pub profile: Option<String>,
    /// Refuse whatever would change something outside.
    #[arg(long, global = true)]
    pub read_only: bool,
    /// One JSON document on stdout, where the command prints data.
    #[arg(long, global = true)]
    pub json: bool,
    /// When to use colour.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, global = true)]
    pub color: Color,
    /// Draw with plain ASCII.
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Say more on stderr; twice for everything.
    #[arg(short, long, action = ArgAction::Count, global = true, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Say nothing on stderr but errors.
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

impl Global {
    /// The repository that was named: by its own flag, or in the address of the run.
    pub fn repository(&self) -> Option<&RepoSlug> {
        self.repo
            .as_ref()
            .or(self.run.as_ref().and_then(|run| run.repo.as_ref()))
    }
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Show one snapshot: run, jobs, gates, image, Python package, Release.
    Status,
    /// Follow a release to its end; exit 0 released, 1 failed, rejected or cancelled.
    ///
    /// With --json it prints one event a line.
    Watch,
    /// List the release runs to choose from, with the state of each release.
    Runs,
    /// Draw the job graph of the watched run, or of a workflow file.
    Graph(GraphArgs),
    /// Say GO, NO-GO or cannot tell of what would be let go now, and why; exit 0 GO, 1 NO-GO, 2 cannot tell.
    Check(CheckArgs),
    /// Verify an image's signature and attestations, on all its platforms; exit 0 verified, 1 refused, 2 cannot tell.
    Verify(Box<VerifyArgs>),
    /// Approve what waits at a gate; exit 0 done, 1 refused.
    Approve(ApproveArgs),
    /// Reject what waits at a gate; exit 0 done, 1 refused.
    Reject(ReviewArgs),
    /// Run the watched run again, its failed jobs, or one of them.
    Rerun(RerunArgs),
    /// Cancel the watched run.
    Cancel(CancelArgs),
    /// Start a workflow by hand.
    Dispatch(DispatchArgs),
    /// Put the tested image under the release tags, where the pipeline no longer will.
    ///
    /// Exit 0 done and verified, 1 refused, or failed and undone, 3 stopped half-way.
    Promote(PromoteArgs),
    /// Put the release tags back to what they pointed to before.
    ///
    /// Exit 0 done and verified, 1 refused, or failed and undone, 3 stopped half-way.
    Rollback(RollbackArgs),
    /// Remove what a release left behind that did not come to be.
    ///
    /// Exit 0 done and verified, 1 refused, or failed and undone, 3 stopped half-way.
    Cleanup(CleanupArgs),
    /// Show what was done, by whom and when; go on with it, or take it back.
    Journal {
        /// What to do with it; the list where nothing is said.
        #[command(subcommand)]
        command: Option<JournalCommand>,
    },
    /// Rehearse on the built-in simulator: every real code path, over HTTP on this machine.
    Sim(SimArgs),
    /// Show the configuration.
    #[command(subcommand, arg_required_else_help = true)]
    Config(ConfigCommand),
    /// Trust this checkout's .gonogo.toml as it is now.
    ///
    /// Without trust it may set names only. The trust ends when the file changes.
    Trust,
    /// Print completions for a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// What to do with the configuration.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Print every value of the resolved configuration.
    Show {
        /// Say where each value comes from.
        #[arg(long)]
        origin: bool,
    },
}

/// What to say of the board.
#[derive(Debug, Clone, Copy, Args)]
pub struct CheckArgs {
    /// List the names of the rules, for the configuration's [rules].
    #[arg(long)]
    pub rules: bool,
}

/// Which image to verify, and by what.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// The image: repository:tag or repository@digest.
    #[arg(value_name = "REF")]
    pub reference: ImageReference,
    /// The commit that the provenance must name.
    #[arg(long, value_name = "SHA")]
    pub expect_commit: Option<CommitSha>,
    /// The run and attempt that the provenance must name.
    #[arg(long, value_name = "ID-ATTEMPT", value_parser = run_and_attempt)]
    pub expect_run: Option<String>,
    /// The ref that must have been built, as refs/tags/v1.2.3.
    #[arg(long, value_name = "REF")]
    pub expect_ref: Option<String>,
    /// A `trusted_root.json`, or public-good; by default the configuration's.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub trusted_root: Option<PathBuf>,
    /// Look at everything in the registry, even where it was seen within the hour.
    #[arg(long)]
    pub fresh: bool,
    /// The issuer that the certificate must name, exactly.
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// A regular expression that the signer's identity must match from its start.
    #[arg(long, value_name = "REGEX")]
    pub identity: Option<String>,
    /// The repository whose run must have signed.
    #[arg(long, value_name = "OWNER/NAME")]
    pub github_repo: Option<RepoSlug>,
    /// What must be there.
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        value_delimiter = ',',
        default_values = ["signature", "provenance", "sbom"]
    )]
    pub require: Vec<Evidence>,
    /// Look in GitHub's store of attestations too, which needs the repository's name.
    #[arg(long)]
    pub github_attestations: bool,
    /// Another image of the same repository: say what packages changed since, by SBOMs that hold.
    #[arg(long, value_name = "REF")]
    pub previous: Option<ImageReference>,
    /// Types of SBOM statements that count: spdx, cyclonedx, or an address.
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    pub sbom_type: Vec<String>,
}

/// A kind of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Evidence {
    /// A signature over the image.
    Signature,
    /// Provenance of the image.
    Provenance,
    /// An SBOM of each platform.
    Sbom,
}

fn run_and_attempt(text: &str) -> Result<String, String> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if text.split('-').count() <= 2 && text.split('-').all(is_number) {
        Ok(text.to_owned())
    } else {
        Err("a run's number and attempt, as 4711-1".to_owned())
    }
}

/// Which graph to draw, and how.
#[derive(Debug, Clone, Args)]
pub struct GraphArgs {
    /// A workflow: a path below the root, or a bare name below .github/workflows.
    #[arg(value_name = "WORKFLOW.yml", value_hint = ValueHint::FilePath)]
    pub workflow: Option<PathBuf>,
    /// The root of the checkout that the workflow is in.
    #[arg(long, value_name = "DIR", default_value = ".", requires = "workflow", value_hint = ValueHint::DirPath)]
    pub root: PathBuf,
    /// How to print it [default: text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<GraphFormat>,
}

/// How a graph is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum GraphFormat {
    /// Drawn with lines.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// A Mermaid flowchart.
    Mermaid,
}

/// How to rehearse.
#[derive(Debug, Clone, Args)]
pub struct SimArgs {
    /// The scenario to play.
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// How many times faster than real time.
    #[arg(long, value_name = "X", value_parser = speed, conflicts_with_all = ["headless", "all", "list"])]
    pub speed: Option<f64>,
    /// List the scenarios.
    #[arg(long, conflicts_with_all = ["scenario", "serve", "headless", "all"])]
    pub list: bool,
    /// Only serve the simulated services, and print how to reach them.
    #[arg(long, conflicts_with_all = ["headless", "all"])]
    pub serve: bool,
    /// The first port to serve on; any free ports where nothing is said.
    #[arg(long, value_name = "N", requires = "serve", value_parser = clap::value_parser!(u16).range(1024..=65_000))]
    pub port_base: Option<u16>,
    /// Play the scenario to its end without a screen; exit 0 if it ends as it expects.
    #[arg(long)]
    pub headless: bool,
    /// Play every scenario to its end without a screen.
    #[arg(long, conflicts_with = "scenario")]
    pub all: bool,
}

/// What a rehearsal is.
#[derive(Debug, Clone, PartialEq)]
pub enum SimMode {
    /// The cockpit on a scenario.
    Cockpit {
        /// The scenario, where one was named.
        scenario: Option<String>,
        /// How many times faster than real time, where it was said.
        speed: Option<f64>,
    },
    /// The list of scenarios.
    List,
    /// The services alone.
    Serve {
        /// The scenario, where one was named.
        scenario: Option<String>,
        /// How many times faster than real time, where it was said.
        speed: Option<f64>,
        /// The first port, where one was named.
        port_base: Option<u16>,
    },
    /// To the end, without a screen.
    Headless(Rehearsal),
}

/// What is played to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rehearsal {
    /// This scenario; the first one where none was named.
    One(Option<String>),
    /// All of them.
    All,
}

impl SimArgs {
    /// What the flags ask for.
    pub fn mode(&self) -> SimMode {
        let scenario = self.scenario.clone();
        if self.list {
            SimMode::List
        } else if self.serve {
            SimMode::Serve {
                scenario,
                speed: self.speed,
                port_base: self.port_base,
            }
        } else if self.all {
            SimMode::Headless(Rehearsal::All)
        } else if self.headless {
            SimMode::Headless(Rehearsal::One(scenario))
        } else {
            SimMode::Cockpit {
                scenario,
                speed: self.speed,
            }
        }
    }
}

fn speed(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('x').parse::<f64>() {
        Ok(speed) if (0.01..=100_000.0).contains(&speed) => Ok(speed),
        _ => Err("a number between 0.01 and 100000".to_owned()),
    }
}

impl Cli {
    /// What single flags cannot say of themselves; the error is a sentence.
    pub(super) fn check(&self) -> Result<(), String> {
        let global = &self.global;
        if let (Some(repo), Some(of_run)) = (
            &global.repo,
            global.run.as_ref().and_then(|run| run.repo.as_ref()),
        ) && !repo.to_string().eq_ignore_ascii_case(&of_run.to_string())
        {
            return Err(format!("--run is a run of {of_run}, and --repo is {repo}"));
        }
        if !global.json {
            return Ok(());
        }
        let refused = match &self.command {
            None => {
                "the cockpit prints no data: use `gonogo status --json` or `gonogo watch --json`"
            }
            Some(Command::Completions { .. } | Command::Man) => {
                "this command prints no data: leave --json out"
            }
            Some(Command::Sim(sim)) if matches!(sim.mode(), SimMode::Cockpit { .. }) => {
                "the cockpit prints no data: add --headless, --list or --serve"
            }
            Some(Command::Graph(GraphArgs {
                format: Some(GraphFormat::Text | GraphFormat::Mermaid),
                ..
            })) => "--json and --format say different things: give one of them",
            Some(_) => return Ok(()),
        };
        Err(refused.to_owned())
    }
}
