//! What the board says of what a review lets go, and whether that may be overridden.

use std::collections::BTreeSet;

use super::gate::Waiting;
use crate::domain::assess::{Act, Board, Row, Verdict};
use crate::domain::plan::weigh::{blocks, weigh};
use crate::domain::plan::{Ground, Override, Refusal, RefusalKind};

/// Of what only cleans up, these alone have to hold: everything else that the board tells is what is to be cleaned up.
const FOR_CLEANING_UP: [&str; 2] = ["credentials", "gate-protected"];

/// The board's word, and what follows from it.
#[derive(Debug, Default)]
pub(super) struct Word {
    /// What would be let go does this.
    pub(super) acts: BTreeSet<Act>,
    /// The verdict, as people say it.
    pub(super) verdict: String,
    /// The rules that say no and are overridden.
    pub(super) overridden: Option<Override>,
    /// What a person should know.
    pub(super) notes: Vec<String>,
}

/// The board's word where what waits may go on.
pub(super) fn to_go_on(
    waiting: &Waiting<'_>,
    reason: Option<&str>,
    ground: &Ground<'_>,
) -> Result<Word, Refusal> {
    let board = ground.board;
    if !speaks_of(board, waiting) {
        return Err(Refusal::new(
            RefusalKind::CannotTell,
            format!(
                "The board does not speak of what waits in run #{}, so nothing says whether it may go on.",
                waiting.run.number
            ),
            format!(
                "Watch the release that it belongs to, and look again; `--run {}` names it.",
                waiting.run.id
            ),
        ));
    }
    let mut word = Word {
        acts: board.next.acts.clone(),
        verdict: said(board.verdict()).to_owned(),
        ..Word::default()
    };
    let cleans_up = board.next.acts.iter().eq([&Act::CleanUp]);
    let counts = |row: &&Row| !cleans_up || FOR_CLEANING_UP.contains(&row.id.as_str());
    let against: Vec<&Row> = board
        .rows
        .iter()
        .filter(|row| blocks(row))
        .filter(counts)
        .collect();
    if cleans_up {
        "clean-up".clone_into(&mut word.verdict);
    } else if board.rows.is_empty() {
        return Err(Refusal::new(
            RefusalKind::CannotTell,
            "The board has no rows yet.",
            "Look again.",
        ));
    }
    let (overridden, notes) = weigh(&against, reason)?;
    word.notes.extend(notes);
    word.overridden = overridden;
    Ok(word)
}

/// The board's word, whatever it is.
pub(super) fn as_it_is(waiting: &Waiting<'_>, ground: &Ground<'_>) -> Word {
    let board = ground.board;
    if !speaks_of(board, waiting) {
        return Word::default();
    }
    let verdict = match board.decisive() {
        Some(row) if row.verdict == Verdict::NoGo => format!("NO-GO ({})", row.title),
        _ => said(board.verdict()).to_owned(),
    };
    Word {
        acts: board.next.acts.clone(),
        verdict,
        ..Word::default()
    }
}

/// Whether the board was drawn up for just what waits.
fn speaks_of(board: &Board, waiting: &Waiting<'_>) -> bool {
    let sorted = |jobs: &[String]| {
        let mut jobs = jobs.to_vec();
        jobs.sort();
        jobs
    };
    board.next.run == Some(waiting.run.id)
        && board.next.is_waiting()
        && sorted(&board.next.jobs) == sorted(&waiting.all_jobs)
}

fn said(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Go | Verdict::Warn | Verdict::NotApplicable => "GO",
        Verdict::Unknown => "cannot tell",
        Verdict::NoGo => "NO-GO",
    }
}
