//! The simulated world: runs that move with virtual time, and what they leave behind.

pub(crate) mod attempt;
mod effects;
pub(crate) mod expr;
pub(crate) mod inst;
pub(crate) mod outside;
pub(crate) mod pipeline;
pub(crate) mod repo;
pub(crate) mod run;
pub(crate) mod scan;
mod seed;
mod truth;
mod yaml;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;

pub use truth::Truth;

use self::attempt::{Approval, Attempt, Effect, Happening, Profile, State, Surroundings};
use self::expr::{Scope, Value};
use self::inst::Inst;
use self::outside::Outside;
use self::pipeline::Workflow;
use self::repo::{OTHER, Repo};
use self::run::Run;
use super::clock::plus;
use super::forgery::When;
use super::maintainer::Change;
use super::scenario::{Outcome, Review, Scenario};

/// A workflow file of the repository.
#[derive(Debug, Clone)]
pub(crate) struct WorkflowFile {
    pub(crate) id: u64,
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) spec: Workflow,
    /// Whether something but a call can start it; GitHub lists only workflows that ran.
    pub(crate) listed: bool,
    pub(crate) enabled: bool,
}

/// A run that is going to start.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) at: Timestamp,
    pub(crate) workflow: String,
    pub(crate) event: String,
    pub(crate) head: String,
    pub(crate) sha: String,
    pub(crate) actor: String,
    pub(crate) star: bool,
    pub(crate) payload: Option<Json>,
    /// Known before the start when somebody asked for it.
    pub(crate) id: Option<u64>,
}

/// Everything that the simulated services show.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) now: Timestamp,
    pub(crate) files: Vec<WorkflowFile>,
    pub(crate) runs: BTreeMap<u64, Run>,
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) repo: Repo,
    pub(crate) outside: Box<dyn Outside>,
    pub(crate) ids: Ids,
    /// What clients asked to be changed at GitHub, in order.
    pub(crate) changes: Vec<Change>,
    /// What an effect could not do; the rehearsal and the tests look here.
    pub(crate) troubles: Vec<String>,
}

/// The next free number of each kind.
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    pub(crate) run: u64,
    pub(crate) job: u64,
    pub(crate) other: u64,
    pub(crate) run_numbers: BTreeMap<String, u64>,
}

impl Ids {
    pub(crate) fn next_other(&mut self) -> u64 {
        self.other += 1;
        self.other
    }

    pub(crate) fn next_run(&mut self) -> u64 {
        self.run += 7_919;
        self.run
    }
}

impl World {
    /// The moment of the next change that comes by itself.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        let arrivals = self.arrivals.iter().map(|arrival| arrival.at);
        let runs = self.runs.values().filter(|run| !run.is_over());
        let changes = runs.filter_map(|run| {
            let gates = self.gates_due(run).into_iter().map(|(at, _, _)| at);
            run.newest()?.next().into_iter().chain(gates).min()
        });
        arrivals.chain(changes).min()
    }

    /// Lets everything happen that is due until `to`, in order.
    pub(crate) fn advance(&mut self, to: Timestamp) {
        while let Some(at) = self.next().filter(|at| *at <= to) {
            self.now = self.now.max(at);
            self.turn(at);
        }
        self.now = self.now.max(to);
    }

    fn turn(&mut self, at: Timestamp) {
        let (due, later) = std::mem::take(&mut self.arrivals)
            .into_iter()
            .partition(|arrival| arrival.at <= at);
        self.arrivals = later;
        for arrival in due {
            self.arrive(arrival);
        }
        let active: Vec<u64> = self
            .runs
            .values()
            .filter(|run| !run.is_over())
            .map(|run| run.id)
            .collect();
        for id in active {
            let gates = self.runs.get(&id).map(|run| self.gates_due(run));
            for (when, environment, review) in gates.into_iter().flatten() {
                if when <= at {
                    self.review(id, &environment, review, OTHER, "looks good", at);
                }
            }
            self.with_attempt(id, |attempt, around| attempt.advance(at, around));
        }
    }

    /// When the simulated human reviews which environments of a run.
    fn gates_due(&self, run: &Run) -> Vec<(Timestamp, String, Review)> {
        let mut out = Vec::new();
        for inst in run.newest().into_iter().flat_map(|attempt| &attempt.insts) {
            let (State::Waiting(since), Some(environment)) = (inst.state, &inst.environment) else {
                continue;
            };
            let rule = self.scenario.gates.iter().find(|rule| {
                file_is(&rule.workflow, run.workflow_file()) && covers(&rule.path, &inst.path)
            });
            let due = if run.star {
                rule.map(|rule| (rule.after, rule.review))
            } else {
                Some((Duration::from_secs(95), Review::Approve))
            };
            if let Some((after, review)) = due {
                out.push((plus(since, after), environment.clone(), review));
            }
        }
        out
    }

    fn arrive(&mut self, arrival: Arrival) {
        let Some(file) = self.file(&arrival.workflow).cloned() else {
            return;
        };
        let commit = self.repo.commit(&arrival.sha);
        let version = commit
            .map(|commit| commit.version.clone())
            .unwrap_or_default();
        let first_line = commit
            .and_then(|commit| commit.message.lines().next())
            .unwrap_or_default()
            .to_owned();
        let exists = self.repo.release(&format!("v{version}")).is_some();
        let id = arrival.id.unwrap_or_else(|| self.ids.next_run());
        let number = self.ids.run_numbers.entry(file.path.clone()).or_insert(0);
        *number += 1;
        let title = file.spec.run_name.as_deref().map_or(first_line, |name| {
            let scope = EventScope {
                head: &arrival.head,
                payload: arrival.payload.as_ref(),
            };
            expr::interpolate(name, &scope)
        });
        let attempt = Attempt::new(1, arrival.at, &arrival.actor, &file.path, &|path| {
            self.file(path).map(|file| file.spec.clone())
        });
        let run = Run {
            id,
            number: *self.ids.run_numbers.get(&file.path).unwrap_or(&1),
            workflow: file.path,
            should_release: !(arrival.event == "push" && arrival.head == "main" && exists),
            event: arrival.event,
            head: arrival.head,
            sha: arrival.sha,
            title,
            actor: arrival.actor,
            created: arrival.at,
            version,
            star: arrival.star,
            payload: arrival.payload,
            attempts: vec![attempt],
            approvals: Vec::new(),
            built: None,
        };
        let at = run.created;
        self.runs.insert(id, run);
        self.with_attempt(id, |attempt, around| attempt.advance(at, around));
    }

    /// Reviews a gate of a run. Returns whether anything waited for it.
    pub(crate) fn review(
        &mut self,
        id: u64,
        environment: &str,
        review: Review,
        by: &str,
        comment: &str,
        at: Timestamp,
    ) -> bool {
        let waits = |inst: &Inst| {
            matches!(inst.state, State::Waiting(_))
                && inst.environment.as_deref() == Some(environment)
        };
        let Some(run) = self.runs.get_mut(&id) else {
            return false;
        };
        if !run
            .newest()
            .is_some_and(|attempt| attempt.insts.iter().any(waits))
        {
            return false;
        }
        run.approvals.push(Approval {
            environment: environment.to_owned(),
            review,
            by: by.to_owned(),
            comment: comment.to_owned(),
        });
        let environment = environment.to_owned();
        self.with_attempt(id, |attempt, around| {
            attempt.review(&environment, review, at, around)
        });
        true
    }

    /// Cancels a run. Returns false when it has ended.
    pub(crate) fn cancel(&mut self, id: u64, force: bool, at: Timestamp) -> bool {
        if self.runs.get(&id).is_none_or(Run::is_over) {
            return false;
        }
        self.with_attempt(id, |attempt, around| attempt.cancel(at, force, around));
        true
    }

    /// Starts the next attempt of a run that has ended, with the jobs that `choose` picks and their dependants.
    pub(crate) fn rerun(
        &mut self,
        id: u64,
        by: &str,
        at: Timestamp,
        choose: &dyn Fn(&Inst) -> bool,
    ) -> bool {
        let Some(run) = self.runs.get_mut(&id).filter(|run| run.is_over()) else {
            return false;
        };
        let Some(last) = run.newest() else {
            return false;
        };
        let roots: Vec<usize> = (0..last.insts.len())
            .filter(|index| last.insts.get(*index).is_some_and(choose))
            .collect();
        if roots.is_empty() {
            return false;
        }
        let again = last.with_dependants(roots);
        let mut next = last.again(at, by, &again);
        for inst in &mut next.insts {
            if inst.id.is_some() {
                self.ids.job += 13;
                inst.id = Some(self.ids.job);
            }
        }
        run.attempts.push(next);
        self.with_attempt(id, |attempt, around| attempt.advance(at, around));
        true
    }

    /// Lets the newest attempt of a run move, then does to the world what its jobs did.
    fn with_attempt(
        &mut self,
        id: u64,
        work: impl FnOnce(&mut Attempt, &mut dyn Surroundings) -> Vec<Happening>,
    ) {
        let Some(mut run) = self.runs.remove(&id) else {
            return;
        };
        let mut around = Around {
            scenario: &self.scenario,
            repo: &self.repo,
            ids: &mut self.ids,
            file: run.workflow_file().to_owned(),
            star: run.star,
            seed: run.id,
            should_release: run.should_release,
            head: run.head.clone(),
            payload: run.payload.clone(),
            attempt: run.newest().map_or(1, |attempt| attempt.number),
        };
        let happenings = run
            .newest_mut()
            .map(|attempt| work(attempt, &mut around))
            .unwrap_or_default();
        self.runs.insert(id, run);
        for happening in happenings {
            match happening {
                Happening::Effect(effect) => self.effect(id, effect),
                Happening::Finished => self.finished(id),
            }
        }
    }

    fn effect(&mut self, id: u64, effect: Effect) {
        if let Err(error) = self.apply(id, effect) {
            self.troubles.push(format!("{effect:?}: {error}"));
        }
        if self.runs.get(&id).is_some_and(|run| run.star) {
            self.befall(When::After(effect));
        }
    }

    /// Lets happen what the scenario forges at this moment.
    fn befall(&mut self, when: When) {
        for forgery in self.scenario.forge.clone() {
            if let Err(error) = forgery.befall(when, self) {
                self.troubles.push(format!("{forgery:?}: {error}"));
            }
        }
    }

    /// A publish run that ended lets the job that watches it end.
    fn finished(&mut self, id: u64) {
        let Some(run) = self.runs.get(&id) else {
            return;
        };
        let failed = !run.succeeded();
        let parent = run
            .payload
            .as_ref()
            .and_then(|payload| payload.get("run_id"))
            .and_then(|value| match value {
                Json::String(text) => text.parse().ok(),
                other => other.as_u64(),
            });
        let at = plus(self.now, Duration::from_secs(9));
        let watching = parent.and_then(|parent: u64| self.runs.get_mut(&parent));
        let Some(attempt) = watching.and_then(Run::newest_mut) else {
            return;
        };
        for index in 0..attempt.insts.len() {
            let watches = attempt.insts.get(index).is_some_and(|inst| {
                inst.path == effects::MONITOR && matches!(inst.state, State::Running(None))
            });
            if watches {
                attempt.resolve(index, at, failed);
            }
        }
    }

    pub(crate) fn file(&self, path: &str) -> Option<&WorkflowFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// A workflow by number or file name.
    pub(crate) fn workflow(&self, name: &str) -> Option<&WorkflowFile> {
        let number = name.parse::<u64>().ok();
        self.files.iter().find(|file| {
            file.listed && (Some(file.id) == number || file.path.rsplit('/').next() == Some(name))
        })
    }

    /// The run that the scenario is about; without one, the newest release run.
    pub(crate) fn star(&self) -> Option<&Run> {
        let releases = || {
            self.runs
                .values()
                .filter(|run| run.workflow_file() == "release.yml")
        };
        releases()
            .filter(|run| run.star)
            .max_by_key(|run| run.id)
            .or_else(|| releases().max_by_key(|run| run.id))
    }

    /// A job by its number, with its run and attempt.
    pub(crate) fn job(&self, id: u64) -> Option<(&Run, &Attempt, &Inst)> {
        self.runs.values().find_map(|run| {
            run.attempts.iter().find_map(|attempt| {
                let inst = attempt.insts.iter().find(|inst| inst.id == Some(id))?;
                Some((run, attempt, inst))
            })
        })
    }
}

/// Whether a rule's path covers a job's: the same, or something above it.
fn covers(rule: &str, path: &str) -> bool {
    rule.is_empty()
        || path
            .strip_prefix(rule)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn file_is(rule: &str, file: &str) -> bool {
    rule == file || (rule.is_empty() && file == "release.yml")
}

struct EventScope<'a> {
    head: &'a str,
    payload: Option<&'a Json>,
}

impl Scope for EventScope<'_> {
    fn context(&self, path: &str) -> Value {
        if path == "github.ref_name" {
            return Value::Text(self.head.to_owned());
        }
        let value = path
            .strip_prefix("github.event.client_payload.")
            .and_then(|key| self.payload?.get(key));
        match value {
            Some(Json::String(text)) => Value::Text(text.clone()),
            Some(Json::Bool(value)) => Value::Bool(*value),
            Some(Json::Number(number)) => Value::Text(number.to_string()),
            _ => Value::Null,
        }
    }

    fn status(&self, _function: &str) -> bool {
        true
    }
}

struct Around<'a> {
    scenario: &'a Scenario,
    repo: &'a Repo,
    ids: &'a mut Ids,
    file: String,
    star: bool,
    seed: u64,
    should_release: bool,
    head: String,
    payload: Option<Json>,
    attempt: u64,
}

impl Surroundings for Around<'_> {
    fn profile(&self, inst: &Inst) -> Profile {
        let rules = || {
            self.scenario.jobs.iter().filter(|rule| {
                file_is(&rule.workflow, &self.file)
                    && covers(&rule.path, &inst.path)
                    && inst.name.contains(&rule.leg)
            })
        };
        let queue = rules().find_map(|rule| rule.queue);
        let duration = rules()
            .find_map(|rule| rule.duration)
            .unwrap_or(Duration::from_secs(60));
        let fate = rules().find(|rule| rule.outcome.is_some()).filter(|rule| {
            self.star
                && rule
                    .heals_at_attempt
                    .is_none_or(|heals| self.attempt < heals)
        });
        let exact = inst.home.1 == "leg";
        Profile {
            queue: queue.unwrap_or(Duration::from_secs(5)),
            duration: if exact {
                duration
            } else {
                vary(duration, self.seed, &inst.name)
            },
            outcome: fate
                .and_then(|rule| rule.outcome)
                .unwrap_or(Outcome::Success),
            fail_step: fate.and_then(|rule| rule.fail_step),
        }
    }

    fn protected(&self, environment: &str) -> bool {
        self.repo
            .environment(environment)
            .is_some_and(|environment| {
                !environment.reviewers.is_empty() || environment.wait_minutes > 0
            })
    }

    fn context(&self, path: &str) -> Value {
        match path {
            "needs.version-check.outputs.should_release" => {
                Value::Text(self.should_release.to_string())
            }
            other => EventScope {
                head: &self.head,
                payload: self.payload.as_ref(),
            }
            .context(other),
        }
    }

    fn effects(&self, inst: &Inst, outcome: Outcome) -> Vec<(f64, Effect)> {
        let (file, key) = (&inst.home.0, &inst.home.1);
        match outcome {
            Outcome::Success => effects::of(file, key),
            _ => effects::before_failure(file, key, self.scenario.fails_with),
        }
    }

    fn open_ended(&self, inst: &Inst) -> bool {
        inst.path == effects::MONITOR && self.file == "release.yml"
    }

    fn next_job_id(&mut self) -> u64 {
        self.ids.job += 13;
        self.ids.job
    }
}

/// A duration that differs by up to an eighth between runs, always in the same way, in whole seconds.
fn vary(duration: Duration, seed: u64, name: &str) -> Duration {
    let mixed = name.bytes().fold(seed | 1, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    let share = f64::from(u16::try_from(mixed % 1000).unwrap_or(500)) / 1000.0;
    let seconds = duration.mul_f64(0.875 + share / 4.0).as_secs();
    Duration::from_secs(seconds.max(1))
}
