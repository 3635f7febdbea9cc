//! Display names: what a job of the graph may be called in a run.
//!
//! GitHub's jobs carry no key. A name is `caller / callee`, a matrix adds ` (a, b)` to its part, an expression in a
//! `name` becomes whatever the run made of it, and a long part is cut with `...`.

use super::assemble::Node;
use super::workflow::Matrix;

/// How well a job's name fits a node; the better, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// The file says nothing of its own part: an expression alone, or what is below a call that could not be read.
    Anything,
    /// A part of the name is missing where GitHub wrote `...`.
    Cut,
    /// It fits with a matrix suffix that the file does not explain.
    Suffixed,
    /// It fits by what expressions may have become; the number counts the characters that are certain.
    Wild(usize),
    /// It is the name that the file gives.
    Exact,
}

/// A piece of what a name may look like.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// This character.
    Char(char),
    /// Any text, also none: an expression.
    Any,
    /// ` (…)` or nothing; `true` where the file has a matrix.
    Suffix(bool),
}

/// The name of one node, from the outermost caller to it.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    pieces: Vec<Piece>,
    /// The full names that are certain: no expression, and the legs known.
    certain: Vec<String>,
    /// Characters that are certain.
    literal: usize,
    /// Whether its own part has no certain character.
    vague: bool,
}

/// Longest name that is looked at; GitHub cuts each part at 100 characters.
const MAX_NAME: usize = 1_500;
/// Most full names that are written out for one node.
const MAX_CERTAIN: usize = 512;

impl Pattern {
    /// The pattern of a node below the given one.
    pub(crate) fn new(parent: Option<&Self>, node: &Node) -> Self {
        let mut pieces = Vec::new();
        if let Some(parent) = parent {
            pieces.extend(parent.pieces.iter().cloned());
            pieces.extend(" / ".chars().map(Piece::Char));
        }
        let parts = split(node.title());
        let wild = parts.contains(&Piece::Any);
        let vague = parts.iter().all(|p| *p == Piece::Any);
        pieces.extend(parts);
        pieces.push(Piece::Suffix(node.matrix.exists()));
        let own: Vec<String> = match (&node.matrix, wild) {
            (_, true) | (Matrix::Dynamic, _) => Vec::new(),
            (Matrix::None, _) => vec![node.title().to_owned()],
            (Matrix::Legs(legs), _) => legs
                .iter()
                .map(|leg| format!("{} {}", node.title(), leg.suffix()))
                .collect(),
        };
        let certain = match parent {
            None => own,
            Some(parent) => parent
                .certain
                .iter()
                .flat_map(|above| own.iter().map(move |name| format!("{above} / {name}")))
                .take(MAX_CERTAIN)
                .collect(),
        };
        let literal = pieces
            .iter()
            .filter(|p| matches!(p, Piece::Char(_)))
            .count();
        Self {
            pieces,
            certain,
            literal,
            vague,
        }
    }

    /// The same for whatever is below: `name / anything`.
    pub(crate) fn with_anything_below(&self) -> Self {
        let mut pieces = self.pieces.clone();
        pieces.extend(" / ".chars().map(Piece::Char));
        pieces.push(Piece::Any);
        Self {
            literal: self.literal + 3,
            pieces,
            certain: Vec::new(),
            vague: true,
        }
    }

    /// How well a run's job of that name fits.
    pub(crate) fn fit(&self, name: &str) -> Option<Fit> {
        if self.certain.iter().any(|c| c == name) {
            return Some(Fit::Exact);
        }
        // Nearly every pair ends here: what is certain at the start must stand there, unless GitHub cut it.
        if !name.contains("...") && !self.starts(name) {
            return None;
        }
        let text: Vec<char> = name.chars().take(MAX_NAME).collect();
        if self.pieces.len() > MAX_NAME {
            return None;
        }
        let wild = self.pieces.contains(&Piece::Any);
        if fits(&self.pieces, &letters(&text), Suffixes::Declared) {
            return Some(match wild {
                _ if self.vague => Fit::Anything,
                true => Fit::Wild(self.literal),
                false => Fit::Exact,
            });
        }
        if self.vague {
            return None;
        }
        if fits(&self.pieces, &letters(&text), Suffixes::Everywhere) {
            return Some(Fit::Suffixed);
        }
        let cut = name.contains("...").then(|| gaps(name))?;
        fits(&self.pieces, &cut, Suffixes::Everywhere).then_some(Fit::Cut)
    }
}

impl Pattern {
    fn starts(&self, name: &str) -> bool {
        let mut letters = name.chars();
        self.pieces
            .iter()
            .map_while(|piece| match piece {
                Piece::Char(c) => Some(*c),
                Piece::Any | Piece::Suffix(_) => None,
            })
            .all(|c| letters.next() == Some(c))
    }
}

/// A `name` in pieces; `${{ … }}` may hold `}}` within quotes.
fn split(name: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("${{") {
        let mut quoted = false;
        let mut previous = ' ';
        let end = after.char_indices().find_map(|(at, c)| {
            if c == '\'' {
                quoted = !quoted;
            }
            let ends = !quoted && c == '}' && previous == '}';
            previous = c;
            ends.then_some(at + 1)
        });
        let Some(end) = end else { break };
        pieces.extend(before.chars().map(Piece::Char));
        pieces.push(Piece::Any);
        rest = after.get(end..).unwrap_or_default();
    }
    pieces.extend(rest.chars().map(Piece::Char));
    pieces
}

/// A character of a job's name, or a gap where GitHub cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letter {
    Char(char),
    Gap,
}

fn letters(text: &[char]) -> Vec<Letter> {
    text.iter().copied().map(Letter::Char).collect()
}

fn gaps(name: &str) -> Vec<Letter> {
    let mut out = Vec::new();
    for (n, part) in name.split("...").enumerate() {
        if n > 0 {
            out.push(Letter::Gap);
        }
        out.extend(part.chars().map(Letter::Char));
    }
    out.truncate(MAX_NAME);
    out
}

/// Where ` (…)` may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Suffixes {
    /// Behind jobs with a matrix.
    Declared,
    /// Behind any part.
    Everywhere,
}

/// Whether the pieces can make the letters: two globs against each other, by rows of a table, without backtracking.
fn fits(pieces: &[Piece], text: &[Letter], suffixes: Suffixes) -> bool {
    let width = text.len() + 1;
    let at = |row: &[bool], n: usize| row.get(n).copied().unwrap_or(false);
    let gap_before = |n: usize| n > 0 && text.get(n - 1) == Some(&Letter::Gap);
    // row[n]: the pieces so far can make the first n letters. A gap at the start makes nothing too.
    let mut row = vec![false; width];
    let mut reach = true;
    for (n, slot) in row.iter_mut().enumerate() {
        reach = n == 0 || (reach && gap_before(n));
        *slot = reach;
    }
    for piece in pieces {
        let mut next = vec![false; width];
        // Where a suffix that starts in this row may still be open.
        let mut open = false;
        let mut any = false;
        for n in 0..width {
            let before = n.checked_sub(1).and_then(|m| text.get(m).copied());
            let made = match piece {
                Piece::Char(c) => {
                    let letter = before == Some(Letter::Char(*c)) && at(&row, n.wrapping_sub(1));
                    // A gap swallows this character, and may have swallowed others; it never swallows a level.
                    let gap = before == Some(Letter::Gap)
                        && *c != '/'
                        && (at(&row, n) || at(&row, n.wrapping_sub(1)));
                    letter || gap
                }
                Piece::Any => {
                    any |= at(&row, n);
                    any
                }
                Piece::Suffix(declared) => {
                    let allowed = *declared || suffixes == Suffixes::Everywhere;
                    if n >= 2 && allowed {
                        let starts = before == Some(Letter::Char('('))
                            && text.get(n - 2) == Some(&Letter::Char(' '))
                            && at(&row, n - 2);
                        open |= starts;
                    }
                    let closed = open && matches!(before, Some(Letter::Char(')') | Letter::Gap));
                    at(&row, n) || closed
                }
            };
            if let Some(slot) = next.get_mut(n) {
                *slot = made;
            }
        }
        // A gap may also make nothing of this piece's successor: it stands for text that nobody wrote.
        for n in 1..width {
            if gap_before(n)
                && at(&next, n - 1)
                && let Some(slot) = next.get_mut(n)
            {
                *slot = true;
            }
        }
        row = next;
    }
    at(&row, width - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(name: &str, matrix: bool) -> Vec<Piece> {
        let mut pieces = split(name);
        pieces.push(Piece::Suffix(matrix));
        pieces
    }

    #[test]
    fn expressions_are_any_text_even_with_braces_in_quotes() {
        assert_eq!(
            split("a${{ format('}}', x) }}b"),
            [Piece::Char('a'), Piece::Any, Piece::Char('b')]
        );
        assert_eq!(split("${{ open").len(), 8);
    }

    #[test]
    fn names_fit_with_suffixes_expressions_and_gaps() {
        let fit = |name: &str, matrix, text: &str| {
            let pieces = glob(name, matrix);
            fits(&pieces, &gaps(text), Suffixes::Declared)
        };
        assert!(fit("unit", true, "unit (3.12, a (b))"));
        assert!(!fit("unit", false, "unit (3.12)"));
        assert!(!fit("unit", true, "unittest"));
        assert!(fit("on ${{ x }} end", false, "on anything end"));
        assert!(!fit("on ${{ x }} end", false, "on anything en"));
        assert!(fit("a very long name", false, "a very lo..."));
        assert!(fit("a very long name", false, "a very long name..."));
        assert!(fit(
            "a very long name",
            true,
            "a very long name (with a ve..."
        ));
        assert!(!fit("a / b", false, "a..."));
        assert!(!fit("a very long name", false, "b..."));
    }
}
