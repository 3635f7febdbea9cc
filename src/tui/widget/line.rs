//! A line of a pane: pieces on the left that give way, pieces on the right that stay.

use ratatui::style::Style;

use crate::present::role::{Role, Sign};
use crate::present::words;

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bit {
    /// What it says.
    pub text: String,
    /// What its colour means.
    pub role: Role,
    /// Whether it is bold.
    pub strong: bool,
    /// How it gives way.
    pub give: Give,
    /// A colour that comes from outside, as in a log.
    pub style: Option<Style>,
}

/// How a piece gives way where a line is too narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Give {
    /// Not before all others have.
    Last,
    /// It loses its middle: a name.
    Middle,
    /// It loses its end: a sentence.
    End,
}

impl Bit {
    /// Ordinary text.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::of(Role::Plain, text)
    }

    /// Text with a meaning.
    pub fn of(role: Role, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            role,
            strong: false,
            give: Give::Last,
            style: None,
        }
    }

    /// Dim text.
    pub fn muted(text: impl Into<String>) -> Self {
        Self::of(Role::Muted, text)
    }

    /// A sign's symbol and a space behind it.
    pub fn sign(sign: Sign) -> Self {
        Self::of(sign.role(), format!("{} ", sign.symbol()))
    }

    /// A name, which loses its middle.
    #[must_use]
    pub fn name(mut self) -> Self {
        self.give = Give::Middle;
        self
    }

    /// A sentence, which loses its end.
    #[must_use]
    pub fn sentence(mut self) -> Self {
        self.give = Give::End;
        self
    }

    /// Bold.
    #[must_use]
    pub fn strong(mut self) -> Self {
        self.strong = true;
        self
    }

    fn width(&self) -> usize {
        words::width(&self.text)
    }
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// From the left edge on.
    pub left: Vec<Bit>,
    /// Up to the right edge.
    pub right: Vec<Bit>,
}

impl Line {
    /// A line of these pieces.
    pub fn of(left: impl IntoIterator<Item = Bit>) -> Self {
        Self {
            left: left.into_iter().collect(),
            right: Vec::new(),
        }
    }

    /// The same with these pieces at the right edge.
    #[must_use]
    pub fn right(mut self, right: impl IntoIterator<Item = Bit>) -> Self {
        self.right = right.into_iter().collect();
        self
    }

    /// All that it says, in one text: what a filter looks at.
    pub fn text(&self) -> String {
        self.left
            .iter()
            .chain(&self.right)
            .map(|bit| bit.text.as_str())
            .collect()
    }

    /// The pieces at their columns within `columns`; nothing reaches past them.
    pub fn fitted(&self, columns: usize) -> Vec<(usize, Bit)> {
        let mut right = self.right.clone();
        let width_of = |bits: &[Bit]| bits.iter().map(Bit::width).sum::<usize>();
        // The left side says what it is about: it keeps at least a third.
        while width_of(&right) > columns * 2 / 3 && !right.is_empty() {
            right.remove(0);
        }
        let right_width = width_of(&right);
        let room = columns.saturating_sub(right_width + usize::from(right_width > 0));
        let mut placed = Vec::with_capacity(self.left.len() + right.len());
        let mut column = 0;
        for bit in give_way(&self.left, room) {
            let width = bit.width();
            placed.push((column, bit));
            column += width;
        }
        column = columns - right_width.min(columns);
        for bit in right {
            let width = bit.width();
            placed.push((column, bit));
            column += width;
        }
        placed
    }
}

fn give_way(bits: &[Bit], room: usize) -> Vec<Bit> {
    let total: usize = bits.iter().map(Bit::width).sum();
    let mut excess = total.saturating_sub(room);
    let mut out = bits.to_vec();
    if excess > 0 {
        // The last sentence gives first, then names, down to a few columns each; what is left is cut off.
        for give in [Give::End, Give::Middle] {
            for bit in out.iter_mut().rev().filter(|bit| bit.give == give) {
                let width = bit.width();
                let least = width.min(if give == Give::Middle { 8 } else { 1 });
                let target = width.saturating_sub(excess).max(least);
                bit.text = match give {
                    Give::Middle => words::middle(&bit.text, target),
                    _ => words::end(&bit.text, target),
                };
                excess = excess.saturating_sub(width - bit.width());
                if excess == 0 {
                    break;
                }
            }
        }
    }
    let mut left = room;
    for bit in &mut out {
        if bit.width() > left {
            bit.text = words::end(&bit.text, left);
        }
        left -= bit.width().min(left);
    }
    out.retain(|bit| !bit.text.is_empty());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &Line, columns: usize) -> String {
        let mut out = String::new();
        for (column, bit) in line.fitted(columns) {
            while words::width(&out) < column {
                out.push(' ');
            }
            out.push_str(&bit.text);
        }
        assert!(words::width(&out) <= columns, "{out:?} in {columns}");
        out
    }

    #[test]
    fn names_lose_their_middle_and_the_right_side_stays() {
        let line = Line::of([
            Bit::sign(Sign::Done),
            Bit::plain("compose-integration-gate").name(),
        ])
        .right([Bit::plain("5m 40s")]);
        assert_eq!(shown(&line, 40), "✓ compose-integration-gate        5m 40s");
        assert_eq!(shown(&line, 24), "✓ compose…on-gate 5m 40s");
        for columns in 0..40 {
            shown(&line, columns);
        }
    }
}
