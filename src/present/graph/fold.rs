//! A drawing that is too wide, broken into bands below each other.
//!
//! It is broken only where a single line crosses, so that one bend carries it on and no edge is lost.

use std::collections::BTreeMap;

use unicode_segmentation::UnicodeSegmentation;

use super::super::role::Role;
use super::super::words;
use super::canvas::{Arms, Canvas};
use super::{Charset, Drawing, Placed, Segment};

/// Columns before the content of every band but the first: the bend that carries the line on.
const INDENT: usize = 2;
/// Columns behind the content of a band that goes on: the bend.
const BEND: usize = 1;

/// Bands of which a drawing may consist: of more no eye keeps the whole.
const MOST_BANDS: usize = 3;

/// The same drawing in at most `columns`, in a few bands; `None` where it cannot be broken that narrow.
pub fn fold(drawing: &Drawing, columns: usize, charset: Charset) -> Option<Drawing> {
    let sheet = Sheet::of(drawing);
    let cuts = sheet.cuts(&drawing.nodes, charset);
    let mut bands = Vec::new();
    let mut start = 0;
    while drawing.width - start + indent(start) > columns {
        let room = (start + columns).checked_sub(indent(start) + BEND)?;
        let (at, y) = cuts
            .range(start + 1..=room)
            .rev()
            .map(|(at, y)| (*at, *y))
            .find(|(at, _)| {
                let holds = |node: &Placed| node.x >= start && node.x < *at;
                drawing.nodes.iter().any(holds)
            })?;
        bands.push(Band {
            start,
            end: at,
            leaves: Some(y),
        });
        start = at;
        if bands.len() == MOST_BANDS {
            return None;
        }
    }
    bands.push(Band {
        start,
        end: drawing.width,
        leaves: None,
    });
    Some(compose(&sheet, &bands, &drawing.nodes, charset))
}

fn indent(start: usize) -> usize {
    if start == 0 { 0 } else { INDENT }
}

/// Columns `start..end` of the drawing; the line in row `leaves` goes on in the next band.
struct Band {
    start: usize,
    end: usize,
    leaves: Option<usize>,
}

/// The drawing as cells: a wide character takes one cell and leaves its other columns empty.
struct Sheet {
    rows: Vec<Vec<(String, Role)>>,
}

impl Sheet {
    fn of(drawing: &Drawing) -> Self {
        let cells = |row: &Vec<Segment>| {
            let mut cells = Vec::new();
            for segment in row {
                for cluster in segment.text.graphemes(true) {
                    cells.push((cluster.to_owned(), segment.role));
                    for _ in 1..words::width(cluster) {
                        cells.push((String::new(), segment.role));
                    }
                }
            }
            cells
        };
        Self {
            rows: drawing.rows.iter().map(cells).collect(),
        }
    }

    fn text(&self, x: usize, y: usize) -> &str {
        let cell = self.rows.get(y).and_then(|row| row.get(x));
        cell.map_or(" ", |(text, _)| text)
    }

    /// Columns that nothing but one horizontal line crosses, with the row of that line.
    fn cuts(&self, nodes: &[Placed], charset: Charset) -> BTreeMap<usize, usize> {
        let across = match charset {
            Charset::Unicode => "─",
            Charset::Ascii => "-",
        };
        let width = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let inside = |x: usize| {
            nodes
                .iter()
                .any(|node| node.x <= x && x < node.x + node.width)
        };
        let mut cuts = BTreeMap::new();
        for x in (1..width).filter(|x| !inside(*x) && !inside(*x - 1)) {
            // A line that ends a column before, at the node that it leads to, must not be cut off from it either.
            let mut crossing = (0..self.rows.len())
                .filter(|y| self.text(x, *y) != " " || self.text(x - 1, *y) != " ");
            if let (Some(y), None) = (crossing.next(), crossing.next())
                && self.text(x, y) == across
                && self.text(x - 1, y) == across
            {
                cuts.insert(x, y);
            }
        }
        cuts
    }
}

fn compose(sheet: &Sheet, bands: &[Band], nodes: &[Placed], charset: Charset) -> Drawing {
    let mut canvas = Canvas::default();
    let mut placed = vec![None; nodes.len()];
    let mut top = 0;
    // Where the line of the band before bends down: its column and row.
    let mut comes_from: Option<(usize, usize, usize)> = None;
    for band in bands {
        let left = indent(band.start);
        if let Some((bend, row, source)) = comes_from {
            carry(&mut canvas, bend, row, top, charset);
            top += 1;
            enter(&mut canvas, top, source, charset);
        }
        let mut height = band.leaves.map_or(0, |y| y + 1);
        for (y, row) in sheet.rows.iter().enumerate() {
            for (x, (text, role)) in row.iter().enumerate().take(band.end).skip(band.start) {
                if text != " " && !text.is_empty() {
                    canvas.text(x - band.start + left, top + y, text, *role);
                    height = height.max(y + 1);
                }
            }
        }
        let here = nodes.iter().zip(&mut placed);
        for (node, place) in here.filter(|(node, _)| node.x >= band.start && node.x < band.end) {
            height = height.max(node.y + node.height);
            *place = Some(Placed {
                x: node.x - band.start + left,
                y: node.y + top,
                ..node.clone()
            });
        }
        comes_from = band
            .leaves
            .map(|y| (band.end - band.start + left, top + y, y));
        top += height;
    }
    let (rows, width) = canvas.finish();
    Drawing {
        rows,
        nodes: placed.into_iter().flatten().collect(),
        width,
    }
}

/// From the end of a band down its right side, and back to the left in the row `below`.
fn carry(canvas: &mut Canvas, bend: usize, row: usize, below: usize, charset: Charset) {
    let down = Arms {
        down: true,
        ..Arms::default()
    };
    canvas.line(bend, row, Arms { left: true, ..down }, charset);
    for y in row + 1..below {
        canvas.line(bend, y, Arms { up: true, ..down }, charset);
    }
    canvas.line(
        bend,
        below,
        Arms {
            up: true,
            left: true,
            ..Arms::default()
        },
        charset,
    );
    canvas.across(1, bend - 1, below, charset);
    canvas.line(
        0,
        below,
        Arms {
            right: true,
            ..down
        },
        charset,
    );
}

/// From the left of a band's first row down to the row in which the line goes on.
fn enter(canvas: &mut Canvas, top: usize, source: usize, charset: Charset) {
    let up = Arms {
        up: true,
        ..Arms::default()
    };
    for y in top..top + source {
        canvas.line(0, y, Arms { down: true, ..up }, charset);
    }
    canvas.line(0, top + source, Arms { right: true, ..up }, charset);
    canvas.across(1, INDENT - 1, top + source, charset);
}
