//! The commands that change something: plan, show, confirm, carry out, and say how it ended.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::sync::Arc;

use color_eyre::eyre::{self, eyre};

use super::{INTERRUPTED, Session, print, print_json};
use crate::cli::{OnFailure, PlanFlags};
use crate::domain::journal::{Outcome, Record};
use crate::domain::plan::{Intent, Plan, PlanId, Proof, Refusal};
use crate::engine::desk::{Ended, Planning};
use crate::engine::{DeskMessage, Message, Model};
use crate::headless;
use crate::present::clean::clean;

/// Refused, or failed without a trace.
pub(super) const REFUSED: u8 = 1;
/// Left half-way; the journal says where.
const HALF_WAY: u8 = 3;

/// What is to be done and how.
pub(super) struct Act {
    /// What is wanted.
    pub(super) intent: Intent,
    /// How it is shown and confirmed.
    pub(super) flags: PlanFlags,
    /// What happens when it fails half-way.
    pub(super) on_failure: OnFailure,
}

/// Plans, confirms and carries out; gives the exit status.
pub(super) async fn act(mut session: Session, act: Act) -> eyre::Result<u8> {
    let planned = tokio::select! {
        planned = async {
            super::plain::settled(&mut session).await?;
            plan(&mut session, act.intent.clone()).await
        } => planned?,
        _ = tokio::signal::ctrl_c() => return Ok(INTERRUPTED),
    };
    let plan = match planned {
        Ok(plan) => plan,
        Err(refusal) => return refused(session.json, &refusal),
    };
    if act.flags.dry_run {
        let now = session.engine.model.borrow().now;
        if session.json {
            return print_json(&headless::plan::PlanV1::of(&plan, now));
        }
        return print(&headless::plan::text(&plan, now));
    }
    if !session.json && !session.quiet {
        let now = session.engine.model.borrow().now;
        print(&headless::plan::text(&plan, now))?;
    }
    let proof = proof(session.json, &plan, &act.flags)?;
    session
        .engine
        .send(Message::Desk(DeskMessage::Confirm(proof)));
    let id = plan.id.clone();
    let ended = match carried_out(&mut session, &id).await? {
        Ok(ended) => ended,
        Err(why) => {
            say(&why);
            return Ok(REFUSED);
        }
    };
    let mut status = status_of(ended.outcome);
    if status == HALF_WAY && act.on_failure == OnFailure::Undo {
        say(&format!("{}; taking back what was done", clean(&ended.why)));
        status = taken_back(&mut session, &id, &act.flags).await?;
    }
    tell(&session, &id, &ended)?;
    Ok(status)
}

/// The plan for what is wanted, from facts that were looked up for it.
async fn plan(session: &mut Session, intent: Intent) -> eyre::Result<Result<Arc<Plan>, Refusal>> {
    session
        .engine
        .send(Message::Desk(DeskMessage::Prepare(intent.clone())));
    let is_made = |model: &Model| matches!(&model.desk.planning, Planning::Ready { intent: made, .. } if *made == intent);
    let model = session.engine.wait_for(is_made).await;
    let model = model.ok_or_else(|| eyre!("the engine ended before there was a plan"))?;
    match &model.desk.planning {
        Planning::Ready { result, .. } => Ok(result.clone()),
        Planning::Idle | Planning::Preparing { .. } => Err(eyre!("the plan was put away")),
    }
}

/// How the user says yes: by the flag, or, where somebody is there to ask, by typing.
pub(super) fn proof(json: bool, plan: &Plan, flags: &PlanFlags) -> eyre::Result<Proof> {
    let Some(phrase) = &plan.phrase else {
        return Ok(Proof::Command(flags.yes.clone()));
    };
    let asks = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if flags.yes.is_some() || json || !asks {
        return Ok(Proof::Command(flags.yes.clone()));
    }
    let mut err = std::io::stderr();
    write!(err, "Type {} to go on: ", clean(phrase))?;
    err.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(Proof::Typed(line.trim().to_owned()))
}

/// Waits for the end of a plan, telling what is written meanwhile; `Err`: why it was not begun.
async fn carried_out(session: &mut Session, id: &PlanId) -> eyre::Result<Result<Ended, String>> {
    let mut told = 0;
    let mut stopping = false;
    loop {
        let model = Arc::clone(&session.engine.model.borrow_and_update());
        if let Planning::Ready {
            not_confirmed: Some(why),
            ..
        } = &model.desk.planning
        {
            return Ok(Err(why.clone()));
        }
        let ledger = model.ledger();
        let record = ledger.find(id);
        if let Some(record) = record
            && !session.json
            && !session.quiet
        {
            let lines = headless::journal::lines(record, told);
            told = record.entries.len();
            print(&lines)?;
        }
        if let Some(ended) = model.desk.ended.as_ref().filter(|ended| ended.plan == *id) {
            let Some(outcome) = ended.outcome else {
                return Ok(Err(ended.why.clone()));
            };
            // What was written last may come after the word that it has ended.
            let is_told = record.is_none_or(|record| {
                record
                    .closed
                    .as_ref()
                    .is_some_and(|(known, _)| *known == outcome)
            });
            if is_told {
                return Ok(Ok(ended.clone()));
            }
        }
        tokio::select! {
            changed = session.engine.model.changed() => changed?,
            _ = tokio::signal::ctrl_c(), if !stopping => {
                stopping = true;
                say("stopping before the next step");
                session.engine.send(Message::Desk(DeskMessage::Stop));
            }
        }
    }
}

/// Takes a plan back that failed half-way; gives the exit status of the whole.
async fn taken_back(session: &mut Session, id: &PlanId, flags: &PlanFlags) -> eyre::Result<u8> {
    let undo = match plan(session, Intent::Undo(id.clone())).await? {
        Ok(undo) => undo,
        Err(refusal) => {
            say(&format!(
                "{} {}",
                clean(&refusal.what),
                clean(&refusal.unblock)
            ));
            return Ok(HALF_WAY);
        }
    };
    let proof = Proof::Command(flags.yes.clone().or_else(|| undo.phrase.clone()));
    session
        .engine
        .send(Message::Desk(DeskMessage::Confirm(proof)));
    match carried_out(session, &undo.id).await? {
        Ok(ended) if ended.outcome == Some(Outcome::Done) => Ok(REFUSED),
        Ok(ended) => {
            say(&clean(&ended.why));
            Ok(HALF_WAY)
        }
        Err(why) => {
            say(&clean(&why));
            Ok(HALF_WAY)
        }
    }
}

/// What came of it, in the form that was asked for.
fn tell(session: &Session, id: &PlanId, ended: &Ended) -> eyre::Result<()> {
    let model = Arc::clone(&session.engine.model.borrow());
    let ledger = model.ledger();
    if session.json {
        if let Some(record) = ledger.find(id) {
            print_json(&headless::journal::RecordV1::of(record))?;
        }
    } else if status_of(ended.outcome) != 0 {
        say(&clean(&ended.why));
        say_next(ledger.find(id));
    }
    Ok(())
}

/// What to do with a plan that was left half-way.
pub(super) fn say_next(record: Option<&Record>) {
    if let Some(record) = record.filter(|record| record.state().is_open()) {
        let id = &record.plan.id;
        say(&format!(
            "`gonogo journal resume {id}` goes on, `gonogo journal undo {id}` takes it back"
        ));
    }
}

pub(super) fn refused(json: bool, refusal: &Refusal) -> eyre::Result<u8> {
    say(&format!(
        "{} {}",
        clean(&refusal.what),
        clean(&refusal.unblock)
    ));
    if json {
        print_json(&headless::plan::RefusalV1::of(refusal))?;
    }
    Ok(REFUSED)
}

pub(super) fn status_of(outcome: Option<Outcome>) -> u8 {
    match outcome {
        Some(Outcome::Done | Outcome::Undone) => 0,
        Some(Outcome::Refused) | None => REFUSED,
        Some(Outcome::Stopped) => HALF_WAY,
    }
}

/// One sentence on stderr: what was refused or failed is said even where the rest is quiet.
pub(super) fn say(sentence: &str) {
    let _ = writeln!(std::io::stderr(), "gonogo: {sentence}");
}
