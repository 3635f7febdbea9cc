//! A plan in every state, and the journal.

use gonogo::config;
use gonogo::domain::plan::{Intent, Refusal, RefusalKind};
use gonogo::engine::desk::{DeskMessage, Planning};
use gonogo::tui::theme::{Depth, Theme};
use gonogo::tui::update::Input;

use super::SIZES;
use crate::support::bench::{Bench, Phase, noon};
use crate::support::plans::{approval, approve, half_done, promote, stopped};
use crate::support::screen::{Cockpit, is_colourless};

/// The cockpit with a plan for this wish on top, as the engine answers it.
fn opened(
    key: &str,
    width: u16,
    height: u16,
    answer: impl Fn(&mut Bench, Intent),
) -> (Bench, Cockpit) {
    let mut bench = Bench::at(Phase::Waiting);
    bench.desk(DeskMessage::Recalled(Ok(Vec::new())));
    let mut cockpit = Cockpit::open(&bench, width, height);
    let intent = match key {
        "a" => approval(),
        _ => Intent::Promote { reason: None },
    };
    // As things are known there is nothing to promote: the plan is opened as the key would.
    let sheet = gonogo::tui::sheet::Sheet::of(gonogo::tui::sheet::Subject::Wish(intent.clone()));
    let popup = gonogo::tui::ui::Popup::Plan(Box::new(sheet));
    cockpit.ui.popups.push(popup);
    answer(&mut bench, intent);
    cockpit.send(&bench, Input::Model);
    (bench, cockpit)
}

fn pictures(name: &str, key: &str, keys: &str, answer: impl Fn(&mut Bench, Intent)) {
    for (width, height) in SIZES {
        let (bench, mut cockpit) = opened(key, width, height, &answer);
        cockpit.press(&bench, keys);
        let picture = cockpit.picture(&bench);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture);
    }
}

#[test]
fn while_it_is_prepared() {
    pictures("preparing", "a", "", |bench, intent| {
        bench.model.desk.planning = Planning::Preparing {
            intent,
            since: noon(),
            asked: std::collections::BTreeSet::new(),
        };
    });
}

fn no_go() -> Refusal {
    Refusal::new(
        RefusalKind::NoGo,
        "The board says NO-GO: signatures were not checked.",
        "Have them checked, or give a reason to go on without (`--override`).",
    )
    .by(["signature".to_owned()])
}

#[test]
fn when_the_board_says_no() {
    pictures(
        "no_go",
        "a",
        "e n o t space t o n i g h t",
        |bench, intent| {
            bench.ready(intent, Err(no_go()));
        },
    );
}

#[test]
fn an_approval_to_read() {
    pictures("approval", "a", "", |bench, intent| {
        bench.ready(intent.clone(), Ok(approve(intent)));
    });
}

#[test]
fn a_comment_that_is_written() {
    pictures(
        "comment",
        "a",
        "e space a n d space s e e n",
        |bench, intent| {
            bench.ready(intent.clone(), Ok(approve(intent)));
        },
    );
}

#[test]
fn a_promote_to_read() {
    pictures("promote", "P", "", |bench, intent| {
        bench.ready(intent, Ok(promote()));
    });
}

#[test]
fn a_version_that_is_typed_and_was_wrong_before() {
    pictures("typed", "P", "1 . 7", |bench, intent| {
        bench.ready(intent, Ok(promote()));
        if let Planning::Ready { not_confirmed, .. } = &mut bench.model.desk.planning {
            *not_confirmed = Some("that is not 1.7.0: nothing was done".to_owned());
        }
    });
}

#[test]
fn while_it_runs() {
    for (width, height) in SIZES {
        let plan = promote();
        let mut bench = Bench::at(Phase::Waiting);
        bench.run(&plan, half_done(&plan));
        let mut cockpit = Cockpit::open(&bench, width, height);
        cockpit.press(&bench, "p");
        let picture = cockpit.picture(&bench);
        insta::assert_snapshot!(format!("running_{width}x{height}"), picture);
    }
}

#[test]
fn when_it_has_stopped() {
    for (width, height) in SIZES {
        let plan = promote();
        let mut bench = Bench::at(Phase::Waiting);
        bench.recall(&plan, stopped(&plan));
        let mut cockpit = Cockpit::open(&bench, width, height);
        let notice = cockpit.picture(&bench);
        insta::assert_snapshot!(format!("unfinished_{width}x{height}"), notice);
        cockpit.press(&bench, "J");
        insta::assert_snapshot!(format!("journal_{width}x{height}"), cockpit.picture(&bench));
        cockpit.press(&bench, "enter");
        insta::assert_snapshot!(format!("stopped_{width}x{height}"), cockpit.picture(&bench));
        cockpit.press(&bench, "c");
        insta::assert_snapshot!(format!("again_{width}x{height}"), cockpit.picture(&bench));
    }
}

#[test]
fn the_small_questions() {
    let plan = promote();
    let mut bench = Bench::at(Phase::Waiting);
    bench.run(&plan, half_done(&plan));
    let mut cockpit = Cockpit::open(&bench, 80, 24);
    cockpit.press(&bench, "q");
    insta::assert_snapshot!("leave_80x24", cockpit.picture(&bench));
    cockpit.press(&bench, "esc D r e l e a s e . y m l space x enter");
    insta::assert_snapshot!("dispatch_80x24", cockpit.picture(&bench));
}

#[test]
fn in_ascii_and_without_colour_it_says_the_same() {
    let (bench, mut cockpit) = opened("a", 120, 36, |bench, intent| {
        bench.ready(intent.clone(), Ok(approve(intent)));
    });
    let coloured = cockpit.text(&bench);
    cockpit.theme = Theme::load(&config::Theme::Dark, Depth::None).unwrap();
    assert!(is_colourless(&cockpit.draw(&bench)));
    assert_eq!(cockpit.text(&bench), coloured);
    // The button with the keys shows without a colour too.
    let marked = |cockpit: &mut Cockpit| {
        let buffer = cockpit.draw(&bench);
        let reversed = |cell: &&ratatui::buffer::Cell| {
            cell.modifier.contains(ratatui::style::Modifier::REVERSED)
        };
        let cells = buffer.content.iter().filter(reversed);
        cells.map(ratatui::buffer::Cell::symbol).collect::<String>()
    };
    assert!(marked(&mut cockpit).contains("[ Cancel ]"));
    cockpit.press(&bench, "tab");
    assert!(marked(&mut cockpit).contains("[ Approve ]"));
    cockpit.ascii = true;
    let ascii = cockpit.text(&bench);
    assert!(ascii.is_ascii() && ascii.contains("> one-way"), "{ascii}");
}
