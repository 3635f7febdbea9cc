//! A sheet of character cells, turned into rows of segments.

use unicode_segmentation::UnicodeSegmentation;

use super::super::role::Role;
use super::super::words;
use super::{Charset, Segment};

/// Directions that a line leaves a cell in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Arms {
    pub(super) up: bool,
    pub(super) down: bool,
    pub(super) left: bool,
    pub(super) right: bool,
}

impl Arms {
    fn glyph(self, charset: Charset) -> char {
        let Arms {
            up,
            down,
            left,
            right,
        } = self;
        let sharp = match (up, down, left, right) {
            (false, false, false, false) => ' ',
            (true | false, true | false, false, false) => '│',
            (false, false, _, _) => '─',
            (false, true, false, true) => '╭',
            (false, true, true, false) => '╮',
            (true, false, false, true) => '╰',
            (true, false, true, false) => '╯',
            (true, true, false, true) => '├',
            (true, true, true, false) => '┤',
            (false, true, true, true) => '┬',
            (true, false, true, true) => '┴',
            (true, true, true, true) => '┼',
        };
        match (charset, sharp) {
            (Charset::Unicode, sharp) => sharp,
            (Charset::Ascii, ' ') => ' ',
            (Charset::Ascii, '│') => '|',
            (Charset::Ascii, '─') => '-',
            (Charset::Ascii, _) => '+',
        }
    }
}

#[derive(Debug, Clone)]
enum Cell {
    Blank,
    Char(char, Role),
    Cluster(Box<str>, Role),
    /// The second column of a wide character.
    Tail,
}

/// A sheet that grows as it is written on.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    rows: Vec<Vec<Cell>>,
}

impl Canvas {
    fn put(&mut self, x: usize, y: usize, cell: Cell) {
        if self.rows.len() <= y {
            self.rows.resize_with(y + 1, Vec::new);
        }
        if let Some(row) = self.rows.get_mut(y) {
            if row.len() <= x {
                row.resize(x + 1, Cell::Blank);
            }
            if let Some(slot) = row.get_mut(x) {
                *slot = cell;
            }
        }
    }

    /// Writes clean text; gives the column behind it.
    pub(super) fn text(&mut self, x: usize, y: usize, text: &str, role: Role) -> usize {
        let mut at = x;
        for cluster in text.graphemes(true) {
            let width = words::width(cluster);
            if width == 0 {
                continue;
            }
            let mut chars = cluster.chars();
            let cell = match (chars.next(), chars.next()) {
                (Some(c), None) => Cell::Char(c, role),
                _ => Cell::Cluster(cluster.into(), role),
            };
            self.put(at, y, cell);
            for tail in 1..width {
                self.put(at + tail, y, Cell::Tail);
            }
            at += width;
        }
        at
    }

    /// Draws the lines of one cell.
    pub(super) fn line(&mut self, x: usize, y: usize, arms: Arms, charset: Charset) {
        self.put(x, y, Cell::Char(arms.glyph(charset), Role::Muted));
    }

    /// Draws a horizontal line from one column to another, both included.
    pub(super) fn across(&mut self, from: usize, to: usize, y: usize, charset: Charset) {
        let arms = Arms {
            left: true,
            right: true,
            ..Arms::default()
        };
        for x in from..=to {
            self.line(x, y, arms, charset);
        }
    }

    /// The rows, without blanks at their ends, and the width of the widest.
    pub(super) fn finish(self) -> (Vec<Vec<Segment>>, usize) {
        let mut widest = 0;
        let rows = self
            .rows
            .into_iter()
            .map(|mut row| {
                while matches!(row.last(), Some(Cell::Blank | Cell::Char(' ', _))) {
                    row.pop();
                }
                widest = widest.max(row.len());
                segments(row)
            })
            .collect();
        (rows, widest)
    }
}

fn segments(row: Vec<Cell>) -> Vec<Segment> {
    let mut out: Vec<Segment> = Vec::new();
    for cell in row {
        let (text, role) = match cell {
            Cell::Tail => continue,
            Cell::Blank => (String::from(' '), Role::Plain),
            Cell::Char(c, role) => (String::from(c), role),
            Cell::Cluster(text, role) => (text.into_string(), role),
        };
        match out.last_mut() {
            // A space has no look of its own: it joins whatever is before it.
            Some(last) if last.role == role || text == " " => last.text.push_str(&text),
            _ => out.push(Segment { text, role }),
        }
    }
    out
}
