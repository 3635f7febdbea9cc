//! Plain ASCII: the finished frame is translated cell by cell, so that nothing moves.

use ratatui::buffer::Buffer;

use crate::present::role::Sign;

/// Replaces every symbol that is not ASCII by its twin of one column.
pub(super) fn translate(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if !symbol.is_ascii() {
            let twin = twin(symbol);
            cell.set_symbol(twin);
        }
    }
}

fn twin(symbol: &str) -> &'static str {
    if let Some(sign) = Sign::ALL.iter().find(|sign| sign.symbol() == symbol) {
        return sign.ascii();
    }
    match symbol {
        "─" | "━" | "—" => "-",
        "│" | "┃" | "▏" => "|",
        "╭" | "╮" | "╰" | "╯" | "├" | "┤" | "┬" | "┴" | "┼" => "+",
        "…" => "~",
        "█" => "#",
        "▒" => ":",
        "░" | "·" => ".",
        "→" | "›" | "▸" | "⇥" => ">",
        "←" => "<",
        "↑" | "≠" => "^",
        "↓" | "▾" => "v",
        "×" => "x",
        "□" => "o",
        // What others wrote in another script: one mark a column, so that the columns stay.
        _ => "?",
    }
}
