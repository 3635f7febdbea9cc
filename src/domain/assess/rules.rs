//! The rules: one function each, with the incident of the pipeline's list that it guards.

mod evidence;
mod gate;
mod image;
mod jobs;
mod leftovers;
mod outside;
mod publishing;
mod scan;
mod source;

pub(super) use evidence::rows as of_evidence;

use super::{Act, Next, Row};
use crate::domain::digest::Digest;
use crate::domain::fact::{Ask, ImageId};
use crate::domain::outlook::{Outlook, TagPart};
use crate::domain::policy::{Certainty, Policy, PypiSpec};
use crate::domain::release::{self, role};
use crate::domain::run::Job;
use crate::domain::snapshot::Snapshot;

/// What a rule may look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) policy: &'a Policy,
    pub(super) outlook: &'a Outlook,
    pub(super) next: &'a Next,
}

/// What is known of a rule before it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleInfo {
    /// Its name.
    pub id: &'static str,
    /// What it guards, in a few words.
    pub what: &'static str,
    /// The incidents of the pipeline's list that it guards.
    pub incidents: &'static [u8],
    /// Whether nobody can switch it off or override it.
    pub is_firm: bool,
    /// Whether it says what it says however old the facts are.
    pub(super) is_told_when_old: bool,
}

/// A rule looks at the facts and says one thing of each that it is about.
pub(super) struct Rule {
    pub(super) info: RuleInfo,
    /// The acts before which it is asked.
    acts: &'static [Act],
    pub(super) ask: fn(&Scene<'_>) -> Vec<Row>,
}

impl Rule {
    /// Whether the rule is asked before what comes next.
    pub(super) fn applies_to(&self, next: &Next) -> bool {
        next.acts.iter().any(|act| self.acts.contains(act))
    }
}

/// What moves or publishes the image, and what looks at it afterwards.
const IMAGE: &[Act] = &[
    Act::Promote,
    Act::Dispatch,
    Act::Publish,
    Act::Release,
    Act::Nothing,
];
/// Everything.
const ALWAYS: &[Act] = &[
    Act::Promote,
    Act::Dispatch,
    Act::Publish,
    Act::Release,
    Act::CleanUp,
    Act::Nothing,
];
/// What comes after the promote.
const AFTER_PROMOTE: &[Act] = &[Act::Dispatch, Act::Publish, Act::Release];

const fn rule(
    id: &'static str,
    what: &'static str,
    incidents: &'static [u8],
    acts: &'static [Act],
    ask: fn(&Scene<'_>) -> Vec<Row>,
) -> Rule {
    let info = RuleInfo {
        id,
        what,
        incidents,
        is_firm: false,
        is_told_when_old: false,
    };
    Rule { info, acts, ask }
}

impl Rule {
    /// Nobody can switch it off or override it.
    const fn firm(mut self) -> Self {
        self.info.is_firm = true;
        self
    }

    /// It is about looks that fail, so the age of what they gave says nothing.
    const fn told_when_old(mut self) -> Self {
        self.info.is_told_when_old = true;
        self
    }
}

/// Every rule, in the order in which a person asks.
pub(super) const ALL: &[Rule] = &[
    rule(
        source::CREDENTIALS,
        "every service lets us look",
        &[21, 22, 23],
        ALWAYS,
        source::credentials,
    )
    .told_when_old(),
    rule(
        "required-jobs",
        "required jobs have passed",
        &[29],
        IMAGE,
        jobs::required,
    ),
    rule(
        "ended",
        "nobody and nothing has stopped it",
        &[24],
        IMAGE,
        jobs::ended,
    ),
    rule(
        "tested-digest",
        "the tag is the tested digest",
        &[1],
        IMAGE,
        image::tested_digest,
    )
    .firm(),
    rule(
        "arch-tags",
        "nobody moved the tags of single platforms",
        &[1],
        &[Act::Promote],
        image::arch_tags,
    ),
    rule(
        "platforms",
        "the index holds every platform",
        &[],
        IMAGE,
        image::platforms,
    ),
    rule(
        evidence::SIGNATURE,
        "the image is signed",
        &[17],
        IMAGE,
        evidence::signature,
    ),
    rule(
        evidence::SIGNER,
        "it is signed by our workflow",
        &[15],
        IMAGE,
        evidence::signer,
    )
    .firm(),
    rule(
        evidence::COMMIT,
        "it is built from the released commit",
        &[19],
        IMAGE,
        evidence::commit,
    )
    .firm(),
    rule(
        evidence::PROVENANCE,
        "provenance is of this run",
        &[16],
        IMAGE,
        evidence::provenance,
    ),
    rule(
        evidence::SBOM,
        "each platform has its SBOM",
        &[12],
        IMAGE,
        evidence::sbom,
    ),
    rule(
        evidence::SBOM_PLACE,
        "no SBOM speaks for all platforms",
        &[11],
        IMAGE,
        evidence::sbom_place,
    ),
    rule(
        evidence::LAYOUTS,
        "clients of both layouts agree",
        &[14],
        IMAGE,
        evidence::layouts,
    ),
    rule(
        evidence::DUPLICATES,
        "attestations have not piled up",
        &[13],
        IMAGE,
        evidence::duplicates,
    ),
    rule(
        evidence::NOTES,
        "nothing odd about the evidence",
        &[16],
        IMAGE,
        evidence::notes,
    ),
    rule(
        "scan",
        "the scan of the image has passed",
        &[24],
        IMAGE,
        scan::scan,
    ),
    rule(
        "git-tag",
        "the Git tag is the released commit",
        &[19],
        IMAGE,
        source::git_tag,
    )
    .firm(),
    rule(
        "gate-protected",
        "every gate asks a person",
        &[9],
        ALWAYS,
        gate::protected,
    ),
    rule(
        "release-tags",
        "release tags moved together",
        &[2, 3, 26],
        ALWAYS,
        outside::release_tags,
    ),
    rule(
        "half-published",
        "the package follows the image",
        &[6, 7, 8, 24],
        IMAGE,
        publishing::half_published,
    ),
    rule(
        "image-out",
        "the image is out first",
        &[18],
        AFTER_PROMOTE,
        outside::image_out,
    ),
    rule(
        "publish-commit",
        "the publish run is of the released commit",
        &[20],
        IMAGE,
        source::publish_commit,
    )
    .firm(),
    rule(
        "package-out",
        "the package is out before the Release",
        &[6, 18],
        &[Act::Release],
        outside::package_out,
    ),
    rule(
        "release-last",
        "the Release comes last",
        &[18],
        IMAGE,
        outside::released_last,
    ),
    rule(
        "advisory-jobs",
        "advisory jobs have passed",
        &[],
        IMAGE,
        jobs::advisory,
    ),
    rule(
        "queued",
        "no job waits too long for a runner",
        &[30],
        ALWAYS,
        jobs::queued,
    ),
    rule(
        "floating-tag",
        "the floating tag is a signed image",
        &[17],
        IMAGE,
        leftovers::floating_tag,
    ),
    rule(
        "leftovers",
        "nothing is left of a release that failed",
        &[4, 5],
        ALWAYS,
        leftovers::leftovers,
    ),
];

/// Every rule's name and purpose, in the order in which a person asks.
pub fn all() -> impl Iterator<Item = &'static RuleInfo> {
    ALL.iter().map(|rule| &rule.info)
}

impl<'a> Scene<'a> {
    /// The watched run's jobs.
    fn jobs(&self) -> &'a [Job] {
        self.outlook
            .run
            .and_then(|run| self.snapshot.record(run)?.jobs.value())
            .map_or(&[], Vec::as_slice)
    }

    /// The question that the jobs are the answer to.
    fn jobs_ask(&self) -> Option<Ask> {
        self.outlook.run.map(Ask::Jobs)
    }

    /// Whether the version tag resolves to the built digest; where that was not looked up, it does not.
    fn is_promoted(&self, image: &ImageId) -> bool {
        self.promoted(image) == Some(true)
    }

    /// Whether the version tag resolves to the built digest; `None` where that was not looked up.
    fn promoted(&self, image: &ImageId) -> Option<bool> {
        let built = self.outlook.digests.get(image).map(|built| &built.value);
        let (Some(built), Some(tag)) = (built, self.version_tag(image)) else {
            return Some(false);
        };
        self.resolved(image, tag).map(|now| now == Some(built))
    }

    /// The release tag that names the version in full, else the first: the others move on with later releases.
    fn version_tag(&self, image: &ImageId) -> Option<&'a str> {
        let version = self.outlook.version.as_ref().map(|v| v.value.as_str());
        let tags = self.outlook.tags.get(image)?.iter();
        let names = tags.filter(|tag| tag.part == TagPart::Release);
        let names: Vec<&str> = names.map(|tag| tag.tag.as_str()).collect();
        let is_own = |tag: &&&str| version.is_some_and(|version| tag.contains(version));
        names.iter().find(is_own).or(names.first()).copied()
    }

    /// The package that this release publishes. A guessed name counts only where the run has jobs that publish.
    fn package(&self) -> Option<&'a PypiSpec> {
        let publishes = || {
            let publishing = [role::TRIGGER_PYPI, role::MONITOR_PYPI];
            let mut callers = self.jobs().iter().map(|job| release::caller(&job.name));
            self.outlook.publish_run.is_some()
                || self.jobs().is_empty()
                || callers.any(|name| publishing.contains(&name))
        };
        let package = self.policy.pypi.as_ref()?;
        (package.certainty == Certainty::Configured || publishes()).then_some(package)
    }

    /// What a tag resolves to, where it was looked up; `None` within: no such tag.
    #[allow(
        clippy::option_option,
        reason = "not looked up and not there are two answers, as in the outlook"
    )]
    fn resolved(&self, image: &ImageId, tag: &str) -> Option<Option<&'a Digest>> {
        let key = (image.clone(), tag.to_owned());
        self.outlook.resolved.get(&key).map(Option::as_ref)
    }

    /// Whether the run ended without the image going out.
    fn ended_badly(&self) -> bool {
        use crate::domain::release::Stage;
        matches!(
            self.outlook.stage.0,
            Stage::Failed | Stage::Rejected | Stage::Cancelled
        )
    }
}

fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [one, two] => format!("`{one}` and `{two}`"),
        [one, two, rest @ ..] => format!("`{one}`, `{two}` and {} more", rest.len()),
    }
}
