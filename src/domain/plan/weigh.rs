//! What rows of the board that say no mean for a plan: a refusal, or an override with a reason.

use super::words::list;
use super::{Override, Refusal, RefusalKind};
use crate::domain::assess::{self, Row, Verdict};

/// Whether a row stands in the way.
pub(super) fn blocks(row: &Row) -> bool {
    matches!(row.verdict, Verdict::NoGo | Verdict::Unknown)
}

/// What follows from these rows, which all stand in the way, and from a reason to go on; the notes say what it passes.
pub(super) fn weigh(
    against: &[&Row],
    reason: Option<&str>,
) -> Result<(Option<Override>, Vec<String>), Refusal> {
    let is_firm = |row: &&&Row| assess::rules().any(|rule| rule.is_firm && rule.id == row.id);
    let firm: Vec<&Row> = against.iter().filter(is_firm).copied().collect();
    if !firm.is_empty() {
        return Err(refusal(RefusalKind::Firm, &firm));
    }
    if against.is_empty() {
        return Ok((None, Vec::new()));
    }
    let kind = if against.iter().any(|row| row.verdict == Verdict::NoGo) {
        RefusalKind::NoGo
    } else {
        RefusalKind::CannotTell
    };
    let Some(reason) = reason else {
        return Err(refusal(kind, against));
    };
    let notes = against
        .iter()
        .map(|row| format!("Overridden: {}", row.sentence))
        .collect();
    let overridden = Override {
        rules: ids(against),
        reason: reason.to_owned(),
    };
    Ok((Some(overridden), notes))
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
