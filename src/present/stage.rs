//! Where a release stands, in a sign, and the verdict with its reason.

use super::phrases;
use super::role::Sign;
use crate::domain::assess::{Board, Verdict};
use crate::domain::release::Stage;

/// The sign of a stage.
pub fn sign(stage: &Stage) -> Sign {
    match stage {
        Stage::Unknown => Sign::Unknown,
        Stage::NothingToRelease => Sign::Absent,
        Stage::Building | Stage::Promoting | Stage::Publishing => Sign::Running,
        Stage::Waiting { .. } => Sign::Waits,
        Stage::HalfPublished | Stage::Failed | Stage::Rejected => Sign::Failed,
        Stage::Released => Sign::Done,
        Stage::Cancelled => Sign::Cancelled,
    }
}

/// The verdict with the row that decides it: sign, word, and a few words why.
pub fn verdict_line(board: &Board) -> (Sign, &'static str, String) {
    let verdict_now = board.verdict();
    let why = match verdict_now {
        Verdict::Go | Verdict::Warn => {
            let (held, all) = board.held();
            format!("{held} of {all} rules hold")
        }
        _ => board
            .decisive()
            .map_or_else(String::new, |row| super::clean::clean(&row.title)),
    };
    (
        Sign::of_verdict(verdict_now),
        phrases::verdict(verdict_now),
        why,
    )
}
