//! The commands that change something, and the intent that each stands for.

use std::collections::BTreeMap;

use clap::{Args, Subcommand, ValueEnum};

use crate::domain::digest::Digest;
use crate::domain::fact::ImageId;
use crate::domain::ids::RunId;
use crate::domain::plan::{Debugging, Intent, PlanId, Target, What};
use crate::domain::policy::ImageRepository;

/// How a plan is shown, confirmed and, where it fails, left.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Plan options")]
pub struct PlanFlags {
    /// Print the plan and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Confirm a plan that asks for the version to be typed.
    #[arg(long, value_name = "V")]
    pub yes: Option<String>,
}

/// What happens when a plan fails half-way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OnFailure {
    /// It stops where it is; exit 3.
    #[default]
    Stop,
    /// What was done is taken back; exit 1.
    Undo,
}

/// A plan of several steps.
#[derive(Debug, Clone, Default, Args)]
pub struct StepsFlags {
    /// How it is shown and confirmed.
    #[command(flatten)]
    pub plan: PlanFlags,
    /// What happens when it fails half-way.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t)]
    pub on_failure: OnFailure,
}

/// A review of what waits at a gate.
#[derive(Debug, Clone, Args)]
pub struct ReviewArgs {
    /// The environment; may be given several times. By default all that wait.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub env: Vec<String>,
    /// What is written beside the review.
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// How it is shown and confirmed.
    #[command(flatten)]
    pub plan: PlanFlags,
}

/// An approval.
#[derive(Debug, Clone, Args)]
pub struct ApproveArgs {
    /// The review.
    #[command(flatten)]
    pub review: ReviewArgs,
    /// Approve although the board does not say GO, for this reason, which goes into the journal.
    #[arg(long = "override", value_name = "REASON")]
    pub reason: Option<String>,
}

/// A re-run.
#[derive(Debug, Clone, Args)]
pub struct RerunArgs {
    /// Only the failed jobs and what depends on them.
    #[arg(long, conflicts_with = "job")]
    pub failed: bool,
    /// Only this job and what depends on it: its name, or a unique prefix.
    #[arg(long, value_name = "NAME")]
    pub job: Option<String>,
    /// With debug logs.
    #[arg(long)]
    pub debug: bool,
    /// Run it again although that builds the image a second time, for this reason.
    #[arg(long = "override", value_name = "REASON")]
    pub reason: Option<String>,
    /// How it is shown and confirmed.
    #[command(flatten)]
    pub plan: PlanFlags,
}

/// A cancellation.
#[derive(Debug, Clone, Args)]
pub struct CancelArgs {
    /// End it even where a job says `always()`.
    #[arg(long)]
    pub force: bool,
    /// How it is shown and confirmed.
    #[command(flatten)]
    pub plan: PlanFlags,
}

/// A start by hand.
#[derive(Debug, Clone, Args)]
pub struct DispatchArgs {
    /// The workflow's file, as nightly.yml.
    #[arg(value_name = "WORKFLOW")]
    pub workflow: String,
    /// An input; may be given several times.
    #[arg(short = 'f', long = "field", value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub fields: Vec<(String, String)>,
    /// The branch or tag; by default the default branch.
    #[arg(long = "ref", value_name = "REF")]
    pub git_ref: Option<String>,
    /// How it is shown and confirmed.
    #[command(flatten)]
    pub plan: PlanFlags,
}

/// A promote by hand.
#[derive(Debug, Clone, Args)]
pub struct PromoteArgs {
    /// Promote although the board does not say GO, for this reason, which goes into the journal.
    #[arg(long = "override", value_name = "REASON")]
    pub reason: Option<String>,
    /// How it goes on.
    #[command(flatten)]
    pub steps: StepsFlags,
}

/// A roll-back.
#[derive(Debug, Clone, Args)]
pub struct RollbackArgs {
    /// What to go back to: previous, or the digest of an earlier image, as IMAGE@DIGEST where there are several.
    #[arg(long, value_name = "previous|DIGEST", default_value = "previous", value_parser = target)]
    pub to: Target,
    /// How it goes on.
    #[command(flatten)]
    pub steps: StepsFlags,
}

/// A clean-up.
#[derive(Debug, Clone, Args)]
pub struct CleanupArgs {
    /// Also what older releases left behind that did not come to be.
    #[arg(long)]
    pub orphans: bool,
    /// How it goes on.
    #[command(flatten)]
    pub steps: StepsFlags,
}

/// What to do with the journal.
#[derive(Debug, Clone, Subcommand)]
pub enum JournalCommand {
    /// List what was done, newest first.
    List,
    /// Show one plan with everything that happened to it.
    Show {
        /// The plan.
        #[arg(value_name = "ID")]
        id: PlanId,
    },
    /// Go on with a plan that was left half-way.
    Resume {
        /// The plan.
        #[arg(value_name = "ID")]
        id: PlanId,
        /// How it is shown and confirmed.
        #[command(flatten)]
        plan: PlanFlags,
    },
    /// Take back what a plan did, as far as it can be.
    Undo {
        /// The plan.
        #[arg(value_name = "ID")]
        id: PlanId,
        /// How it is shown and confirmed.
        #[command(flatten)]
        plan: PlanFlags,
    },
}

impl ApproveArgs {
    /// What is wanted.
    pub fn intent(&self, run: Option<RunId>) -> Intent {
        Intent::Approve {
            run,
            environments: self.review.env.clone(),
            comment: self.review.comment.clone(),
            reason: self.reason.clone(),
        }
    }
}

impl ReviewArgs {
    /// What is wanted of a rejection.
    pub fn rejection(&self, run: Option<RunId>) -> Intent {
        Intent::Reject {
            run,
            environments: self.env.clone(),
            comment: self.comment.clone(),
        }
    }
}

impl RerunArgs {
    /// What is wanted.
    pub fn intent(&self, run: Option<RunId>) -> Intent {
        let what = match &self.job {
            Some(job) => What::Job(job.clone()),
            None if self.failed => What::Failed,
            None => What::All,
        };
        let debugging = if self.debug {
            Debugging::On
        } else {
            Debugging::Off
        };
        Intent::Rerun {
            run,
            what,
            debugging,
            reason: self.reason.clone(),
        }
    }
}

impl DispatchArgs {
    /// What is wanted.
    pub fn intent(&self) -> Intent {
        Intent::Dispatch {
            workflow: self.workflow.clone(),
            git_ref: self.git_ref.clone(),
            inputs: self.fields.iter().cloned().collect::<BTreeMap<_, _>>(),
        }
    }
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("an input and its value, as KEY=VALUE".to_owned()),
    }
}

fn target(text: &str) -> Result<Target, String> {
    if text == "previous" {
        return Ok(Target::Previous);
    }
    let (image, digest) = match text.rsplit_once('@') {
        Some((image, digest)) => {
            let image: ImageRepository = image
                .parse()
                .map_err(|error: crate::domain::policy::NameError| error.to_string())?;
            (Some(ImageId(image.as_str().to_owned())), digest)
        }
        None => (None, text),
    };
    let digest: Result<Digest, _> = digest.parse();
    digest
        .map(|digest| match image {
            Some(image) => Target::DigestOf(image, digest),
            None => Target::Digest(digest),
        })
        .map_err(|error| format!("{error}; or say `previous`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_go_back_to_is_read_in_each_form() {
        let digest = Digest::of(b"old");
        assert_eq!(target("previous"), Ok(Target::Previous));
        assert_eq!(target(digest.as_str()), Ok(Target::Digest(digest.clone())));
        let named = format!("acme/rocket@{digest}");
        let image = ImageId("docker.io/acme/rocket".to_owned());
        assert_eq!(target(&named), Ok(Target::DigestOf(image, digest)));
        for bad in ["", "latest", "sha256:12", "acme/rocket@", "A B@sha256:1"] {
            assert!(target(bad).is_err(), "{bad}");
        }
    }
}
