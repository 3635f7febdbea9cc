//! Plans by script, on plans made by hand: what keys and mouse do, and what they never do.

use gonogo::domain::plan::{Intent, Proof, Refusal, RefusalKind};
use gonogo::engine::Message;
use gonogo::engine::desk::{DeskMessage, Leave};
use gonogo::tui::action::{ACTIONS, Availability, Group};
use gonogo::tui::sheet::{Button, Sheet, Subject};
use gonogo::tui::ui::{Popup, Target};
use gonogo::tui::update::{Input, UiEffect};
use ratatui::layout::{Position, Size};

use super::{HOSTILE, assert_harmless};
use crate::support::bench::{Bench, Phase};
use crate::support::plans::{approval, approve, half_done, promote, stopped};
use crate::support::screen::Cockpit;

/// A cockpit on which a plan can be read.
fn reading(
    intent: Intent,
    result: Result<gonogo::domain::plan::Plan, Refusal>,
) -> (Bench, Cockpit) {
    let mut bench = Bench::at(Phase::Waiting);
    bench.desk(DeskMessage::Recalled(Ok(Vec::new())));
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    let sheet = Sheet::of(Subject::Wish(intent.clone()));
    cockpit.ui.popups.push(Popup::Plan(Box::new(sheet)));
    bench.ready(intent, result);
    cockpit.send(&bench, Input::Model);
    (bench, cockpit)
}

fn desk(effects: &[UiEffect]) -> Vec<&DeskMessage> {
    let messages = effects.iter().filter_map(|effect| match effect {
        UiEffect::Send(Message::Desk(message)) => Some(message),
        _ => None,
    });
    messages.collect()
}

fn button(cockpit: &Cockpit, wanted: Button) -> Position {
    let spots = cockpit.ui.seen.spots.iter();
    let mut found = spots.filter(|(_, target)| *target == Target::Button(wanted));
    let (area, _) = found.next().unwrap_or_else(|| panic!("no {wanted:?}"));
    Position::new(area.x + 2, area.y)
}

#[test]
fn in_read_only_mode_changes_are_hidden_and_refused() {
    let mut bench = Bench::at(Phase::Waiting);
    bench.desk(DeskMessage::Recalled(Ok(Vec::new())));
    bench.model.desk.leave = Leave::Denied;
    let changes = || ACTIONS.iter().filter(|a| a.group == Group::Changes);
    assert!(changes().count() > 10);
    for action in changes() {
        let mut cockpit = Cockpit::open(&bench, 300, 60);
        let keys = cockpit.ui.keymap.keys(action).to_vec();
        for key in keys {
            let effects = cockpit.send(&bench, Input::Key(key));
            assert!(desk(&effects).is_empty(), "{}: {effects:?}", action.name);
            assert!(cockpit.ui.popups.is_empty(), "{}", action.name);
        }
        let availability = (action.when)(&bench.model, &cockpit.ui);
        let Availability::Why(why) = availability else {
            panic!("{}: {availability:?}", action.name);
        };
        // What is only about a plan that runs has its own sentence: none ever does.
        if !["stop", "plan", "resume"].contains(&action.name) {
            assert!(why.contains("read-only"), "{}: {why}", action.name);
        }
    }
    let mut cockpit = Cockpit::open(&bench, 300, 60);
    assert!(cockpit.text(&bench).contains("read-only"));
    for keys in ["", "?", ": a p p r o v e"] {
        let mut cockpit = Cockpit::open(&bench, 300, 60);
        cockpit.press(&bench, keys);
        let text = cockpit.text(&bench);
        for action in changes() {
            assert!(
                !text.contains(action.sentence),
                "{keys} {}: {text}",
                action.name
            );
        }
        assert!(!text.contains("a approve"), "{keys}: {text}");
    }
}

#[test]
fn a_key_that_cannot_be_used_says_what_the_command_says() {
    for phase in [Phase::Building, Phase::Released, Phase::Failed] {
        let mut bench = Bench::at(phase);
        bench.desk(DeskMessage::Recalled(Ok(Vec::new())));
        let mut cockpit = Cockpit::open(&bench, 120, 36);
        let refusal = bench.model.plan_now(&approval()).unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::Nothing, "{phase:?}");
        let effects = cockpit.press(&bench, "a");
        assert!(effects.is_empty(), "{phase:?}: {effects:?}");
        let note = &cockpit.ui.note.as_ref().unwrap().text;
        assert_eq!(*note, format!("{} {}", refusal.what, refusal.unblock));
        // All of it is on screen, however long it is.
        let text = cockpit.text(&bench);
        let last = refusal.unblock.split_whitespace().last().unwrap();
        assert!(text.contains(last), "{text}");
    }
}

#[test]
fn a_no_of_the_board_can_be_overridden_with_a_reason_and_not_without() {
    let no = Refusal::new(RefusalKind::NoGo, "The board says NO-GO.", "Mend it.");
    let (bench, mut cockpit) = reading(approval(), Err(no));
    cockpit.press(&bench, "e");
    let effects = cockpit.press(&bench, "space enter");
    assert!(effects.is_empty(), "{effects:?}");
    let effects = cockpit.press(&bench, "f i r e enter");
    let mut expected = approval();
    if let Intent::Approve { reason, .. } = &mut expected {
        *reason = Some("fire".to_owned());
    }
    assert_eq!(desk(&effects), [&DeskMessage::Prepare(expected)]);

    for kind in [
        RefusalKind::Firm,
        RefusalKind::CannotTell,
        RefusalKind::NotAllowed,
    ] {
        let no = Refusal::new(kind, "This is not to be.", "Nothing would help.");
        let (bench, mut cockpit) = reading(approval(), Err(no));
        let effects = cockpit.press(&bench, "e f i r e");
        assert!(effects.is_empty(), "{kind:?}");
        assert!(!cockpit.text(&bench).contains("Override"), "{kind:?}");
        assert_eq!(
            desk(&cockpit.press(&bench, "enter")),
            [&DeskMessage::PutAway]
        );
    }
}

#[test]
fn enter_alone_never_confirms_and_a_plan_is_confirmed_once() {
    let intent = Intent::Promote { reason: None };
    let (bench, mut cockpit) = reading(intent.clone(), Ok(promote()));
    assert_eq!(
        desk(&cockpit.press(&bench, "enter")),
        [&DeskMessage::PutAway]
    );

    let (bench, mut cockpit) = reading(intent, Ok(promote()));
    let effects = cockpit.press(&bench, "1 . 7 . 0 enter enter enter");
    let typed = DeskMessage::Confirm(Proof::Typed("1.7.0".to_owned()));
    assert_eq!(
        desk(&effects),
        [&typed],
        "sent once, however often Enter is pressed"
    );

    let (bench, mut cockpit) = reading(approval(), Ok(approve(approval())));
    let effects = cockpit.press(&bench, "tab enter tab enter");
    assert_eq!(desk(&effects), [&DeskMessage::Confirm(Proof::Key)]);
}

#[test]
fn keys_of_the_screen_below_do_nothing_while_a_plan_is_read() {
    let (bench, mut cockpit) = reading(approval(), Ok(approve(approval())));
    let before = cockpit.text(&bench);
    for action in ACTIONS {
        let modal = [
            "back", "quit", "enter", "suspend", "redraw", "copy", "refresh", "fold",
        ];
        let moves = ["left", "right", "next-pane", "previous-pane"];
        if modal.contains(&action.name) || moves.contains(&action.name) {
            continue;
        }
        for key in cockpit.ui.keymap.keys(action).to_vec() {
            let effects = cockpit.send(&bench, Input::Key(key));
            assert!(effects.is_empty(), "{}: {effects:?}", action.name);
            assert_eq!(cockpit.text(&bench), before, "{}", action.name);
        }
    }
}

#[test]
fn the_mouse_presses_buttons_and_a_click_outside_puts_away() {
    let (bench, mut cockpit) = reading(approval(), Ok(approve(approval())));
    let at = button(&cockpit, Button::Go);
    let effects = cockpit.send(&bench, Input::Click(at));
    assert_eq!(desk(&effects), [&DeskMessage::Confirm(Proof::Key)]);

    let (bench, mut cockpit) = reading(approval(), Ok(approve(approval())));
    let at = button(&cockpit, Button::Comment);
    cockpit.send(&bench, Input::Click(at));
    assert_eq!(cockpit.ui.sheet().unwrap().focus, Button::Comment);
    // A comment that was changed is read again before anything is sent.
    cockpit.press(&bench, "!");
    let at = button(&cockpit, Button::Go);
    let effects = cockpit.send(&bench, Input::Click(at));
    assert!(
        matches!(desk(&effects)[..], [DeskMessage::Prepare(_)]),
        "{effects:?}"
    );

    let (bench, mut cockpit) = reading(approval(), Ok(approve(approval())));
    let effects = cockpit.send(&bench, Input::Click(Position::new(0, 35)));
    assert_eq!(desk(&effects), [&DeskMessage::PutAway]);
    assert!(cockpit.ui.popups.is_empty());
}

#[test]
fn a_resize_and_a_fault_keep_the_plan_and_what_was_typed() {
    let intent = Intent::Promote { reason: None };
    let (mut bench, mut cockpit) = reading(intent, Ok(promote()));
    cockpit.press(&bench, "1 . 7");
    let later = gonogo::domain::time::after(cockpit.now, std::time::Duration::from_secs(5));
    bench.fail_all(gonogo::domain::fact::FailureKind::Timeout, later);
    for (width, height) in [(80, 24), (60, 16), (20, 5), (200, 50), (120, 36)] {
        cockpit.send(&bench, Input::Resize(Size { width, height }));
        cockpit.send(&bench, Input::Model);
        let sheet = cockpit.ui.sheet().unwrap();
        assert_eq!(
            (sheet.phrase.as_str(), sheet.focus),
            ("1.7", Button::Phrase)
        );
        if width >= 60 {
            let text = cockpit.text(&bench);
            for part in ["Type 1.7.0 to go on: 1.7", "[ Cancel ]", "[ Promote ]"] {
                assert!(text.contains(part), "{part} {width}x{height}: {text}");
            }
        }
    }
}

#[test]
fn every_line_of_a_long_plan_can_be_read() {
    let intent = Intent::Promote { reason: None };
    let (bench, mut cockpit) = reading(intent, Ok(promote()));
    cockpit.send(
        &bench,
        Input::Resize(Size {
            width: 80,
            height: 24,
        }),
    );
    let short = cockpit.text(&bench);
    assert!(!short.contains("before  "), "{short}");
    cockpit.press(&bench, "space");
    let mut read = String::new();
    for _ in 0..40 {
        read.push_str(&cockpit.text(&bench));
        cockpit.press(&bench, "j");
    }
    for part in [
        "PUT",
        "before",
        "after",
        "undo",
        "latest",
        "each can be undone",
    ] {
        assert!(read.contains(part), "{part}: {read}");
    }
    cockpit.press(&bench, "g");
    assert!(
        cockpit
            .text(&bench)
            .contains("Put the tested image under three tags")
    );
}

#[test]
fn an_unfinished_plan_is_told_of_once_and_stands_in_the_header_until_it_is_over() {
    let plan = promote();
    let mut bench = Bench::at(Phase::Waiting);
    bench.recall(&plan, half_done(&plan));
    let mut cockpit = Cockpit::open(&bench, 80, 24);
    let text = cockpit.text(&bench);
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    for part in [
        "A plan is unfinished, promote 1.7.0",
        "J shows it",
        "c goes on",
        "u takes it back",
        "1 unfinished J",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    cockpit.send(&bench, Input::Read);
    cockpit.send(&bench, Input::Model);
    assert!(cockpit.ui.note.is_none(), "said once");
    assert!(cockpit.text(&bench).contains("1 unfinished J"));
    // The sentence leads on: the key opens what is left of it, and Esc changes nothing.
    cockpit.press(&bench, "c");
    assert_eq!(
        cockpit.ui.sheet().unwrap().of,
        Subject::Again(plan.id.clone())
    );
    assert!(cockpit.press(&bench, "esc").is_empty());
    cockpit.press(&bench, "c");
    let effects = cockpit.press(&bench, "1 . 7 . 0 enter");
    let proof = Proof::Typed("1.7.0".to_owned());
    assert_eq!(
        desk(&effects),
        [&DeskMessage::Resume(plan.id.clone(), proof)]
    );
    cockpit.press(&bench, "esc");
    let effects = cockpit.press(&bench, "u");
    assert_eq!(
        desk(&effects),
        [&DeskMessage::Prepare(Intent::Undo(plan.id.clone()))]
    );
}

#[test]
fn texts_of_others_in_plans_and_journal_never_reach_a_cell() {
    let mut plan = promote();
    HOSTILE.clone_into(&mut plan.title);
    plan.notes = vec![HOSTILE.to_owned()];
    plan.about.version = Some(HOSTILE.to_owned());
    plan.id = plan.hashed();
    let mut refusal = Refusal::new(RefusalKind::NoGo, HOSTILE, HOSTILE);
    refusal.rules = vec![HOSTILE.to_owned()];
    for result in [Ok(plan.clone()), Err(refusal)] {
        let (bench, mut cockpit) = reading(Intent::Promote { reason: None }, result);
        for (width, height) in [(60, 16), (80, 24), (200, 50)] {
            cockpit.send(&bench, Input::Resize(Size { width, height }));
            assert_harmless(&cockpit.draw(&bench));
        }
        cockpit.send(&bench, Input::Paste(HOSTILE.to_owned()));
        assert_harmless(&cockpit.draw(&bench));
    }
    let mut bench = Bench::at(Phase::Waiting);
    let all = stopped(&plan);
    bench.recall(&plan, all);
    for keys in ["J", "J enter", "c", "J tab"] {
        let mut cockpit = Cockpit::open(&bench, 80, 24);
        cockpit.press(&bench, keys);
        assert_harmless(&cockpit.draw(&bench));
    }
}
