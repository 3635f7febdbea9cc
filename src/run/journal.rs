//! The journal's commands. They need no engine: what was begun is written down, and every step is looked up anew.

use std::collections::BTreeSet;

use color_eyre::eyre;

use super::act::{REFUSED, proof, refused, say, say_next, status_of};
use super::{connect, flags, log_to_stderr, print, print_json, tokio_runtime};
use crate::cli::{Global, JournalCommand, PlanFlags};
use crate::config::{Config, Environment, Mode};
use crate::domain::assess::Board;
use crate::domain::journal::{Entry, Ledger, Record};
use crate::domain::outlook::Outlook;
use crate::domain::plan::{Confirmed, Ground, Intent, Plan, PlanId, confirm, confirm_again, make};
use crate::domain::snapshot::Snapshot;
use crate::domain::time::Timestamp;
use crate::door::store::Store;
use crate::door::{Running, Stop};
use crate::engine::runtime::{Clock as _, SystemClock};
use crate::headless::{self, journal as words};
use crate::net::Limits;
use crate::present::clean::clean;

/// Runs one of them; gives the exit status.
pub(super) fn run(global: &Global, command: Option<&JournalCommand>) -> eyre::Result<u8> {
    let env = Environment::of_process();
    let config = Config::load(&env, &flags(global))?;
    let ledger = Store::new(&config.paths.state).ledger()?;
    let now = SystemClock.now();
    let desk = Desk {
        global,
        env,
        config,
        now,
    };
    match command {
        None | Some(JournalCommand::List) if global.json => {
            print_json(&words::JournalV1::of(&ledger))
        }
        None | Some(JournalCommand::List) => print(&words::list(&ledger, now)),
        Some(JournalCommand::Show { id }) => match ledger.find(id) {
            Some(record) if global.json => print_json(&words::RecordV1::of(record)),
            Some(record) => print(&words::show(record, now)),
            None => Ok(unknown(id)),
        },
        Some(JournalCommand::Resume { id, plan }) => match ledger.find(id) {
            Some(record) => desk.resume(record, plan),
            None => Ok(unknown(id)),
        },
        Some(JournalCommand::Undo { id, plan }) => desk.undo(&ledger, id, plan),
    }
}

fn unknown(id: &PlanId) -> u8 {
    say(&format!(
        "the journal knows no plan {id}; `gonogo journal list` prints their ids"
    ));
    REFUSED
}

/// What the commands that carry something out share.
struct Desk<'a> {
    global: &'a Global,
    env: Environment,
    config: Config,
    now: Timestamp,
}

/// Whether a plan is begun or gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Afresh,
    Again,
}

impl Desk<'_> {
    fn resume(self, record: &Record, flags: &PlanFlags) -> eyre::Result<u8> {
        if flags.dry_run {
            return self.show(&record.plan);
        }
        if !record.state().is_open() {
            let (id, state) = (&record.plan.id, record.state().name());
            say(&format!(
                "plan {id} is {state}: there is nothing to go on with"
            ));
            return Ok(REFUSED);
        }
        let proof = proof(self.global.json, &record.plan, flags)?;
        match confirm_again(record.plan.clone(), proof, self.now) {
            Ok(confirmed) => self.carry_out(&confirmed, How::Again),
            Err(error) => {
                say(&error.to_string());
                Ok(REFUSED)
            }
        }
    }

    fn undo(self, ledger: &Ledger, id: &PlanId, flags: &PlanFlags) -> eyre::Result<u8> {
        let made = self.undo_plan(ledger, id)?;
        let plan = match made {
            Ok(plan) => plan,
            Err(refusal) => return refused(self.global.json, &refusal),
        };
        if flags.dry_run {
            return self.show(&plan);
        }
        if !self.global.json && !self.global.quiet {
            print(&headless::plan::text(&plan, self.now))?;
        }
        let proof = proof(self.global.json, &plan, flags)?;
        match confirm(plan, proof, self.now) {
            Ok(confirmed) => self.carry_out(&confirmed, How::Afresh),
            Err(error) => {
                say(&error.to_string());
                Ok(REFUSED)
            }
        }
    }

    /// What was done is taken back by what the journal says alone.
    fn undo_plan(
        &self,
        ledger: &Ledger,
        id: &PlanId,
    ) -> eyre::Result<Result<Plan, crate::domain::plan::Refusal>> {
        let policy = self.config.require_policy(&self.env)?;
        let ground = Ground {
            snapshot: &Snapshot::default(),
            policy,
            outlook: &Outlook::default(),
            board: &Board::default(),
            stale: &BTreeSet::new(),
            ledger,
            now: self.now,
        };
        Ok(make(&Intent::Undo(id.clone()), &ground))
    }

    fn show(&self, plan: &Plan) -> eyre::Result<u8> {
        if self.global.json {
            return print_json(&headless::plan::PlanV1::of(plan, self.now));
        }
        print(&headless::plan::text(plan, self.now))
    }

    /// Opens the door for this plan alone. Ctrl-C stops it between two steps.
    fn carry_out(self, confirmed: &Confirmed, how: How) -> eyre::Result<u8> {
        if self.config.mode == Mode::ReadOnly {
            say("this session is read-only: it changes nothing");
            return Ok(REFUSED);
        }
        log_to_stderr(self.global);
        let policy = self.config.require_policy(&self.env)?.clone();
        let (json, quiet) = (self.global.json, self.global.quiet);
        let runtime = tokio_runtime()?;
        let status = runtime.block_on(async {
            let opened = connect::door(&self.config, &self.env, &policy, Limits::default()).await;
            let (door, by) = match opened {
                Ok(opened) => opened,
                Err(failure) => {
                    say(&format!("{} {}", failure.what, failure.advice));
                    return Ok(REFUSED);
                }
            };
            let told = move |entry: &Entry| {
                if !json && !quiet {
                    // A reader that has gone away does not stop a plan half-way.
                    let _ = print(&words::line(entry));
                }
            };
            let stop = Stop::default();
            let running = Running {
                by: &by,
                clock: &|| SystemClock.now(),
                told: &told,
                stop: &stop,
            };
            let going = async {
                match how {
                    How::Afresh => door.execute(confirmed, &running).await,
                    How::Again => door.resume(confirmed, &running).await,
                }
            };
            let stopping = async {
                if tokio::signal::ctrl_c().await.is_ok() {
                    say("stopping before the next step");
                    stop.now();
                }
                std::future::pending::<()>().await;
            };
            let ended = tokio::select! {
                ended = going => ended,
                () = stopping => return Ok(REFUSED),
            };
            let ended = match ended {
                Ok(ended) => ended,
                Err(error) => {
                    say(&error.to_string());
                    return Ok(REFUSED);
                }
            };
            let status = status_of(Some(ended.outcome));
            let ledger = door.store().ledger()?;
            let record = ledger.find(&confirmed.plan().id);
            if json {
                if let Some(record) = record {
                    print_json(&words::RecordV1::of(record))?;
                }
            } else if status != 0 {
                say(&clean(&ended.why));
                say_next(record);
            }
            Ok(status)
        });
        super::end(runtime);
        status
    }
}
