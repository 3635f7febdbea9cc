//! What leaves the screen: a value to the clipboard, a page to the browser.

use super::{Effects, selected};
use crate::domain::time::Timestamp;
use crate::engine::Model;
use crate::present::clean::clean;
use crate::present::outside;
use crate::present::role::Sign;
use crate::tui::action::Availability;
use crate::tui::scene::{self, Scene};
use crate::tui::sheet::Subject;
use crate::tui::ui::{Item, Pane, Ui};
use crate::tui::update::UiEffect;

/// Longest text that is copied, bytes: terminals take no more by OSC 52.
const MOST_COPIED: usize = 60_000;

/// What `y` would copy, and how it is called.
fn value(model: &Model, ui: &Ui) -> Option<(String, String)> {
    let pane = ui.active();
    let now = model.now;
    let snapshot = &model.snapshot;
    // The lists of actions ask this question themselves.
    if matches!(pane, Pane::Help | Pane::Palette) {
        return None;
    }
    if pane == Pane::Log {
        let job = ui
            .inside
            .or_else(|| scene::selected_job(model, ui).map(|j| j.id))?;
        let scene = Scene::new(model, ui, now);
        let log = scene.log(job)?.value()?.as_ref()?;
        let mut text = String::new();
        for line in log.tail.iter().rev() {
            let line = clean(line);
            if text.len() + line.len() + 1 > MOST_COPIED {
                break;
            }
            text.insert(0, '\n');
            text.insert_str(0, &line);
        }
        return Some((text, "the log's end".to_owned()));
    }
    let digest = |digest: &crate::domain::digest::Digest| (digest.to_string(), digest.short());
    let named = |text: String| (text.clone(), format!("`{text}`"));
    if let Some(sheet) = ui.sheet() {
        let id = sheet.shown.as_ref().or(match &sheet.of {
            Subject::Plan(id) | Subject::Again(id) => Some(id),
            Subject::Wish(_) => None,
        });
        return id.map(|id| named(id.to_string()));
    }
    match selected(ui, model, pane, now)? {
        Item::Tag(image, tag) => {
            let resolved = snapshot.tag(&image, &tag).and_then(|seen| seen.value());
            Some(match resolved {
                Some(Some(found)) => digest(found),
                _ => named(clean(&tag)),
            })
        }
        Item::Digest(found) => Some(digest(&found)),
        Item::Rule(id) => {
            let row = model.board.rows.iter().find(|row| row.key() == id)?;
            Some((clean(&row.sentence), "the sentence".to_owned()))
        }
        Item::Node(node) => Some(named(clean(node.as_str()))),
        Item::Job(id) => {
            let jobs = scene::jobs(model, model.outlook.run);
            let job = jobs.iter().find(|job| job.id == id)?;
            Some(named(clean(&job.name)))
        }
        Item::Gate(_, name) => Some(named(clean(&name))),
        Item::Run(Some(run)) => Some(named(run.to_string())),
        Item::Fact(_) => {
            let version = model.outlook.version.as_ref()?;
            Some(named(clean(&version.value)))
        }
        item @ (Item::Proof(_) | Item::Part(_) | Item::Package(_)) => {
            super::evidence::value(model, ui, &item)
        }
        Item::Plan(id) => Some(named(id.to_string())),
        Item::Step(..) | Item::Run(None) | Item::Action(_) | Item::Source(_) | Item::Entry(_) => {
            None
        }
    }
}

pub(in crate::tui) fn can_copy(model: &Model, ui: &Ui) -> Availability {
    Availability::if_so(
        value(model, ui).is_some(),
        "Nothing that could be copied is selected: go to a tag, a job or a rule",
    )
}

/// Copies the selected value.
pub(in crate::tui) fn copy(ui: &mut Ui, model: &Model, _: Timestamp) -> Effects {
    let Some((text, name)) = value(model, ui) else {
        return Vec::new();
    };
    ui.say(Sign::Done, format!("{name} sent to the clipboard"));
    vec![UiEffect::Copy(text)]
}

/// The page of what is selected, else of the run.
fn page_of(model: &Model, ui: &Ui) -> Option<Page> {
    if Pane::EVIDENCE.contains(&ui.active()) {
        return super::evidence::log_page(model, ui);
    }
    page_of_run(model, ui).map(Page::Theirs)
}

/// A page that can be opened.
pub(super) enum Page {
    /// Its address was handed out by a service.
    Theirs(String),
    /// Its address is made here.
    Ours(String),
    /// There is one, and it is not for this.
    None(&'static str),
}

fn page_of_run(model: &Model, ui: &Ui) -> Option<String> {
    let now = model.now;
    let snapshot = &model.snapshot;
    let pane = ui.active();
    let job_page = || {
        let job = scene::selected_job(model, ui)?;
        job.html_url.clone()
    };
    let run_page = |run| Some(snapshot.run(run)?.html_url.clone());
    let own = match pane {
        Pane::Pipeline | Pane::Steps | Pane::Log => job_page(),
        Pane::Outside => match selected(ui, model, pane, now) {
            Some(Item::Run(Some(run))) => run_page(run),
            Some(Item::Fact("release")) => {
                outside::release_of(snapshot, &model.outlook).map(|r| r.html_url.clone())
            }
            _ => None,
        },
        Pane::Gate | Pane::Runs => match selected(ui, model, pane, now) {
            Some(Item::Gate(run, _) | Item::Run(Some(run))) => run_page(run),
            _ => None,
        },
        _ => None,
    };
    own.or_else(|| model.outlook.run.and_then(run_page))
}

/// Whether a page lies on the configured host, over https, without a trick in its address.
pub(in crate::tui) fn may_open(web: &str, page: &str) -> bool {
    let (Ok(web), Ok(page)) = (url::Url::parse(web), url::Url::parse(page)) else {
        return false;
    };
    page.scheme() == "https"
        && page.host_str().is_some()
        && page.host_str() == web.host_str()
        && page.port_or_known_default() == web.port_or_known_default()
        && page.username().is_empty()
        && page.password().is_none()
}

pub(in crate::tui) fn can_browse(model: &Model, ui: &Ui) -> Availability {
    match page_of(model, ui) {
        None => Availability::Why("There is no page yet: it comes with the run".to_owned()),
        Some(Page::None(why)) => Availability::Why(why.to_owned()),
        Some(Page::Ours(_)) => Availability::Available,
        Some(Page::Theirs(page)) if may_open(&ui.web, &page) => Availability::Available,
        Some(Page::Theirs(page)) => {
            let host = url::Url::parse(&page)
                .ok()
                .and_then(|page| page.host_str().map(clean))
                .unwrap_or_else(|| "no host at all".to_owned());
            Availability::Why(format!(
                "The page lies on {host}; only https pages of the configured host are opened"
            ))
        }
    }
}

/// Opens the page of what is selected.
pub(in crate::tui) fn browse(ui: &mut Ui, model: &Model, _: Timestamp) -> Effects {
    let page = match page_of(model, ui) {
        Some(Page::Ours(page)) => Some(page),
        Some(Page::Theirs(page)) if may_open(&ui.web, &page) => Some(page),
        _ => None,
    };
    match page {
        Some(page) => {
            ui.say(Sign::Done, format!("Opening {page}"));
            vec![UiEffect::Open(page)]
        }
        None => Vec::new(),
    }
}
