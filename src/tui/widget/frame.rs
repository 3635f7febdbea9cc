//! A pane's border: thin, rounded, with its title, its count and its position.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::line::{Bit, Line};
use crate::present::role::Role;
use crate::present::words;

/// What a border carries.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// In the top border, from the left.
    pub title: Vec<Bit>,
    /// In the top border, at the right.
    pub count: Vec<Bit>,
    /// In the bottom border, at the right.
    pub position: String,
    /// Whether the pane has the keys.
    pub focused: bool,
}

impl Frame {
    /// A frame titled with the pane's number and name.
    pub fn titled(title: &str, focused: bool) -> Self {
        let role = if focused { Role::Focus } else { Role::Plain };
        let bit = Bit::of(role, title);
        Self {
            title: vec![if focused { bit.strong() } else { bit }],
            focused,
            ..Self::default()
        }
    }

    /// More words behind the title, a dash before each.
    #[must_use]
    pub fn and(mut self, bit: Bit) -> Self {
        if !bit.text.is_empty() {
            self.title.push(Bit::of(self.border(), " ─ "));
            self.title.push(bit);
        }
        self
    }

    /// The count at the right of the top border.
    #[must_use]
    pub fn count(mut self, bits: impl IntoIterator<Item = Bit>) -> Self {
        self.count = bits.into_iter().collect();
        self
    }

    fn border(&self) -> Role {
        if self.focused {
            Role::Focus
        } else {
            Role::Muted
        }
    }

    /// Draws the frame; gives the area within, a column free at both sides.
    pub fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) -> Rect {
        if area.width < 4 || area.height < 2 {
            return Rect::new(area.x, area.y, 0, 0);
        }
        let style = canvas.style(self.border());
        let inside = usize::from(area.width) - 2;
        let (left, right) = (area.x, area.right() - 1);
        let (top, bottom) = (area.y, area.bottom() - 1);
        canvas.text(left, top, 1, "╭", style);
        canvas.text(left + 1, top, inside, &"─".repeat(inside), style);
        canvas.text(right, top, 1, "╮", style);
        for y in top + 1..bottom {
            canvas.text(left, y, 1, "│", style);
            canvas.text(right, y, 1, "│", style);
        }
        canvas.text(left, bottom, 1, "╰", style);
        canvas.text(left + 1, bottom, inside, &"─".repeat(inside), style);
        canvas.text(right, bottom, 1, "╯", style);

        if area.width >= 10 {
            let header = Rect::new(left + 2, top, area.width - 4, 1);
            let spaced = |bits: &[Bit]| {
                let mut bits = bits.to_vec();
                if !bits.is_empty() {
                    bits.insert(0, Bit::plain(" "));
                    bits.push(Bit::plain(" "));
                }
                bits
            };
            let header = Rect {
                x: header.x - 1,
                width: header.width + 2,
                ..header
            };
            let line = Line::of(spaced(&self.title)).right(spaced(&self.count));
            // One dash stays between corner and words.
            let header = Rect {
                x: header.x,
                width: header.width - 1,
                ..header
            };
            canvas.line(header, &line);
            if !self.position.is_empty() && words::width(&self.position) + 6 <= inside {
                let text = format!(" {} ", self.position);
                let width = u16::try_from(words::width(&text)).unwrap_or(0);
                canvas.text(
                    right.saturating_sub(width + 1),
                    bottom,
                    inside,
                    &text,
                    style,
                );
            }
        }
        Rect::new(area.x + 2, area.y + 1, area.width - 4, area.height - 2)
    }
}
