//! A buffer that can be drawn on anywhere: what lies outside is left out.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::line::{Bit, Line};
use crate::present::role::Role;
use crate::tui::theme::Theme;

/// A buffer with the theme that colours it.
#[derive(Debug)]
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
}

impl<'a> Canvas<'a> {
    /// Draws on this buffer.
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme) -> Self {
        Self { buffer, theme }
    }

    /// All that can be drawn on.
    pub fn area(&self) -> Rect {
        self.buffer.area
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// Text at a column and row, at most `columns` wide.
    pub fn text(&mut self, x: u16, y: u16, columns: usize, text: &str, style: Style) {
        let area = self.buffer.area;
        if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
            return;
        }
        self.buffer
            .set_stringn(x, y, text, columns, Theme::whole(style));
    }

    /// One piece of a line.
    pub fn bit(&mut self, x: u16, y: u16, columns: usize, bit: &Bit) {
        let mut style = bit.style.unwrap_or_else(|| self.theme.style(bit.role));
        if bit.strong {
            style = style.add_modifier(Modifier::BOLD);
        }
        self.text(x, y, columns, &bit.text, style);
    }

    /// A line in the first row of an area.
    pub fn line(&mut self, area: Rect, line: &Line) {
        if area.is_empty() {
            return;
        }
        for (column, bit) in line.fitted(area.width.into()) {
            let Ok(offset) = u16::try_from(column) else {
                continue;
            };
            let room = usize::from(area.width).saturating_sub(column);
            self.bit(area.x.saturating_add(offset), area.y, room, &bit);
        }
    }

    /// Lines from the top of an area; says how many rows it took.
    pub fn lines(&mut self, area: Rect, lines: &[Line]) -> u16 {
        let mut rows = area.rows();
        let mut drawn = 0;
        for line in lines {
            let Some(row) = rows.next() else { break };
            self.line(row, line);
            drawn += 1;
        }
        drawn
    }

    /// Puts a style over what is drawn in an area.
    pub fn tint(&mut self, area: Rect, role: Role) {
        let area = area.intersection(self.buffer.area);
        self.buffer.set_style(area, self.theme.style(role));
    }

    /// Empties an area, for what is drawn over it.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.reset();
            }
        }
    }

    /// The style that a log's own colour number gets.
    pub fn log_colour(&self, number: u8) -> Style {
        self.theme.log_colour(number)
    }
}
