//! The state of the release as the world itself knows it, to compare with what a client saw.

use std::collections::BTreeMap;

use super::World;
use super::attempt::{Conclusion, State};
use super::inst::Inst;
use super::run::Run;
use crate::sim::scenario::{Expect, Reached};

/// The state of the release that the scenario is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// Number of the release run.
    pub run_id: u64,
    /// Version without `v`.
    pub version: String,
    /// The release commit.
    pub sha: String,
    /// Digest of the image index that this run built, once it did.
    pub digest: Option<String>,
    /// The attempt that built it.
    pub built_in_attempt: Option<u64>,
    /// Every tag of the image with its digest.
    pub tag_digests: BTreeMap<String, String>,
    /// Number of the publish run, once it was dispatched.
    pub publish_run_id: Option<u64>,
    /// The same facts in the form of the scenario's expectation.
    pub state: Expect,
}

impl World {
    /// The name of the phase that the release is in.
    pub(crate) fn phase(&self) -> String {
        let reached = |rule_job: &str, wanted: Reached| {
            let Some(run) = self.star() else {
                return false;
            };
            let here = if rule_job.is_empty() {
                if run.is_over() {
                    Reached::Ended
                } else {
                    Reached::Queued
                }
            } else {
                let jobs = run.newest().into_iter().flat_map(|attempt| &attempt.insts);
                let Some(most) = jobs
                    .filter(|inst| inst.path == rule_job)
                    .filter_map(reached)
                    .max()
                else {
                    return false;
                };
                most
            };
            here >= wanted
        };
        self.scenario
            .phases
            .iter()
            .rfind(|rule| reached(&rule.job, rule.reached))
            .map(|rule| rule.name.clone())
            .unwrap_or_default()
    }

    /// What is so now.
    pub(crate) fn truth(&self) -> Truth {
        let star = self.star();
        let version = self.scenario.version.clone();
        let tags = self.outside.tags();
        let tag_digests: BTreeMap<String, String> = tags
            .into_iter()
            .filter_map(|tag| Some((tag.clone(), self.outside.resolve(&tag)?)))
            .collect();
        let built = self.build_of(&version);
        let plain: Vec<String> = tag_digests
            .keys()
            .filter(|tag| !tag.starts_with("sha256-"))
            .cloned()
            .collect();
        let promoted = plain
            .iter()
            .filter(|tag| !tag.starts_with("prerelease"))
            .filter(|tag| built.is_some_and(|(_, digest, _)| tag_digests.get(*tag) == Some(digest)))
            .cloned()
            .collect();
        let run = star
            .and_then(Run::newest)
            .map(|attempt| match attempt.status() {
                (status, Some(conclusion)) => format!("{status}/{conclusion}"),
                (status, None) => status.to_owned(),
            });
        let named = |test: &dyn Fn(&Inst) -> bool| -> Vec<String> {
            star.and_then(Run::newest)
                .into_iter()
                .flat_map(|attempt| &attempt.insts)
                .filter(|inst| !inst.group && inst.id.is_some() && test(inst))
                .map(|inst| inst.name.clone())
                .collect()
        };
        let failed = |inst: &Inst| {
            matches!(
                inst.state,
                State::Done(Conclusion::Failure | Conclusion::TimedOut)
            )
        };
        let publish = star.and_then(|star| {
            let wanted = star.id.to_string();
            self.runs.values().rfind(|run| {
                let id = run
                    .payload
                    .as_ref()
                    .and_then(|payload| payload.get("run_id"));
                id.and_then(|id| id.as_str()) == Some(wanted.as_str())
            })
        });
        Truth {
            run_id: star.map_or(0, |run| run.id),
            sha: star.map(|run| run.sha.clone()).unwrap_or_default(),
            digest: built.map(|(_, digest, _)| digest.clone()),
            built_in_attempt: built.map(|(_, _, attempt)| attempt),
            publish_run_id: publish.map(|run| run.id),
            state: Expect {
                run: run.unwrap_or_default(),
                phase: self.phase(),
                waiting: named(&|inst| matches!(inst.state, State::Waiting(_))),
                failed: named(&failed),
                tags: plain,
                promoted,
                pypi_files: self.outside.published_files(&version),
                released: self.repo.release(&format!("v{version}")).is_some(),
            },
            tag_digests,
            version,
        }
    }

    fn build_of(&self, version: &str) -> Option<(u64, &String, u64)> {
        self.runs
            .values()
            .filter(|run| run.version == version)
            .filter_map(|run| {
                run.built
                    .as_ref()
                    .map(|built| (run.id, &built.digest, built.attempt))
            })
            .next_back()
    }

    /// The scenario's expectation with the names that only the world knows filled in.
    pub(crate) fn expected(&self) -> Expect {
        let mut expect = self.scenario.expect.clone();
        let short = self
            .star()
            .map(|run| run.short_sha().to_owned())
            .unwrap_or_default();
        for tag in &mut expect.tags {
            *tag = tag.replace("{short_sha}", &short);
        }
        expect
    }
}

fn reached(inst: &Inst) -> Option<Reached> {
    match inst.state {
        State::Blocked | State::Done(Conclusion::Skipped) => None,
        State::Open | State::Running(_) => Some(Reached::Running),
        State::Queued(_) => Some(if inst.environment.is_some() {
            Reached::Waiting
        } else {
            Reached::Queued
        }),
        State::Waiting(_) => Some(Reached::Waiting),
        State::Done(_) => Some(Reached::Ended),
    }
}
