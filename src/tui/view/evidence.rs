//! The evidence: a tree of subjects, and what there is to say of the selected row.

use ratatui::layout::Rect;

use super::{Contents, filter_bit, frame, inner_of, list_pane, state};
use crate::domain::evidence::Package;
use crate::present::clean::clean;
use crate::present::evidence::claims::Compared;
use crate::present::evidence::detail::{Body, Part};
use crate::present::evidence::predicate::{self, Fold};
use crate::present::role::{Role, Sign};
use crate::present::words;
use crate::tui::evidence::{self, Detail, Shown};
use crate::tui::scene::Scene;
use crate::tui::ui::{Item, Pane, Seen, Target};
use crate::tui::widget::line::{Bit, Line};
use crate::tui::widget::list::top_for;
use crate::tui::widget::{Canvas, Row};

/// Columns of a label.
const LABEL: usize = 12;
/// Columns of the words before the two sides of a difference.
const SIDE: usize = 9;

/// Draws the tree.
pub(super) fn tree(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect, seen: &mut Seen) {
    let inner = inner_of(area);
    let mut frame = frame(scene, Pane::Proofs);
    let below = match evidence::shown(scene.model, scene.ui) {
        None => state::said(
            Sign::Absent,
            "No image is known any more.",
            usize::from(inner.width),
        ),
        Some(shown) => {
            frame = frame
                .and(Bit::plain(words::digest(&shown.digest)))
                .count(state::age(scene, std::slice::from_ref(&shown.ask)));
            standing(scene, &shown, inner)
        }
    };
    let contents = Contents {
        frame,
        rows: evidence::rows(scene),
        below,
    };
    list_pane(scene, canvas, seen, Pane::Proofs, area, contents);
}

/// Why there is nothing yet, or why what is there may be old.
fn standing(scene: &Scene<'_>, shown: &Shown<'_>, area: Rect) -> Vec<Line> {
    let columns = usize::from(area.width);
    let mut lines = state::failures(scene, std::slice::from_ref(&shown.ask), area);
    if shown.is_gone {
        let text = format!("The registry has no image {}.", shown.digest.short());
        lines.extend(state::said(Sign::Failed, &text, columns));
    } else if shown.found.is_none() && lines.is_empty() {
        lines.push(state::loading(scene, &shown.ask, "the evidence"));
    }
    lines
}

/// Why there is nothing to tell yet, in whole sentences.
fn nothing_yet(scene: &Scene<'_>, area: Rect) -> Vec<Line> {
    let columns = usize::from(area.width);
    let mut lines = evidence::shown(scene.model, scene.ui)
        .map(|shown| standing(scene, &shown, area))
        .unwrap_or_default();
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    let text = "Signatures, attestations and SBOMs are looked for by tag and by referrer, at the image and at each \
                platform, and verified on this machine.";
    lines.extend(state::dim(text, columns, 0));
    lines
}

/// Draws the detail: only the rows that are on screen are made of an SBOM's packages.
pub(super) fn detail(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect, seen: &mut Seen) {
    let inner = inner_of(area);
    let mut frame = frame(scene, Pane::Proof);
    seen.panes.insert(Pane::Proof, inner);
    let Some(detail) = Detail::of(scene) else {
        frame.draw(canvas, area);
        canvas.lines(inner, &nothing_yet(scene, inner));
        return;
    };
    frame.title =
        crate::tui::widget::Frame::titled(&detail.title, scene.has_keys(Pane::Proof)).title;
    if !scene.ui.filter(Pane::Proof).is_empty() || scene.ui.typing == Some(Pane::Proof) {
        frame = frame.and(filter_bit(scene, Pane::Proof));
    }
    let rows = Rows::of(&detail, usize::from(inner.width));
    let items = detail.items();
    let all: Vec<&Item> = items.iter().collect();
    let cursor = scene.ui.cursor(Pane::Proof).cloned().unwrap_or_default();
    let place = cursor.place(&all);
    let selected = place.and_then(|place| items.get(place));
    let height = usize::from(inner.height);
    let top = rows.top(selected, cursor.top, height);
    if rows.len() > height {
        let place = place.map_or(0, |place| place + 1);
        frame.position = format!("{place} of {}", items.len());
    }
    frame.draw(canvas, area);
    let focused = scene.has_keys(Pane::Proof);
    for (n, row) in (top..rows.len()).zip(inner.rows()) {
        let Some((item, line)) = rows.get(n, &detail) else {
            break;
        };
        canvas.line(row, &line);
        let Some(item) = item else { continue };
        if focused && selected == Some(&item) {
            let bar = Rect {
                x: row.x.saturating_sub(1),
                width: row.width.saturating_add(2),
                ..row
            };
            canvas.tint(bar, Role::Select);
        }
        seen.spots.push((row, Target::Item(Pane::Proof, item)));
    }
    seen.tops.insert(Pane::Proof, (top, 0));
}

/// The rows of a detail: those of its parts, then one for each package.
struct Rows {
    head: Vec<Row>,
    packages: Vec<usize>,
    columns: usize,
}

impl Rows {
    fn of(detail: &Detail<'_>, columns: usize) -> Self {
        let mut head = Vec::new();
        for part in &detail.parts {
            let lines = lines(part, columns);
            if matches!(part.body, Body::Heading(_)) {
                if !head.is_empty() {
                    head.push(Row::heading(Line::default()));
                }
                head.extend(lines.into_iter().map(Row::heading));
                continue;
            }
            let item = Item::Part(part.id.clone());
            head.extend(lines.into_iter().enumerate().map(|(n, line)| {
                if n == 0 {
                    Row::of(item.clone(), line)
                } else {
                    Row::heading(line)
                }
            }));
        }
        Self {
            head,
            packages: detail.packages.clone(),
            columns,
        }
    }

    fn len(&self) -> usize {
        self.head.len() + self.packages.len()
    }

    fn get(&self, n: usize, detail: &Detail<'_>) -> Option<(Option<Item>, Line)> {
        if let Some(row) = self.head.get(n) {
            return Some((row.item.clone(), row.line.clone()));
        }
        let place = *self.packages.get(n - self.head.len())?;
        let line = package_line(detail.package(place)?, self.columns);
        Some((Some(Item::Package(place)), line))
    }

    /// The first row to show, so that all rows of what is selected are on screen.
    fn top(&self, selected: Option<&Item>, before: usize, height: usize) -> usize {
        let (first, last) = match selected {
            Some(Item::Package(place)) => {
                let at = self.packages.iter().position(|other| other == place);
                let at = at.map_or(0, |at| self.head.len() + at);
                (at, at)
            }
            selected => {
                let at = self
                    .head
                    .iter()
                    .position(|row| row.item.as_ref() == selected);
                let at = at.unwrap_or(0);
                let more = self.head.iter().skip(at + 1);
                let more = more.take_while(|row| row.item.is_none() && !row.line.left.is_empty());
                (at, at + more.count())
            }
        };
        let is_first = self.head.iter().take(first).all(|row| row.item.is_none());
        let first = if is_first && first < height { 0 } else { first };
        let top = top_for(before, Some(last), self.len(), height);
        top_for(top, Some(first), self.len(), height)
    }
}

/// A package; its version stands near, so that the eye finds it on a wide screen too.
fn package_line(package: &Package, columns: usize) -> Line {
    let version = package.version.as_deref().map_or("–".to_owned(), clean);
    table_line("  ", &clean(&package.name), &version, columns)
}

fn table_line(mark: &str, name: &str, version: &str, columns: usize) -> Line {
    Line::of([
        Bit::plain(mark),
        Bit::plain(words::left(name, (columns / 2).min(48))),
        Bit::plain("  "),
        Bit::muted(version).name(),
    ])
}

/// A part in lines.
fn lines(part: &Part, columns: usize) -> Vec<Line> {
    match &part.body {
        Body::Heading(text) => vec![Line::of([Bit::plain(text.clone())])],
        Body::Said(Sign::Absent, text) => state::dim(text, columns, 2),
        Body::Said(sign, text) => state::said(*sign, text, columns),
        Body::Field(label, value) => field(None, label, value, columns),
        Body::Claim(claim) => compared(claim, columns),
        Body::Node(line) => vec![node(line)],
        Body::Change(mark, name, version) => {
            vec![table_line(&format!("{mark} "), name, version, columns)]
        }
    }
}

/// A label, and a value that is never cut: it goes on in the lines below.
fn field(sign: Option<Sign>, label: &str, value: &str, columns: usize) -> Vec<Line> {
    let room = columns.saturating_sub(2 + LABEL).max(8);
    chunks(value, room)
        .into_iter()
        .enumerate()
        .map(|(n, chunk)| {
            let mut bits = lead(sign, label, n == 0);
            bits.push(Bit::plain(chunk));
            Line::of(bits)
        })
        .collect()
}

/// Sign and label, or the room that they take.
fn lead(sign: Option<Sign>, label: &str, is_first: bool) -> Vec<Bit> {
    if !is_first {
        return vec![Bit::plain(" ".repeat(2 + LABEL))];
    }
    vec![
        sign.map_or_else(|| Bit::plain("  "), Bit::sign),
        Bit::muted(words::left(label, LABEL)),
    ]
}

/// A text in pieces of at most so many columns, nothing left out.
fn chunks(text: &str, columns: usize) -> Vec<String> {
    use unicode_segmentation::UnicodeSegmentation as _;
    let mut pieces = vec![String::new()];
    let mut width = 0;
    for letter in text.graphemes(true) {
        let own = words::width(letter);
        if width + own > columns {
            pieces.push(String::new());
            width = 0;
        }
        if let Some(last) = pieces.last_mut() {
            last.push_str(letter);
        }
        width += own;
    }
    pieces
}

/// A claim; where it differs, what it must be above what it is, with a mark below the first difference.
fn compared(claim: &Compared, columns: usize) -> Vec<Line> {
    let Some(difference) = &claim.difference else {
        return field(claim.sign, claim.label, &claim.found, columns);
    };
    let role = match claim.sign {
        Some(Sign::Failed) => Role::Bad,
        _ => Role::Warn,
    };
    let room = columns.saturating_sub(2 + LABEL + SIDE).max(8);
    let (same, other) = split(&claim.found, difference.at);
    let (_, wanted) = split(&difference.expected, difference.at);
    let must = Side::of(&same, &wanted, Role::Plain);
    let is = Side::of(&same, &other, role);
    let mark = words::width(&same);
    let mut lines = Vec::new();
    let (must, is) = (must.rows(room), is.rows(room));
    for n in 0..must.len().max(is.len()) {
        for (words, rows, is_first) in [("must be", &must, n == 0), ("is", &is, false)] {
            let Some(bits) = rows.get(n) else { continue };
            let mut line = lead(claim.sign, claim.label, is_first);
            let side = if n == 0 { words } else { "" };
            line.push(Bit::muted(words::left(side, SIDE)));
            line.extend(bits.iter().cloned());
            lines.push(Line::of(line));
        }
        if mark / room == n {
            lines.push(mark_line(mark % room, room, role));
        }
    }
    lines
}

/// The mark below the first difference, with its meaning on the side where there is room.
fn mark_line(at: usize, room: usize, role: Role) -> Line {
    const MEANING: &str = "first difference";
    let left = 2 + LABEL + SIDE + at;
    let mark = Bit::of(role, "≠");
    if at + 2 + MEANING.len() <= room {
        let behind = Bit::muted(format!(" {MEANING}"));
        Line::of([Bit::plain(" ".repeat(left)), mark, behind])
    } else {
        let before = Bit::muted(words::right(&format!("{MEANING} "), left));
        Line::of([before, mark])
    }
}

/// The first so many letters, and the rest.
fn split(text: &str, at: usize) -> (String, String) {
    use unicode_segmentation::UnicodeSegmentation as _;
    let mut letters = text.graphemes(true);
    let head: String = letters.by_ref().take(at).collect();
    (head, letters.collect())
}

/// One side of a difference: what both have, and what it alone has.
struct Side {
    text: String,
    same: usize,
    role: Role,
}

impl Side {
    fn of(same: &str, own: &str, role: Role) -> Self {
        Self {
            text: format!("{same}{own}"),
            same: words::width(same),
            role,
        }
    }

    /// In rows of so many columns; what it alone has stands out.
    fn rows(&self, room: usize) -> Vec<Vec<Bit>> {
        let mut before = 0;
        chunks(&self.text, room)
            .into_iter()
            .map(|chunk| {
                let at = self.same.saturating_sub(before);
                before += words::width(&chunk);
                let (same, own) = split(&chunk, at);
                vec![Bit::muted(same), Bit::of(self.role, own)]
            })
            .collect()
    }
}

fn node(line: &predicate::Line) -> Line {
    let mark = match line.fold {
        Fold::Leaf => "  ",
        Fold::Closed => "▸ ",
        Fold::Open => "▾ ",
    };
    let role = if line.fold == Fold::Leaf {
        Role::Plain
    } else {
        Role::Muted
    };
    Line::of([
        Bit::plain("  ".repeat(line.depth + 1)),
        Bit::muted(mark),
        Bit::muted(line.name.clone()).name(),
        Bit::plain("  "),
        Bit::of(role, line.value.clone()).sentence(),
    ])
}
