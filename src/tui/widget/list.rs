//! A list of rows: it keeps its selection by id and its place by the row that was on top.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::line::Line;
use crate::present::role::Role;
use crate::tui::ui::{Cursor, Item};

/// A row: what it stands for, where it can be selected, and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What is selected by it; `None` for a heading.
    pub item: Option<Item>,
    /// How it looks.
    pub line: Line,
}

impl Row {
    /// A row that can be selected.
    pub fn of(item: Item, line: Line) -> Self {
        Self {
            item: Some(item),
            line,
        }
    }

    /// A row that only says something.
    pub fn heading(line: Line) -> Self {
        Self { item: None, line }
    }
}

/// Where a list was drawn: which row is on top, and the place of each item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawn {
    /// The first row shown.
    pub top: usize,
    /// The rows of items on screen.
    pub items: Vec<(Item, Rect)>,
    /// `3 of 300`, where it scrolls.
    pub position: String,
}

/// The first row to show, so that row `at` is on screen and the list moves no more than it must.
pub fn top_for(before: usize, at: Option<usize>, rows: usize, height: usize) -> usize {
    let last = rows.saturating_sub(height);
    let top = match at {
        Some(at) if at < before => at,
        Some(at) if at >= before.saturating_add(height) => (at + 1).saturating_sub(height),
        _ => before,
    };
    top.min(last)
}

/// Draws the rows that fit.
pub fn draw(
    canvas: &mut Canvas<'_>,
    area: Rect,
    rows: &[Row],
    cursor: Option<&Cursor>,
    focused: bool,
) -> Drawn {
    let selectable: Vec<&Item> = rows.iter().filter_map(|row| row.item.as_ref()).collect();
    let selected = cursor
        .cloned()
        .unwrap_or_default()
        .place(&selectable)
        .and_then(|place| selectable.get(place).copied());
    let at = rows
        .iter()
        .position(|row| row.item.is_some() && row.item.as_ref() == selected);
    let height = usize::from(area.height);
    // A heading above the first item comes into view with it.
    let wanted = match at {
        Some(at) if rows.iter().take(at).all(|row| row.item.is_none()) && at < height => Some(0),
        at => at,
    };
    let before = cursor.map_or(0, |cursor| cursor.top);
    let top = top_for(before, wanted, rows.len(), height);
    let mut drawn = Drawn {
        top,
        ..Drawn::default()
    };
    for (row, place) in rows.iter().skip(top).zip(area.rows()) {
        canvas.line(place, &row.line);
        if let Some(item) = &row.item {
            if focused && Some(item) == selected {
                let bar = Rect {
                    x: place.x.saturating_sub(1),
                    width: place.width.saturating_add(2),
                    ..place
                };
                canvas.tint(bar, Role::Select);
            }
            drawn.items.push((item.clone(), place));
        }
    }
    if rows.len() > height {
        let place = selected
            .and_then(|item| selectable.iter().position(|other| *other == item))
            .map_or(top + 1, |place| place + 1);
        drawn.position = format!("{place} of {}", selectable.len().max(1));
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_moves_no_more_than_it_must() {
        assert_eq!(top_for(0, Some(3), 10, 5), 0);
        assert_eq!(top_for(0, Some(5), 10, 5), 1);
        assert_eq!(top_for(4, Some(4), 10, 5), 4);
        assert_eq!(top_for(4, Some(2), 10, 5), 2);
        assert_eq!(top_for(9, Some(2), 3, 5), 0);
        assert_eq!(top_for(3, None, 10, 20), 0);
        assert_eq!(top_for(3, Some(0), 0, 0), 0);
    }
}
