//! What the board says of what a review lets go, and whether that may be overridden.

use std::collections::BTreeSet;

use super::gate::Waiting;
use crate::domain::assess::{self, Act, Board, Row, Verdict};
use crate::domain::plan::words::list;
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
    let blocks = |row: &&Row| matches!(row.verdict, Verdict::NoGo | Verdict::Unknown);
    let counts = |row: &&Row| !cleans_up || FOR_CLEANING_UP.contains(&row.id.as_str());
    let against: Vec<&Row> = board.rows.iter().filter(blocks).filter(counts).collect();
    if cleans_up {
        word.verdict = "clean-up".to_owned();
    } else if board.rows.is_empty() {
        return Err(Refusal::new(
            RefusalKind::CannotTell,
            "The board has no rows yet.",
            "Look again.",
        ));
    }
    let is_firm = |row: &&&Row| assess::rules().any(|rule| rule.is_firm && rule.id == row.id);
    let firm: Vec<&Row> = against.iter().filter(is_firm).copied().collect();
    if !firm.is_empty() {
        return Err(refusal(RefusalKind::Firm, &firm));
    }
    if against.is_empty() {
        return Ok(word);
    }
    let kind = if against.iter().any(|row| row.verdict == Verdict::NoGo) {
        RefusalKind::NoGo
    } else {
        RefusalKind::CannotTell
    };
    let Some(reason) = reason else {
        return Err(refusal(kind, &against));
    };
    word.notes.extend(
        against
            .iter()
            .map(|row| format!("Overridden: {}", row.sentence)),
    );
    word.overridden = Some(Override {
        rules: ids(&against),
        reason: reason.to_owned(),
    });
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

fn ids(rows: &[&Row]) -> Vec<String> {
    let mut ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    ids.dedup();
    ids
}

fn refusal(kind: RefusalKind, rows: &[&Row]) -> Refusal {
    let first = rows.first();
    let sentence = first.map_or("", |row| row.sentence.as_str());
    let says = match first.map(|row| row.verdict) {
        Some(Verdict::NoGo) => "NO-GO",
        _ => "It cannot be told",
    };
    let more = match rows.len() {
        0 | 1 => String::new(),
        more => format!(" {} more say so too.", more - 1),
    };
    let remedy = first.and_then(|row| row.remedy.as_deref());
    let unblock = match kind {
        RefusalKind::Firm => format!(
            "{} No reason overrides {}.",
            remedy.unwrap_or("Mend it."),
            list(ids(rows).iter().map(String::as_str))
        ),
        _ => format!(
            "{} Or say why it may go on all the same: `--override REASON`.",
            remedy.unwrap_or("Mend it.")
        ),
    };
    Refusal::new(kind, format!("{says}: {sentence}{more}"), unblock).by(ids(rows))
}
