//! A workflow run with its attempts.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::attempt::{Approval, Attempt, Conclusion, State};
use super::inst::Inst;

/// What a run builds and where its parts are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Built {
    /// Digest of the image index.
    pub(crate) digest: String,
    /// Architecture and digest of each platform's manifest.
    pub(crate) platforms: Vec<(String, String)>,
    /// The attempt that built it.
    pub(crate) attempt: u64,
}

/// One run of a workflow.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) number: u64,
    /// Path of its workflow file.
    pub(crate) workflow: String,
    pub(crate) event: String,
    /// Branch or tag name.
    pub(crate) head: String,
    pub(crate) sha: String,
    pub(crate) title: String,
    pub(crate) actor: String,
    pub(crate) created: Timestamp,
    /// Version at its commit, without `v`.
    pub(crate) version: String,
    pub(crate) should_release: bool,
    /// The run that the scenario is about; the others are history and never go wrong.
    pub(crate) star: bool,
    pub(crate) payload: Option<Json>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) approvals: Vec<Approval>,
    pub(crate) built: Option<Built>,
}

impl Run {
    pub(crate) fn newest(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    pub(crate) fn newest_mut(&mut self) -> Option<&mut Attempt> {
        self.attempts.last_mut()
    }

    pub(crate) fn attempt(&self, number: u64) -> Option<&Attempt> {
        self.attempts
            .iter()
            .find(|attempt| attempt.number == number)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.newest()
            .is_none_or(|attempt| attempt.conclusion.is_some())
    }

    pub(crate) fn short_sha(&self) -> &str {
        self.sha.get(..7).unwrap_or_default()
    }

    /// File name of its workflow.
    pub(crate) fn workflow_file(&self) -> &str {
        self.workflow.rsplit('/').next().unwrap_or_default()
    }

    /// The ref as GitHub writes it in certificates and provenance.
    pub(crate) fn full_ref(&self) -> String {
        if self.head.starts_with('v') {
            format!("refs/tags/{}", self.head)
        } else {
            format!("refs/heads/{}", self.head)
        }
    }

    pub(crate) fn succeeded(&self) -> bool {
        self.newest()
            .is_some_and(|attempt| attempt.conclusion == Some(Conclusion::Success))
    }
}

impl Attempt {
    /// Status and conclusion as the API words them.
    pub(crate) fn status(&self) -> (&'static str, Option<&'static str>) {
        if let Some(conclusion) = self.conclusion {
            return ("completed", Some(conclusion.word()));
        }
        let listed = || self.insts.iter().filter(|inst| inst.id.is_some());
        let any = |test: fn(&State) -> bool| listed().any(|inst| test(&inst.state));
        let status = if any(|state| matches!(state, State::Running(_))) {
            "in_progress"
        } else if any(|state| matches!(state, State::Waiting(_)))
            && !any(|state| matches!(state, State::Queued(_)))
        {
            "waiting"
        } else if any(|state| matches!(state, State::Done(_))) {
            "in_progress"
        } else {
            "queued"
        };
        (status, None)
    }
}

/// One step of a job as it is at a moment.
#[derive(Debug, Clone)]
pub(crate) struct StepView {
    pub(crate) number: usize,
    pub(crate) name: String,
    pub(crate) status: &'static str,
    pub(crate) conclusion: Option<&'static str>,
    pub(crate) started: Option<Timestamp>,
    pub(crate) completed: Option<Timestamp>,
}

impl Inst {
    /// Status and conclusion as the API words them.
    pub(crate) fn status(&self) -> (&'static str, Option<&'static str>) {
        match self.state {
            State::Blocked | State::Open | State::Queued(_) => ("queued", None),
            State::Waiting(_) => ("waiting", None),
            State::Running(_) => ("in_progress", None),
            State::Done(conclusion) => ("completed", Some(conclusion.word())),
        }
    }

    /// The steps at `now`: a set-up step, those of the file, a clean-up for each action, a last one.
    pub(crate) fn steps_at(&self, now: Timestamp) -> Vec<StepView> {
        let (Some(started), Some(plan)) = (self.started, self.plan) else {
            return Vec::new();
        };
        let names = self.step_names();
        let over = self.completed;
        let cancelled = matches!(self.state, State::Done(Conclusion::Cancelled));
        let total: u32 = names.iter().map(|(_, weight)| *weight).sum();
        let mut spent = 0u32;
        let mut out = Vec::new();
        for (index, (name, weight)) in names.iter().enumerate() {
            let at = |part: u32| {
                let share = f64::from(part) / f64::from(total.max(1));
                let offset = plan.duration.mul_f64(share);
                let exact = crate::sim::clock::plus(started, offset);
                let whole = Timestamp::from_second(exact.as_second()).unwrap_or(exact);
                over.map_or(whole, |end| whole.min(end))
            };
            let (from, to) = (at(spent), at(spent + weight));
            spent += weight;
            // Index 0 is the set-up step, so the file's step `n` (from 0) has index `n + 1`.
            let failed = self.failed_step == Some(index.wrapping_sub(1));
            let passed_over = self
                .failed_step
                .is_some_and(|step| index > step + 1 && index <= self.steps.len());
            let last = index + 1 == names.len();
            let (status, conclusion) = match over {
                Some(_) if failed => ("completed", Some("failure")),
                Some(_) if passed_over => ("completed", Some("skipped")),
                Some(end) if cancelled && from >= end && !last => ("completed", Some("skipped")),
                Some(end) if cancelled && to >= end && !last => ("completed", Some("cancelled")),
                Some(_) => ("completed", Some("success")),
                None if now >= to && !last && !passed_over && !failed => {
                    ("completed", Some("success"))
                }
                None if now >= from && !passed_over => ("in_progress", None),
                None => ("queued", None),
            };
            out.push(StepView {
                number: index + 1,
                name: name.clone(),
                status,
                conclusion,
                started: (status != "queued").then_some(from),
                completed: (status == "completed").then_some(if last {
                    over.unwrap_or(to)
                } else {
                    to
                }),
            });
        }
        out
    }

    fn step_names(&self) -> Vec<(String, u32)> {
        let weigh = |name: &str| 20 + name.bytes().map(u32::from).sum::<u32>() % 60;
        if self.home.1 == "leg" {
            // A generated job changes at even distances.
            return self.steps.iter().map(|name| (name.clone(), 1)).collect();
        }
        let mut names = vec![("Set up job".to_owned(), 8)];
        names.extend(self.steps.iter().map(|name| {
            let light = name.contains("checkout") || name.contains("login-action");
            (name.clone(), if light { 6 } else { weigh(name) })
        }));
        let posts = self.steps.iter().rev();
        names.extend(posts.filter_map(|name| {
            let action = name.strip_prefix("Run ").filter(|rest| is_action(rest))?;
            Some((format!("Post Run {action}"), 2))
        }));
        names.push(("Complete job".to_owned(), 1));
        names
    }
}

/// Whether what a step runs is an action, `OWNER/NAME@VERSION`, rather than a command.
fn is_action(text: &str) -> bool {
    !text.contains(' ') && text.contains('/') && text.contains('@')
}
