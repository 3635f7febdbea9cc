//! The evidence by script: from anywhere in, and out again to where one was.

use gonogo::domain::assess::Row;
use gonogo::domain::digest::Digest;
use gonogo::domain::evidence::{
    Claim, Layout, Package, Predicate, Problem, SbomSummary, TrustOrigin, TrustRoot,
};
use gonogo::domain::fact::{Ask, Fact};
use gonogo::domain::ids::JobId;
use gonogo::present::evidence::{Place, ProofId};
use gonogo::tui::ui::{Item, Pane, View};
use gonogo::tui::update::{Input, UiEffect};

use super::{HOSTILE, assert_harmless, chosen};
use crate::support::bench::{Bench, Phase};
use crate::support::proofs::{STRANGER, by_a_stranger, good, without_sbom};
use crate::support::screen::Cockpit;

/// An image whose evidence says nothing that a terminal should see.
pub(crate) fn hostile() -> Bench {
    let mut found = by_a_stranger();
    let hostile = || Some(HOSTILE.to_owned());
    let item = &mut found.signature.items[0];
    item.problems = vec![Problem::differs(Claim::Identity, HOSTILE, Some(HOSTILE))];
    if let Some(claims) = &mut item.claims {
        claims.identity = hostile();
        claims.issuer = hostile();
        claims.repository = hostile();
        claims.run = hostile();
        claims.workflow = hostile();
        claims.environment = hostile();
    }
    item.predicate_type = hostile();
    let value = serde_json::json!({HOSTILE: {HOSTILE: HOSTILE}, "list": [HOSTILE]});
    found.provenance.items[0].predicate = Some(Predicate::Kept(std::sync::Arc::new(value)));
    found.provenance.items[0].predicate_type = hostile();
    let mut other = found.provenance.items[0].clone();
    other.predicate_type = hostile();
    found.others.push(other);
    let package = Package {
        name: HOSTILE.to_owned(),
        version: hostile(),
        purl: hostile(),
    };
    found.sboms[0].report.items[0].sbom = Some(SbomSummary {
        name: hostile(),
        packages: vec![package; 3],
    });
    HOSTILE.clone_into(&mut found.sboms[1].platform.architecture);
    for finding in &mut found.reasons {
        HOSTILE.clone_into(&mut finding.sentence);
    }
    Bench::with_evidence(found)
}

#[test]
fn evidence_opens_from_anywhere_and_what_was_below_comes_back() {
    let bench = Bench::with_evidence(good("1.7.0", &[Layout::Legacy]));
    for keys in [
        "1", "2", "3", "4", "5", "2 z", "] j", "] ]", "L", "w", "?", "S",
    ] {
        let mut cockpit = Cockpit::open(&bench, 120, 36);
        cockpit.press(&bench, keys);
        let before = (
            cockpit.ui.view,
            cockpit.ui.pane,
            cockpit.ui.zoomed,
            cockpit.ui.inside,
        );
        cockpit.press(&bench, "v");
        let text = cockpit.text(&bench);
        assert!(text.contains("› evidence"), "{keys}: {text}");
        assert!(
            text.contains("CANNOT TELL") || text.contains("GO"),
            "the verdict stays"
        );
        assert_eq!(cockpit.ui.active(), Pane::Proofs, "{keys}");
        cockpit.press(&bench, "j enter");
        assert_eq!(cockpit.ui.active(), Pane::Proof, "Enter goes in");
        cockpit.press(&bench, "esc esc");
        let after = (
            cockpit.ui.view,
            cockpit.ui.pane,
            cockpit.ui.zoomed,
            cockpit.ui.inside,
        );
        assert_eq!(after, before, "{keys}");
        assert!(!cockpit.text(&bench).contains("› evidence"), "{keys}");
    }
}

#[test]
fn what_lies_below_is_left_for_another_place() {
    let bench = Bench::with_evidence(good("1.7.0", &[Layout::Legacy]));
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    cockpit.press(&bench, "v 3");
    assert_eq!(
        (cockpit.ui.active(), cockpit.ui.view),
        (Pane::Image, View::Release)
    );
    cockpit.press(&bench, "1 h enter j l v L");
    assert_eq!(cockpit.ui.inside, Some(JobId(1009)));
    assert_eq!(cockpit.ui.active(), Pane::Log);
    cockpit.press(&bench, "v v");
    assert_eq!(cockpit.ui.active(), Pane::Log, "the same key closes it");
}

#[test]
fn open_evidence_of_a_finished_release_costs_no_draw() {
    let mut bench = Bench::at(Phase::Released);
    bench.judged(good("1.7.0", &[Layout::Legacy]));
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    cockpit.press(&bench, "v j enter");
    assert!(cockpit.ui.evidence.is_some());
    assert!(!cockpit.ui.seen.ticks);
}

#[test]
fn without_an_image_it_says_why_not() {
    let bench = Bench::at(Phase::Loading);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    cockpit.press(&bench, "v");
    assert_eq!(cockpit.ui.evidence, None);
    let note = cockpit.ui.note.as_ref().unwrap();
    assert!(note.text.contains("No image is known yet"), "{}", note.text);
}

#[test]
fn the_selected_tags_image_is_shown() {
    let bench = Bench::with_evidence(good("1.7.0", &[Layout::Legacy]));
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    cockpit.press(&bench, "3 j j j v");
    let old = Digest::of(b"1.6.9");
    let text = cockpit.text(&bench);
    assert!(text.contains(&old.short()), "{text}");
    assert!(text.contains("another release's image"), "{text}");
}

#[test]
fn a_row_of_the_board_opens_what_it_tells_of() {
    for (found, rule, place) in [
        (without_sbom(), "SBOM linux/arm64", Place::Sbom(1)),
        (by_a_stranger(), "signed by a stranger", Place::Signature),
    ] {
        let bench = Bench::with_evidence(found);
        let mut cockpit = Cockpit::open(&bench, 120, 36);
        cockpit.press(&bench, "2 g");
        for _ in 0..40 {
            let row = chosen(&cockpit, &bench, Pane::Board);
            let Some(Item::Rule(key)) = row else {
                panic!("{row:?}")
            };
            let row = bench.model.board.rows.iter().find(|row| row.key() == key);
            if row.unwrap().title.contains(rule) {
                break;
            }
            cockpit.press(&bench, "j");
        }
        cockpit.press(&bench, "enter");
        let Some(Item::Proof(id)) = chosen(&cockpit, &bench, Pane::Proofs) else {
            panic!("{rule}: the evidence is not open");
        };
        match id {
            ProofId::Subject(found) | ProofId::Piece { place: found, .. } => {
                assert_eq!(found, place, "{rule}");
            }
            ProofId::Entry(_) => panic!("{rule}"),
        }
    }
}

#[test]
fn a_row_about_something_else_is_read_in_the_board() {
    let bench = Bench::with_evidence(good("1.7.0", &[Layout::Legacy]));
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    let evidence = [
        "signature",
        "signer",
        "commit",
        "provenance",
        "sbom",
        "layouts",
    ];
    cockpit.press(&bench, "2 g");
    loop {
        let Some(Item::Rule(key)) = chosen(&cockpit, &bench, Pane::Board) else {
            panic!("a row is selected");
        };
        let id = key.split(':').next().unwrap().to_owned();
        if !evidence.contains(&id.as_str()) {
            break;
        }
        cockpit.press(&bench, "j");
    }
    cockpit.press(&bench, "enter");
    assert!(cockpit.ui.zoomed);
    assert_eq!(cockpit.ui.evidence, None);
}

#[test]
fn rows_of_the_board_have_names_of_their_own_and_keep_the_cursor() {
    let bench = Bench::with_evidence(good("1.7.0", &[Layout::Legacy]));
    let keys: Vec<String> = bench.model.board.rows.iter().map(Row::key).collect();
    let mut unique = keys.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), keys.len(), "{keys:?}");
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    cockpit.press(&bench, "2 g");
    let mut went = vec![chosen(&cockpit, &bench, Pane::Board)];
    for _ in 1..keys.len() {
        cockpit.press(&bench, "j");
        went.push(chosen(&cockpit, &bench, Pane::Board));
    }
    let all: Vec<_> = keys.into_iter().map(|key| Some(Item::Rule(key))).collect();
    assert_eq!(went, all, "every row is reached");
    let last = went.last().cloned().flatten();
    let worse = Bench::with_evidence(without_sbom());
    cockpit.send(&worse, Input::Model);
    assert_eq!(chosen(&cockpit, &worse, Pane::Board), last);
}

#[test]
fn a_difference_is_marked_where_it_begins() {
    let bench = Bench::with_evidence(by_a_stranger());
    let mut cockpit = Cockpit::open(&bench, 160, 40);
    cockpit.press(&bench, "v j");
    let text = cockpit.text(&bench);
    let lines: Vec<&str> = text.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.contains("must be  https"))
        .unwrap();
    let column = |line: &str, what: &str| {
        let byte = line.find(what)?;
        Some(line[..byte].chars().count())
    };
    let differs = column(lines[at], "prerelease-docker").unwrap();
    assert_eq!(
        column(lines[at + 1], "nightly.yml"),
        Some(differs),
        "{text}"
    );
    assert_eq!(column(lines[at + 2], "≠"), Some(differs), "{text}");
    assert!(text.contains(STRANGER), "{text}");
}

#[test]
fn a_predicate_opens_and_closes() {
    let bench = Bench::with_evidence(good("1.7.0", &[Layout::Legacy]));
    let mut cockpit = Cockpit::open(&bench, 120, 50);
    cockpit.press(&bench, "v j j enter");
    assert!(!cockpit.text(&bench).contains("entryPoint"));
    while !matches!(chosen(&cockpit, &bench, Pane::Proof), Some(Item::Part(id)) if id == "json /invocation/configSource")
    {
        cockpit.press(&bench, "j");
    }
    cockpit.press(&bench, "enter");
    assert!(cockpit.text(&bench).contains("entryPoint"));
    cockpit.press(&bench, "space");
    assert!(!cockpit.text(&bench).contains("entryPoint"));
}

#[test]
fn packages_are_searched_and_thousands_are_only_drawn_where_they_are_seen() {
    let mut found = good("1.7.0", &[Layout::Legacy]);
    let packages = (0..50_000).map(|n| Package {
        name: format!("lib{n}"),
        version: Some(format!("1.{n}")),
        purl: None,
    });
    found.sboms[0].report.items[0].sbom = Some(SbomSummary {
        name: None,
        packages: packages.collect(),
    });
    let bench = Bench::with_evidence(found);
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    cockpit.press(&bench, "v j j j enter G");
    assert!(cockpit.text(&bench).contains("lib49999"));
    cockpit.press(&bench, "/ l i b 4 2 0 enter g");
    let text = cockpit.text(&bench);
    // lib420, lib4200 to lib4209, lib42000 to lib42099.
    assert!(text.contains("Packages  111 of 50000"), "{text}");
    cockpit.press(&bench, "j");
    let effects = cockpit.press(&bench, "y");
    assert_eq!(effects, [UiEffect::Copy("lib4200 1.4200".to_owned())]);
    cockpit.press(&bench, "esc");
    assert!(
        cockpit.text(&bench).contains("Packages  50000")
            || cockpit.ui.filter(Pane::Proof).is_empty()
    );
}

#[test]
fn the_tree_searches_in_what_it_stands_for() {
    let bench = Bench::with_evidence(good("1.7.0", &[Layout::Legacy]));
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    cockpit.press(&bench, "v j j j / l i b s enter");
    let text = cockpit.text(&bench);
    assert!(
        text.contains("libssl3") && !text.contains("zlib1g"),
        "{text}"
    );
    assert!(text.contains("Packages  1 of 6"), "{text}");
}

#[test]
fn packages_are_compared_with_the_other_platform_and_the_release_before() {
    let bench = Bench::with_evidence(good("1.7.0", &[Layout::Legacy]));
    let mut cockpit = Cockpit::open(&bench, 120, 60);
    cockpit.press(&bench, "v j j j");
    let text = cockpit.text(&bench);
    for part in [
        "Compared with linux/arm64",
        "It lists the same packages.",
        "Compared with 1.6.9",
        "1 only here, 1 only there, 1 in another version.",
        "2.36-9+deb12u9 → 2.36-9+deb12u10",
        "+ libexpat1",
        "- libexpat0",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn the_commands_that_prove_what_is_selected_are_copied() {
    let bench = Bench::with_evidence(good("1.7.0", &[Layout::Legacy]));
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    let mut copied = |keys: &str| {
        let effects = cockpit.press(&bench, keys);
        let [UiEffect::Copy(text)] = effects.as_slice() else {
            panic!("{keys}: {effects:?}");
        };
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let digest = Digest::of(b"1.7.0");
    let all = copied("v y");
    assert_eq!(all.len(), 4, "{all:?}");
    let signature = copied("j y");
    assert_eq!(signature, all[..1]);
    assert!(signature[0].starts_with("cosign verify "), "{signature:?}");
    assert!(signature[0].contains(&format!("docker.io/acme/rocket@{digest}")));
    assert_eq!(copied("j y"), all[1..2]);
    assert!(all[1].contains("verify-attestation"));
    // Of a platform: the image's own proofs, and the platform's.
    assert_eq!(copied("j y"), all[..3]);
    assert_eq!(
        copied("enter y"),
        all[..3],
        "the sentence is no value of its own"
    );
    assert_eq!(copied("j y")[0], crate::support::proofs::SIGNER);
}

#[test]
fn only_entries_of_the_public_log_are_opened() {
    let mut bench = Bench::with_evidence(good("1.7.0", &[Layout::Legacy]));
    let mut cockpit = Cockpit::open(&bench, 120, 36);
    let page = "https://search.sigstore.dev/?logIndex=1234567";
    let effects = cockpit.press(&bench, "v j o");
    assert_eq!(effects, [UiEffect::Open(page.to_owned())]);
    assert!(
        cockpit.press(&bench, "g o").is_empty(),
        "an image has no entry"
    );
    let root = TrustRoot {
        origin: TrustOrigin::File("/etc/root.json".to_owned()),
        digest: Digest::of(b"another"),
        checked_at: None,
        expires: None,
    };
    bench.see(Ask::Trust, Fact::Trust(root));
    assert!(cockpit.press(&bench, "j o").is_empty());
    let note = cockpit.ui.note.as_ref().unwrap();
    assert!(note.text.contains("another trusted root"), "{}", note.text);
}

#[test]
fn hostile_evidence_never_reaches_a_cell_or_the_clipboard() {
    let bench = hostile();
    for (width, height) in [(80, 24), (120, 36)] {
        let mut cockpit = Cockpit::open(&bench, width, height);
        cockpit.press(&bench, "v");
        for _ in 0..9 {
            for keys in [
                "y", "enter y", "j y", "j y", "j y", "G y", "k y", "enter", "esc j",
            ] {
                for effect in cockpit.press(&bench, keys) {
                    let UiEffect::Copy(text) = effect else {
                        continue;
                    };
                    let harmless = |c: char| !c.is_control() || c == '\n';
                    assert!(text.chars().all(harmless), "{text:?}");
                }
                assert_harmless(&cockpit.draw(&bench));
            }
        }
    }
}
