//! The columns of the trust grid: a row a tag, with what it points to and what is proved of it.
//!
//! Where there is less room, columns go in this order: ages, the meaning's own column, long headings, the platforms'
//! digests, the digest's end, and last the middle of long tags. What is proved is never left out.

use crate::domain::policy::ImageSpec;
use crate::present::clean::clean;
use crate::present::proofs::{Cell, Proofs};
use crate::present::role::{Role, Sign};
use crate::present::tags::{PlatformCell, TagRow, TagState};
use crate::present::words;
use crate::tui::scene::Scene;
use crate::tui::widget::line::{Bit, Line};

/// Columns of a digest, `9f86d081…4b2c`, and of its head, `9f86…`.
const DIGEST: [usize; 2] = [13, 5];
/// Columns of a platform's digest, `77c1…`, and of its heading.
const PLATFORM: usize = 7;
/// Columns of what a tag means, where it stands in place of the platforms.
const MEANING: usize = 12;
/// Columns of what a tag means, where it has a column of its own.
const OWN_MEANING: usize = 23;
/// Columns of an age, `12m 31s ago`.
const AGE: usize = 13;
/// Headings of what is proved, where there is room, with their columns.
const PROOFS: [(&str, usize); 3] = [("signature", 10), ("provenance", 11), ("SBOM", 5)];
/// The same where there is less.
const SHORT_PROOFS: [(&str, usize); 3] = [("sig", 4), ("prov", 5), ("SBOM", 5)];

/// Which columns there are, and how wide.
#[derive(Debug)]
pub(super) struct Columns {
    tag: usize,
    digest: usize,
    /// Columns of the platforms together; in place of them stands what the tag means, where it is another image.
    block: usize,
    /// Whether the platforms' digests are shown.
    platforms: bool,
    proofs: [(&'static str, usize); 3],
    /// Columns of what the tag means; 0: it stands in place of the platforms.
    meaning: usize,
    ages: bool,
}

impl Columns {
    /// What fits.
    pub(super) fn of(table: &[TagRow], spec: &ImageSpec, width: usize) -> Self {
        let longest = table.iter().map(|tag| words::width(&tag.tag)).max();
        let longest = longest.unwrap_or(8).clamp(6, 40);
        let known = table.iter().any(|tag| tag.pushed_at.is_some());
        let platforms = (PLATFORM * spec.platforms.len()).max(MEANING);
        let full = Self {
            tag: longest,
            digest: DIGEST[0],
            block: platforms,
            platforms: true,
            proofs: PROOFS,
            meaning: OWN_MEANING,
            ages: known,
        };
        let steps: [fn(&mut Self); 5] = [
            |own| own.ages = false,
            |own| own.meaning = 0,
            |own| own.proofs = SHORT_PROOFS,
            |own| (own.platforms, own.block) = (false, MEANING),
            |own| own.digest = DIGEST[1],
        ];
        let mut columns = full;
        for step in steps {
            if columns.width() <= width {
                break;
            }
            step(&mut columns);
        }
        let excess = columns.width().saturating_sub(width);
        columns.tag = columns.tag.saturating_sub(excess).max(6);
        columns
    }

    fn width(&self) -> usize {
        let proofs: usize = self.proofs.iter().map(|(_, width)| width).sum();
        let ages = if self.ages { 2 + AGE } else { 0 };
        self.tag + 2 + self.digest + 2 + self.block + proofs + self.meaning + ages
    }

    /// The headings.
    pub(super) fn heading(&self, spec: &ImageSpec) -> Line {
        let mut text = format!(
            "{}  {}  ",
            words::left("tag", self.tag),
            words::left("digest", self.digest)
        );
        let mut block = String::new();
        if self.platforms {
            for platform in &spec.platforms {
                let name = platform.to_string();
                let arch = name.split_once('/').map_or(name.as_str(), |(_, arch)| arch);
                block.push_str(&words::left(&clean(arch), PLATFORM - 1));
                block.push(' ');
            }
        }
        text.push_str(&words::left(&block, self.block));
        for (name, width) in self.proofs {
            text.push_str(&words::left(name, width));
        }
        if self.ages {
            text.push_str("  ");
            text.push_str(&words::left("pushed", AGE));
        }
        Line::of([Bit::muted(text)])
    }

    /// A tag's row.
    pub(super) fn line(&self, scene: &Scene<'_>, tag: &TagRow) -> Line {
        let there = matches!(tag.state, TagState::At(_));
        let quiet = if there { Role::Plain } else { Role::Muted };
        let digest = match &tag.state {
            TagState::At(digest) if self.digest == DIGEST[0] => words::digest(digest),
            TagState::At(digest) => words::digest_head(digest),
            TagState::Absent => "–".to_owned(),
            TagState::Unseen | TagState::Failed(_) => "?".to_owned(),
        };
        let mut bits = vec![
            Bit::of(quiet, words::left(&tag.tag, self.tag)),
            Bit::of(quiet, format!("  {}  ", words::left(&digest, self.digest))),
        ];
        bits.extend(self.block(tag));
        bits.extend(self.proofs(scene, tag));
        if self.ages {
            let age = tag
                .pushed_at
                .map(|at| words::ago(at, scene.now))
                .unwrap_or_default();
            bits.push(Bit::muted(format!("  {}", words::left(&age, AGE))));
        }
        if self.meaning > 0 {
            bits.push(Bit::plain(" "));
            bits.extend(meaning(tag, usize::MAX));
        }
        Line::of(bits)
    }

    /// The platforms' digests; of another image, what it is, where that has no column of its own.
    fn block(&self, tag: &TagRow) -> Vec<Bit> {
        let is_another =
            matches!(tag.state, TagState::At(_)) && !matches!(tag.meaning.0, Sign::Done);
        if self.meaning == 0 && (is_another || !self.platforms) {
            return meaning(tag, self.block);
        }
        let mut bits = Vec::new();
        for cell in &tag.platforms {
            let (text, role) = match cell {
                PlatformCell::At(digest) => (words::digest_head(digest), Role::Muted),
                PlatformCell::Absent => ("–".to_owned(), Role::Muted),
                PlatformCell::Unseen => ("?".to_owned(), Role::Muted),
                PlatformCell::Missing => ("none".to_owned(), Role::Bad),
            };
            bits.push(Bit::of(role, words::left(&text, PLATFORM)));
        }
        let used = PLATFORM * tag.platforms.len();
        bits.push(Bit::plain(" ".repeat(self.block.saturating_sub(used))));
        bits
    }

    fn proofs(&self, scene: &Scene<'_>, tag: &TagRow) -> Vec<Bit> {
        let one = |sign: Sign| [Cell::of(sign), Cell::of(sign), Cell::of(sign)];
        let quiet = |sign: Sign| {
            one(sign).map(|cell| Cell {
                role: Role::Muted,
                ..cell
            })
        };
        let cells = match &tag.proofs {
            Proofs::NoImage => one(Sign::Absent),
            Proofs::Unseen => quiet(Sign::Unknown),
            Proofs::Unasked(ask) if scene.is_asking(ask) => one(Sign::Running),
            Proofs::Unasked(_) => one(Sign::Queued),
            Proofs::Failed(_) => one(Sign::Unknown),
            Proofs::Gone => one(Sign::Failed),
            Proofs::Judged(cells) => [
                cells.signature.clone(),
                cells.provenance.clone(),
                cells.sbom.clone(),
            ],
        };
        let widths = self.proofs.map(|(_, width)| width);
        let cells = cells.into_iter().zip(widths);
        cells
            .flat_map(|(cell, width)| proof(&cell, width))
            .collect()
    }
}

/// A cell: of what holds, only the sign has a colour.
fn proof(cell: &Cell, width: usize) -> [Bit; 2] {
    let rest = if cell.role == Role::Good {
        Role::Plain
    } else {
        cell.role
    };
    let text = format!(" {}", cell.text);
    [
        Bit::of(cell.role, cell.sign.symbol()),
        Bit::of(rest, words::left(&text, width - 1)),
    ]
}

/// What the tag's digest means; in at most so many columns, filled up.
fn meaning(tag: &TagRow, columns: usize) -> Vec<Bit> {
    let (sign, text) = &tag.meaning;
    let role = match sign {
        Sign::Failed => Role::Bad,
        Sign::Absent => Role::Muted,
        _ => Role::Plain,
    };
    if columns == usize::MAX {
        let lead = match sign {
            Sign::Absent => Bit::plain("  "),
            sign => Bit::sign(*sign),
        };
        return vec![lead, Bit::of(role, text.clone()).sentence()];
    }
    // A dash before `is 1.6.9` would read as a minus.
    let (lead, room) = match sign {
        Sign::Absent => (None, columns),
        sign => (Some(Bit::sign(*sign)), columns - 2),
    };
    let text = words::end(text, room - 1);
    let gap = " ".repeat(room - words::width(&text));
    lead.into_iter()
        .chain([Bit::of(role, text), Bit::plain(gap)])
        .collect()
}
