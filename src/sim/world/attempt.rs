//! One attempt of a run: its jobs, and how they move as time goes by.

use std::time::Duration;

use jiff::Timestamp;

use super::expr::{self, Scope, Value};
use super::inst::{Inst, expand};
use super::pipeline::Workflow;
use crate::sim::clock::plus;
use crate::sim::scenario::{Outcome, Review};

/// How a job or a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conclusion {
    Success,
    Failure,
    Cancelled,
    Skipped,
    TimedOut,
}

impl Conclusion {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::TimedOut => "timed_out",
        }
    }

    /// What `needs.X.result` says; a time-out counts as a failure there.
    fn needs_word(self) -> &'static str {
        match self {
            Self::TimedOut => "failure",
            other => other.word(),
        }
    }
}

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Something that it needs has not ended; GitHub does not list it yet.
    Blocked,
    /// A called workflow or a matrix under way.
    Open,
    /// Held by a protection rule since then.
    Waiting(Timestamp),
    /// Waits for a runner that takes it then.
    Queued(Timestamp),
    /// Runs until then; `None` = until something else happens.
    Running(Option<Timestamp>),
    /// Ended.
    Done(Conclusion),
}

/// What the scenario lays down for one job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Profile {
    pub(crate) queue: Duration,
    pub(crate) duration: Duration,
    pub(crate) outcome: Outcome,
    pub(crate) fail_step: Option<usize>,
}

/// Something that a job does to the world at a moment of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Pack,
    FileProvenance,
    ScanReport,
    PushImage,
    Sign,
    Attest,
    TagVersion,
    TagMinor,
    TagLatest,
    DeletePrerelease,
    Dispatch,
    Upload,
    Release,
    CleanUp,
    ReportFailure,
    /// The version's tag gets the same content in other bytes.
    ReEncode,
}

/// A review of a gate.
#[derive(Debug, Clone)]
pub(crate) struct Approval {
    pub(crate) environment: String,
    pub(crate) review: Review,
    pub(crate) by: String,
    pub(crate) comment: String,
}

/// One attempt of a run.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) number: u64,
    pub(crate) started: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) by: String,
    pub(crate) insts: Vec<Inst>,
    pub(crate) cancelled: bool,
    /// Cancelled so that nothing more starts, whatever its condition.
    pub(crate) forced: bool,
    pub(crate) conclusion: Option<Conclusion>,
}

/// What an attempt asks of the world while it moves.
pub(crate) trait Surroundings {
    fn profile(&self, inst: &Inst) -> Profile;
    fn protected(&self, environment: &str) -> bool;
    fn context(&self, path: &str) -> Value;
    fn effects(&self, inst: &Inst, outcome: Outcome) -> Vec<(f64, Effect)>;
    /// Whether the job's end depends on another run.
    fn open_ended(&self, inst: &Inst) -> bool;
    fn next_job_id(&mut self) -> u64;
}

/// What happened in an attempt at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happening {
    Effect(Effect),
    Finished,
}

impl Attempt {
    /// A fresh attempt of the workflow at `path`.
    pub(crate) fn new(
        number: u64,
        at: Timestamp,
        by: &str,
        path: &str,
        find: &dyn Fn(&str) -> Option<Workflow>,
    ) -> Self {
        let mut insts = Vec::new();
        expand(&mut insts, path, find, None, "", "", 0);
        Self {
            number,
            started: at,
            updated: at,
            by: by.to_owned(),
            insts,
            cancelled: false,
            forced: false,
            conclusion: None,
        }
    }

    /// The attempt after this one: jobs in `again` start afresh, the others keep what they did.
    pub(crate) fn again(&self, at: Timestamp, by: &str, again: &[usize]) -> Self {
        let mut next = self.clone();
        next.number += 1;
        next.started = at;
        next.updated = at;
        by.clone_into(&mut next.by);
        next.cancelled = false;
        next.forced = false;
        next.conclusion = None;
        for (index, inst) in next.insts.iter_mut().enumerate() {
            if again.contains(&index) {
                inst.state = State::Blocked;
                inst.id = None;
                inst.created = None;
                inst.started = None;
                inst.completed = None;
                inst.failed_step = None;
                inst.plan = None;
                inst.marks.clear();
            } else if inst.group && matches!(inst.state, State::Done(_)) {
                let reopened = again
                    .iter()
                    .any(|again| self.ancestors(*again).contains(&index));
                if reopened {
                    inst.state = State::Open;
                }
            }
        }
        next
    }

    /// The jobs to start afresh when `roots` are, with all that depends on them.
    pub(crate) fn with_dependants(&self, roots: Vec<usize>) -> Vec<usize> {
        let mut chosen = roots;
        loop {
            let before = chosen.len();
            for (index, inst) in self.insts.iter().enumerate() {
                if chosen.contains(&index) {
                    continue;
                }
                let needs_chosen = inst.needs.iter().any(|(_, need)| {
                    chosen
                        .iter()
                        .any(|one| one == need || self.ancestors(*one).contains(need))
                });
                let inside_chosen = self
                    .ancestors(index)
                    .iter()
                    .any(|ancestor| chosen.contains(ancestor));
                if needs_chosen || inside_chosen {
                    chosen.push(index);
                }
            }
            if chosen.len() == before {
                return chosen;
            }
        }
    }

    fn ancestors(&self, index: usize) -> Vec<usize> {
        let mut out = Vec::new();
        let mut at = self.insts.get(index).and_then(|inst| inst.parent);
        while let Some(parent) = at {
            out.push(parent);
            at = self.insts.get(parent).and_then(|inst| inst.parent);
        }
        out
    }

    /// The moment of the next change, if one is due by itself.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        if self.conclusion.is_some() {
            return None;
        }
        let states = self.insts.iter().filter_map(|inst| match inst.state {
            State::Queued(at) => Some(at),
            State::Running(at) => at,
            _ => None,
        });
        let marks = self
            .insts
            .iter()
            .flat_map(|inst| inst.marks.iter().map(|(at, _)| *at));
        states.chain(marks).min()
    }

    /// Does what is due at `at`, then starts what may start.
    pub(crate) fn advance(
        &mut self,
        at: Timestamp,
        around: &mut dyn Surroundings,
    ) -> Vec<Happening> {
        let mut out = Vec::new();
        for index in 0..self.insts.len() {
            let Some(inst) = self.insts.get_mut(index) else {
                continue;
            };
            let mut due = Vec::new();
            inst.marks.retain(|(when, effect)| {
                let now = *when <= at;
                if now {
                    due.push(*effect);
                }
                !now
            });
            out.extend(due.into_iter().map(Happening::Effect));
            match inst.state {
                State::Queued(when) if when <= at => {
                    begin(inst, at, around);
                    self.updated = at;
                }
                State::Running(Some(when)) if when <= at => {
                    end(inst, at, Conclusion::Success);
                    self.updated = at;
                }
                _ => {}
            }
        }
        self.settle(at, around);
        if self.conclusion.is_none() && self.all_done() {
            self.conclusion = Some(self.aggregate(None));
            self.updated = at;
            out.push(Happening::Finished);
        }
        out
    }

    /// Ends an open-ended job.
    pub(crate) fn resolve(&mut self, index: usize, at: Timestamp, failed: bool) {
        if let Some(inst) = self.insts.get_mut(index) {
            if failed {
                inst.failed_step = Some(0);
                if let Some(plan) = &mut inst.plan {
                    plan.outcome = Outcome::Failure;
                    plan.fail_step = Some(1);
                }
                inst.marks.push((at, Effect::ReportFailure));
            }
            inst.state = State::Running(Some(at));
        }
    }

    /// Opens or closes the gate of `environment` for all jobs that wait for it now.
    pub(crate) fn review(
        &mut self,
        environment: &str,
        review: Review,
        at: Timestamp,
        around: &mut dyn Surroundings,
    ) -> Vec<Happening> {
        for inst in &mut self.insts {
            let waits = matches!(inst.state, State::Waiting(_))
                && inst.environment.as_deref() == Some(environment);
            if !waits {
                continue;
            }
            match review {
                Review::Approve => {
                    let queue = around.profile(inst).queue;
                    inst.state = State::Queued(plus(at, queue));
                }
                Review::Reject => finish(inst, at, Conclusion::Failure),
            }
        }
        self.updated = at;
        self.advance(at, around)
    }

    /// Cancels what has not ended. Jobs with `always()` still run, unless it is forced.
    pub(crate) fn cancel(
        &mut self,
        at: Timestamp,
        force: bool,
        around: &mut dyn Surroundings,
    ) -> Vec<Happening> {
        self.cancelled = true;
        self.forced |= force;
        self.updated = at;
        for inst in &mut self.insts {
            match inst.state {
                State::Waiting(_) | State::Queued(_) | State::Running(_) => {
                    inst.marks.clear();
                    finish(inst, at, Conclusion::Cancelled);
                }
                _ => {}
            }
        }
        self.advance(at, around)
    }

    pub(crate) fn all_done(&self) -> bool {
        self.insts
            .iter()
            .all(|inst| matches!(inst.state, State::Done(_)))
    }

    fn children(&self, index: usize) -> impl Iterator<Item = &Inst> {
        self.insts
            .iter()
            .filter(move |inst| inst.parent == Some(index))
    }

    /// The result of all jobs under `parent`; of the whole attempt for `None`.
    fn aggregate(&self, parent: Option<usize>) -> Conclusion {
        let mut results = Vec::new();
        for inst in self.insts.iter().filter(|inst| inst.parent == parent) {
            if let State::Done(conclusion) = inst.state {
                results.push(if inst.forgiven {
                    Conclusion::Success
                } else {
                    conclusion
                });
            }
        }
        let has = |wanted: Conclusion| results.contains(&wanted);
        if parent.is_none() && self.cancelled {
            Conclusion::Cancelled
        } else if has(Conclusion::Failure) || has(Conclusion::TimedOut) {
            Conclusion::Failure
        } else if has(Conclusion::Cancelled) {
            Conclusion::Cancelled
        } else if has(Conclusion::Success) || parent.is_none() {
            Conclusion::Success
        } else {
            Conclusion::Skipped
        }
    }

    fn settle(&mut self, at: Timestamp, around: &mut dyn Surroundings) {
        loop {
            let mut changed = false;
            for index in 0..self.insts.len() {
                changed |= self.settle_one(index, at, around);
            }
            if !changed {
                return;
            }
        }
    }

    fn settle_one(&mut self, index: usize, at: Timestamp, around: &mut dyn Surroundings) -> bool {
        let Some(inst) = self.insts.get(index) else {
            return false;
        };
        match inst.state {
            State::Open => {
                let over = self
                    .children(index)
                    .all(|child| matches!(child.state, State::Done(_)));
                if !over {
                    return false;
                }
                let result = self.aggregate(Some(index));
                if let Some(inst) = self.insts.get_mut(index) {
                    finish(inst, at, result);
                }
                true
            }
            State::Blocked if self.may_start(inst) => {
                let goes = self.condition_holds(inst, &*around);
                let Some(inst) = self.insts.get_mut(index) else {
                    return false;
                };
                if !goes {
                    inst.id = Some(around.next_job_id());
                    inst.created = Some(at);
                    finish(inst, at, Conclusion::Skipped);
                    inst.started = Some(at);
                    self.skip_children(index);
                } else if inst.group {
                    inst.state = State::Open;
                    inst.started = Some(at);
                } else {
                    make_ready(inst, at, around);
                }
                self.updated = at;
                true
            }
            _ => false,
        }
    }

    /// Children of something that was skipped are not listed at all.
    fn skip_children(&mut self, parent: usize) {
        let inside: Vec<usize> = (0..self.insts.len())
            .filter(|index| self.ancestors(*index).contains(&parent))
            .collect();
        for index in inside {
            if let Some(inst) = self.insts.get_mut(index) {
                inst.state = State::Done(Conclusion::Skipped);
            }
        }
    }

    fn may_start(&self, inst: &Inst) -> bool {
        let parent = inst.parent.and_then(|parent| self.insts.get(parent));
        if parent.is_some_and(|parent| parent.state != State::Open) {
            return false;
        }
        let ready = inst.needs.iter().all(|(_, need)| {
            self.insts
                .get(*need)
                .is_some_and(|need| matches!(need.state, State::Done(_)))
        });
        let room = parent
            .and_then(|parent| parent.max_parallel)
            .is_none_or(|most| {
                let busy = self.insts.iter().filter(|other| {
                    other.parent == inst.parent
                        && !matches!(other.state, State::Blocked | State::Done(_))
                });
                busy.count() < most
            });
        ready && room
    }

    fn condition_holds(&self, inst: &Inst, around: &dyn Surroundings) -> bool {
        let scope = JobScope {
            attempt: self,
            inst,
            around,
        };
        let implicit = || scope.status("success");
        match &inst.condition {
            _ if self.forced => false,
            None => implicit(),
            Some(source) if expr::names_status(source) => expr::evaluate(source, &scope).truthy(),
            Some(source) => implicit() && expr::evaluate(source, &scope).truthy(),
        }
    }
}

struct JobScope<'a> {
    attempt: &'a Attempt,
    inst: &'a Inst,
    around: &'a dyn Surroundings,
}

impl Scope for JobScope<'_> {
    fn context(&self, path: &str) -> Value {
        let needed = path
            .strip_prefix("needs.")
            .and_then(|rest| rest.strip_suffix(".result"));
        let Some(key) = needed else {
            return self.around.context(path);
        };
        let result = self
            .inst
            .needs
            .iter()
            .find(|(name, _)| name == key)
            .and_then(|(_, need)| self.attempt.insts.get(*need))
            .map(|need| match need.state {
                State::Done(conclusion) => conclusion.needs_word(),
                _ => "",
            });
        Value::Text(result.unwrap_or_default().to_owned())
    }

    fn status(&self, function: &str) -> bool {
        let results: Vec<Conclusion> = self
            .inst
            .needs
            .iter()
            .filter_map(|(_, need)| self.attempt.insts.get(*need))
            .filter_map(|need| match need.state {
                State::Done(_) if need.forgiven => Some(Conclusion::Success),
                State::Done(conclusion) => Some(conclusion),
                _ => None,
            })
            .collect();
        match function {
            "cancelled" => self.attempt.cancelled,
            "failure" => results
                .iter()
                .any(|result| matches!(result, Conclusion::Failure | Conclusion::TimedOut)),
            _ => {
                !self.attempt.cancelled
                    && results.iter().all(|result| *result == Conclusion::Success)
            }
        }
    }
}

fn make_ready(inst: &mut Inst, at: Timestamp, around: &mut dyn Surroundings) {
    inst.id = Some(around.next_job_id());
    inst.created = Some(at);
    let profile = around.profile(inst);
    let held = inst
        .environment
        .as_deref()
        .is_some_and(|environment| around.protected(environment));
    inst.state = if held {
        State::Waiting(at)
    } else {
        State::Queued(plus(at, profile.queue))
    };
}

fn begin(inst: &mut Inst, at: Timestamp, around: &mut dyn Surroundings) {
    let profile = around.profile(inst);
    inst.started = Some(at);
    inst.plan = Some(profile);
    let last = inst.steps.len().max(1);
    let fail_step = match profile.outcome {
        Outcome::Success | Outcome::Cancelled => None,
        Outcome::Failure | Outcome::TimedOut => {
            Some(profile.fail_step.unwrap_or(last).clamp(1, last))
        }
    };
    inst.failed_step = fail_step.map(|step| step - 1);
    let end = plus(at, profile.duration);
    inst.state = State::Running(if around.open_ended(inst) {
        None
    } else {
        Some(end)
    });
    // A job that goes wrong has done what came before.
    let marks = around.effects(inst, profile.outcome);
    inst.marks = marks
        .into_iter()
        .map(|(part, effect)| (plus(at, profile.duration.mul_f64(part)), effect))
        .collect();
}

fn end(inst: &mut Inst, at: Timestamp, otherwise: Conclusion) {
    let conclusion = match inst.plan.map(|plan| plan.outcome) {
        Some(Outcome::Failure) => Conclusion::Failure,
        Some(Outcome::TimedOut) => Conclusion::TimedOut,
        Some(Outcome::Cancelled) => Conclusion::Cancelled,
        _ => otherwise,
    };
    finish(inst, at, conclusion);
}

fn finish(inst: &mut Inst, at: Timestamp, conclusion: Conclusion) {
    inst.state = State::Done(conclusion);
    inst.completed = Some(at);
}
