//! What the cockpit shows: whole frames, with what each colour means.

mod evidence;
mod plans;

use gonogo::config;
use gonogo::domain::fact::{Ask, FailureKind};
use gonogo::domain::time::after;
use gonogo::present::role::Sign;
use gonogo::tui::theme::{Depth, Theme};
use std::time::Duration;

use crate::support::bench::{Bench, Phase, RUN, noon};
use crate::support::screen::{Cockpit, is_colourless};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 50)];

fn frames(name: &str, bench: &Bench) {
    for (width, height) in SIZES {
        let mut cockpit = Cockpit::open(bench, width, height);
        let picture = cockpit.picture(bench);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture);
    }
}

#[test]
fn while_nothing_is_known() {
    frames("loading", &Bench::at(Phase::Loading));
}

#[test]
fn while_the_gates_run() {
    frames("building", &Bench::at(Phase::Building));
}

#[test]
fn while_a_gate_waits() {
    frames("waiting", &Bench::at(Phase::Waiting));
}

#[test]
fn when_everything_is_out() {
    frames("released", &Bench::at(Phase::Released));
}

#[test]
fn when_a_required_job_has_failed() {
    frames("failed", &Bench::at(Phase::Failed));
}

#[test]
fn while_no_service_answers() {
    let mut bench = Bench::at(Phase::Waiting);
    let later = after(noon(), Duration::from_secs(90));
    bench.fail_all(FailureKind::Unreachable, later);
    for (width, height) in SIZES {
        let mut cockpit = Cockpit::open(&bench, width, height);
        cockpit.now = later;
        let picture = cockpit.picture(&bench);
        insta::assert_snapshot!(format!("faults_{width}x{height}"), picture);
    }
}

#[test]
fn every_tab_of_a_narrow_screen() {
    let bench = Bench::at(Phase::Waiting);
    let mut cockpit = Cockpit::open(&bench, 80, 24);
    for pane in 2..=5 {
        cockpit.press(&bench, &pane.to_string());
        insta::assert_snapshot!(format!("tab_{pane}"), cockpit.picture(&bench));
    }
}

#[test]
fn the_other_views_and_the_popups() {
    let bench = Bench::at(Phase::Waiting);
    for (name, keys) in [
        ("jobs", "]"),
        ("image", "3 enter"),
        ("log", "/ p r e r e l enter space / c r e a t e - m enter L"),
        ("help", "?"),
        ("palette", ": r u n"),
        ("runs", "w"),
        ("services", "S"),
        ("zoomed", "2 z"),
    ] {
        let mut cockpit = Cockpit::open(&bench, 120, 36);
        cockpit.press(&bench, keys);
        insta::assert_snapshot!(format!("view_{name}"), cockpit.picture(&bench));
    }
}

#[test]
fn plain_ascii_keeps_every_column_in_its_place() {
    let bench = Bench::at(Phase::Waiting);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    let before = cockpit.draw(&bench);
    cockpit.ascii = true;
    let ascii = cockpit.draw(&bench);
    for (cell, was) in ascii.content.iter().zip(&before.content) {
        assert!(cell.symbol().is_ascii(), "{:?}", cell.symbol());
        assert_eq!(cell.symbol() == " ", was.symbol() == " ", "nothing moves");
    }
    insta::assert_snapshot!("ascii_120x36", cockpit.text(&bench));
}

#[test]
fn without_colour_nothing_has_a_colour_and_the_words_are_the_same() {
    let bench = Bench::at(Phase::Waiting);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    let coloured = cockpit.text(&bench);
    assert!(!is_colourless(&cockpit.draw(&bench)));
    cockpit.theme = Theme::load(&config::Theme::Dark, Depth::None).unwrap();
    assert!(is_colourless(&cockpit.draw(&bench)));
    assert_eq!(cockpit.text(&bench), coloured);
}

#[test]
fn every_symbol_is_one_column_wide() {
    let drawn = "─│╭╮╰╯├┤┬┴┼…█▒░→›▸▾←↑↓×≠·▏□–";
    let signs = Sign::ALL.iter().map(|sign| sign.symbol());
    for symbol in signs.chain(drawn.split("").filter(|text| !text.is_empty())) {
        assert_eq!(unicode_width::UnicodeWidthStr::width(symbol), 1, "{symbol}");
        // Symbols with an emoji form are drawn two columns wide by some terminals.
        let emoji = ["✔", "✖", "⚠", "▶", "⏸", "◀", "☑", "⬤"];
        assert!(!emoji.contains(&symbol), "{symbol}");
    }
}

#[test]
fn a_screen_that_is_too_small_says_what_it_needs() {
    let bench = Bench::at(Phase::Waiting);
    let text = Cockpit::open(&bench, 59, 16).text(&bench);
    assert!(text.contains("needs 60×16"), "{text}");
    assert!(text.contains("CANNOT TELL"), "the verdict stays: {text}");
}

#[test]
fn a_finished_release_does_not_tick_and_a_running_one_does() {
    for (phase, ticks) in [(Phase::Released, false), (Phase::Building, true)] {
        let bench = Bench::at(phase);
        let cockpit = Cockpit::open(&bench, 120, 36);
        assert_eq!(cockpit.ui.seen.ticks, ticks, "{phase:?}");
    }
}

#[test]
fn old_answers_show_their_age_and_very_old_ones_are_stale() {
    let bench = Bench::at(Phase::Waiting);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    let mut at = |seconds| {
        cockpit.now = after(noon(), Duration::from_secs(seconds));
        cockpit.text(&bench)
    };
    assert!(!at(2).contains("STALE"));
    assert!(at(8).contains("8s ago"), "{}", at(8));
    assert!(at(60).contains("STALE 1m 00s"), "{}", at(60));
}

#[test]
fn a_failed_look_says_what_failed_when_it_tries_again_and_what_it_knew() {
    let mut bench = Bench::at(Phase::Waiting);
    let later = after(noon(), Duration::from_secs(20));
    bench.fail(Ask::Jobs(RUN), FailureKind::Unreachable, later);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    cockpit.now = later;
    let text = cockpit.text(&bench);
    for part in [
        "connection refused",
        "Again in",
        "Last seen 20s ago",
        "version-check",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
