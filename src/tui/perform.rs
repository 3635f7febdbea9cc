//! What the actions do, and when they can be done.

use ratatui::layout::Rect;

use super::action::{Action, Availability};
use super::items;
use super::scene::{self, Scene};
use super::ui::{Item, Pane, Popup, Ui, View};
use super::update::{UiEffect, perform_action};
use crate::domain::time::Timestamp;
use crate::engine::{Message, Model};
use crate::present::clean::clean;
use crate::present::role::Sign;
use crate::present::{outside, tags};

type Effects = Vec<UiEffect>;

/// Columns that a log moves sideways at once.
const SIDEWAYS: usize = 16;
/// Longest text that is copied, bytes: terminals take no more by OSC 52.
const MOST_COPIED: usize = 60_000;

/// Whether `/` searches here, instead of narrowing the list.
pub(super) fn searches(pane: Pane) -> bool {
    matches!(pane, Pane::Pipeline | Pane::Log)
}

/// Gives a pane the keys.
pub(super) fn focus(ui: &mut Ui, pane: Pane) {
    if ui.popups.is_empty() && ui.inside.is_none() && ui.view.panes().contains(&pane) {
        ui.pane = pane;
    }
}

/// Puts a list's cursor on an item.
pub(super) fn select(ui: &mut Ui, model: &Model, pane: Pane, item: Item, now: Timestamp) {
    let near = items::of(model, ui, pane, now)
        .iter()
        .position(|other| *other == item)
        .unwrap_or(0);
    let cursor = ui.cursors.entry(pane).or_default();
    cursor.item = Some(item);
    cursor.near = near;
    if pane == Pane::Pipeline {
        // Another job's log is read from its end.
        ui.log = super::ui::LogPlace::default();
        ui.cursors.remove(&Pane::Steps);
    }
    if pane == Pane::Image {
        ui.cursors.remove(&Pane::Manifest);
    }
}

/// The selected item of a list.
pub(super) fn selected(ui: &Ui, model: &Model, pane: Pane, now: Timestamp) -> Option<Item> {
    let items = items::of(model, ui, pane, now);
    if pane == Pane::Pipeline
        && ui.cursor(pane).is_none_or(|cursor| cursor.item.is_none())
        && let Some(hot) = ui.flow.hot()
    {
        return Some(Item::Node(hot.clone()));
    }
    ui.selected(pane, &items).cloned()
}

/// Moves by one, in the direction of columns and rows.
pub(super) fn step(ui: &mut Ui, model: &Model, now: Timestamp, by: (isize, isize)) -> Effects {
    let pane = ui.active();
    match pane {
        Pane::Log => {
            scroll(ui, by.1);
            let left = if by.0 < 0 {
                ui.log.left.saturating_sub(SIDEWAYS)
            } else if by.0 > 0 {
                (ui.log.left + SIDEWAYS).min(crate::domain::log::LINE_BYTES)
            } else {
                ui.log.left
            };
            ui.log.left = left;
        }
        Pane::Pipeline if walk(ui, model, now, by) => {}
        _ if by.0 != 0 && ui.popups.is_empty() => {
            turn_within(ui, by.0);
        }
        _ => move_by(ui, model, pane, now, by.1),
    }
    Vec::new()
}

/// Moves in the graph to the nearest job in a direction; says whether there is a graph to move in.
fn walk(ui: &mut Ui, model: &Model, now: Timestamp, (dx, dy): (isize, isize)) -> bool {
    let Some(here) = selected(ui, model, Pane::Pipeline, now) else {
        return false;
    };
    let Some(from) = ui
        .seen
        .nodes
        .iter()
        .find(|(node, _)| *node == here)
        .map(|(_, place)| *place)
    else {
        return false;
    };
    let row = |r: &Rect| i32::from(r.y);
    let column = |r: &Rect| i32::from(r.x);
    let nearest = ui
        .seen
        .nodes
        .iter()
        .filter(|(node, place)| {
            *node != here
                && match (dx.signum(), dy.signum()) {
                    (1, _) => place.x >= from.right(),
                    (-1, _) => place.right() <= from.x,
                    (_, 1) => place.y > from.y && place.x < from.right() && place.right() > from.x,
                    _ => place.y < from.y && place.x < from.right() && place.right() > from.x,
                }
        })
        .min_by_key(|(_, place)| {
            let (down, across) = (
                (row(place) - row(&from)).abs(),
                (column(place) - column(&from)).abs(),
            );
            if dx == 0 {
                (down, across)
            } else {
                // Columns first: a line is followed to the next one, whatever the row.
                (across / 2 + down, down)
            }
        })
        .map(|(node, _)| node.clone());
    match nearest {
        Some(item) => select(ui, model, Pane::Pipeline, item, now),
        None if dy > 0 => {
            // Below the graph stand the jobs that are not in it.
            let loose = items::of(model, ui, Pane::Pipeline, now)
                .into_iter()
                .find(|item| ui.seen.nodes.iter().all(|(seen, _)| seen != item));
            if let Some(item) = loose {
                select(ui, model, Pane::Pipeline, item, now);
            }
        }
        None => {}
    }
    true
}

fn move_by(ui: &mut Ui, model: &Model, pane: Pane, now: Timestamp, by: isize) {
    let items = items::of(model, ui, pane, now);
    let Some(last) = items.len().checked_sub(1) else {
        return;
    };
    let all: Vec<&Item> = items.iter().collect();
    let cursor = ui.cursor(pane).cloned().unwrap_or_default();
    let place = cursor.place(&all).unwrap_or(0);
    let place = place.saturating_add_signed(by).min(last);
    if let Some(item) = items.get(place) {
        select(ui, model, pane, item.clone(), now);
    }
}

fn scroll(ui: &mut Ui, by: isize) {
    let lines = ui.seen.log_lines;
    let height = ui
        .seen
        .panes
        .get(&Pane::Log)
        .map_or(1, |area| usize::from(area.height));
    let last = lines.saturating_sub(height);
    let top = ui.log.top.unwrap_or(last).min(last);
    let top = top.saturating_add_signed(by).min(last);
    // At the end again: what comes is followed.
    ui.log.top = (top < last).then_some(top);
}

/// Moves to the first or the last.
pub(super) fn leap(ui: &mut Ui, model: &Model, now: Timestamp, by: isize) -> Effects {
    let pane = ui.active();
    if pane == Pane::Log {
        scroll(ui, by);
    } else {
        move_by(ui, model, pane, now, by);
    }
    Vec::new()
}

/// Moves by half of what is shown.
pub(super) fn page(ui: &mut Ui, model: &Model, now: Timestamp, by: isize) -> Effects {
    let pane = ui.active();
    let height = ui.seen.panes.get(&pane).map_or(2, |area| area.height);
    let by = by * (isize::try_from(height / 2).unwrap_or(1)).max(1);
    if pane == Pane::Log {
        scroll(ui, by);
    } else {
        move_by(ui, model, pane, now, by);
    }
    Vec::new()
}

/// Goes to the next pane or the one before, round and round.
pub(super) fn turn(ui: &mut Ui, by: isize) -> Effects {
    if ui.popups.is_empty() && ui.inside.is_none() {
        let panes = ui.view.panes();
        let here = panes.iter().position(|pane| *pane == ui.pane).unwrap_or(0);
        let n = panes.len();
        let next = if by > 0 { here + 1 } else { here + n - 1 } % n.max(1);
        if let Some(pane) = panes.get(next) {
            ui.pane = *pane;
        }
    }
    Vec::new()
}

fn turn_within(ui: &mut Ui, by: isize) {
    let panes = ui.view.panes();
    let here = panes.iter().position(|pane| *pane == ui.pane).unwrap_or(0);
    if let Some(pane) = here.checked_add_signed(by).and_then(|at| panes.get(at)) {
        ui.pane = *pane;
    }
}

/// Goes straight to a pane of the release view.
pub(super) fn go(ui: &mut Ui, pane: Pane) -> Effects {
    ui.popups.clear();
    ui.inside = None;
    ui.view = View::Release;
    ui.pane = pane;
    Vec::new()
}

/// Goes to the next view or the one before.
pub(super) fn view(ui: &mut Ui, by: isize) -> Effects {
    let n = View::ALL.len();
    let here = View::ALL.iter().position(|v| *v == ui.view).unwrap_or(0);
    let next = if by > 0 { here + 1 } else { here + n - 1 } % n;
    if let Some(view) = View::ALL.get(next) {
        to_view(ui, *view);
    }
    Vec::new()
}

fn to_view(ui: &mut Ui, view: View) {
    ui.popups.clear();
    ui.inside = None;
    ui.zoomed = false;
    ui.view = view;
    if !view.panes().contains(&ui.pane)
        && let Some(first) = view.panes().first()
    {
        ui.pane = *first;
    }
}

pub(super) fn can_log(model: &Model, ui: &Ui) -> Availability {
    Availability::if_so(
        scene::selected_job(model, ui).is_some(),
        "This job has not been made yet: its log can be read when it has run",
    )
}

/// Reads the selected job's log.
pub(super) fn log(ui: &mut Ui, model: &Model, _: Timestamp) -> Effects {
    if let Some(job) = scene::selected_job(model, ui) {
        ui.popups.clear();
        ui.inside = Some(job.id);
        ui.log = super::ui::LogPlace::default();
    }
    Vec::new()
}

/// Lists the release runs.
pub(super) fn runs(ui: &mut Ui, model: &Model, now: Timestamp) -> Effects {
    open(ui, Popup::Runs);
    if let Some(run) = model.outlook.run {
        select(ui, model, Pane::Runs, Item::Run(Some(run)), now);
    }
    Vec::new()
}

pub(super) fn can_automatic(model: &Model, _: &Ui) -> Availability {
    Availability::if_so(
        model.pinned.is_some(),
        "gonogo already chooses the run by itself",
    )
}

/// Lets the engine choose the run again.
pub(super) fn automatic(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    ui.say(
        Sign::Done,
        "The run that most needs a look is watched again",
    );
    vec![UiEffect::Send(Message::Watch(None))]
}

/// Looks at everything again.
pub(super) fn refresh(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    ui.say(Sign::Running, "Looking at everything again");
    vec![UiEffect::Send(Message::Refresh)]
}

/// Shows how the services answer.
pub(super) fn services(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    open(ui, Popup::Services);
    Vec::new()
}

/// Shows every key.
pub(super) fn help(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    open(ui, Popup::Help);
    Vec::new()
}

/// Finds a command by name.
pub(super) fn palette(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    open(ui, Popup::Palette(String::new()));
    ui.cursors.remove(&Pane::Palette);
    Vec::new()
}

fn open(ui: &mut Ui, popup: Popup) {
    let pane = popup.pane();
    ui.popups.retain(|other| other.pane() != pane);
    ui.filters.remove(&pane);
    ui.popups.push(popup);
}

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
            let row = model.outlook.board.rows.iter().find(|row| row.id == id)?;
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
        Item::Step(..) | Item::Run(None) | Item::Action(_) | Item::Source(_) => None,
    }
}

pub(super) fn can_copy(model: &Model, ui: &Ui) -> Availability {
    Availability::if_so(
        value(model, ui).is_some(),
        "Nothing that could be copied is selected: go to a tag, a job or a rule",
    )
}

/// Copies the selected value.
pub(super) fn copy(ui: &mut Ui, model: &Model, _: Timestamp) -> Effects {
    let Some((text, name)) = value(model, ui) else {
        return Vec::new();
    };
    ui.say(Sign::Done, format!("{name} sent to the clipboard"));
    vec![UiEffect::Copy(text)]
}

/// The page of what is selected, else of the run.
fn page_of(model: &Model, ui: &Ui) -> Option<String> {
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
pub(super) fn may_open(web: &str, page: &str) -> bool {
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

pub(super) fn can_browse(model: &Model, ui: &Ui) -> Availability {
    match page_of(model, ui) {
        None => Availability::Why("There is no page yet: it comes with the run".to_owned()),
        Some(page) if may_open(&ui.web, &page) => Availability::Available,
        Some(page) => {
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
pub(super) fn browse(ui: &mut Ui, model: &Model, _: Timestamp) -> Effects {
    match page_of(model, ui).filter(|page| may_open(&ui.web, page)) {
        Some(page) => {
            ui.say(Sign::Done, format!("Opening {page}"));
            vec![UiEffect::Open(page)]
        }
        None => Vec::new(),
    }
}

pub(super) fn can_fold(_: &Model, ui: &Ui) -> Availability {
    let group = items::node(ui).and_then(|id| ui.flow.graph.as_ref()?.find(&id));
    Availability::if_so(
        ui.active() == Pane::Pipeline && group.is_some_and(|node| items::is_group(node, ui)),
        "This is no group of jobs: only called workflows and matrices can be opened",
    )
}

/// Opens or closes the selected group.
pub(super) fn fold(ui: &mut Ui, model: &Model, now: Timestamp) -> Effects {
    if let Some(node) = items::node(ui) {
        select(ui, model, Pane::Pipeline, Item::Node(node.clone()), now);
        if !ui.open.remove(&node) {
            ui.open.insert(node);
        }
    }
    Vec::new()
}

pub(super) fn can_filter(_: &Model, ui: &Ui) -> Availability {
    Availability::if_so(
        !matches!(ui.active(), Pane::Palette | Pane::Services),
        "There is nothing to search here",
    )
}

/// Lets a filter or a search be typed.
pub(super) fn filter(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    let pane = ui.active();
    ui.filters.insert(pane, String::new());
    ui.typing = Some(pane);
    Vec::new()
}

pub(super) fn can_match(_: &Model, ui: &Ui) -> Availability {
    let pane = ui.active();
    Availability::if_so(
        !ui.filter(pane).is_empty(),
        &format!(
            "Nothing is searched for: {} starts a search",
            ui.key_of("filter")
        ),
    )
}

/// Goes to the next match (1), to the one before (-1), or to the nearest from here (0).
pub(super) fn jump(ui: &mut Ui, model: &Model, now: Timestamp, by: isize) -> Effects {
    let pane = ui.active();
    match pane {
        Pane::Log => jump_in_log(ui, model, by),
        Pane::Pipeline => {
            let items = items::of(model, ui, pane, now);
            let text = |item: &Item| match item {
                Item::Node(node) => clean(node.as_str()),
                Item::Job(id) => scene::jobs(model, model.outlook.run)
                    .iter()
                    .find(|job| job.id == *id)
                    .map(|job| clean(&job.name))
                    .unwrap_or_default(),
                _ => String::new(),
            };
            let here = selected(ui, model, pane, now)
                .and_then(|item| items.iter().position(|other| *other == item))
                .unwrap_or(0);
            let hits: Vec<usize> = (0..items.len())
                .filter(|at| {
                    items
                        .get(*at)
                        .is_some_and(|item| ui.passes(pane, &text(item)))
                })
                .collect();
            match next_of(&hits, here, by).and_then(|at| items.get(at)) {
                Some(item) => select(ui, model, pane, item.clone(), now),
                None => nothing_found(ui, pane),
            }
        }
        _ => move_by(ui, model, pane, now, by),
    }
    Vec::new()
}

fn nothing_found(ui: &mut Ui, pane: Pane) {
    let text = format!("`{}` is not found here", ui.filter(pane));
    ui.say(Sign::Warning, text);
}

/// The hit after or before a place, round the end.
fn next_of(hits: &[usize], here: usize, by: isize) -> Option<usize> {
    match by {
        0 => hits.iter().find(|hit| **hit >= here).or(hits.first()),
        1.. => hits.iter().find(|hit| **hit > here).or(hits.first()),
        _ => hits.iter().rev().find(|hit| **hit < here).or(hits.last()),
    }
    .copied()
}

fn jump_in_log(ui: &mut Ui, model: &Model, by: isize) {
    let job = ui
        .inside
        .or_else(|| scene::selected_job(model, ui).map(|job| job.id));
    let lines: Vec<String> = job
        .and_then(|job| {
            let record = model.snapshot.record(model.outlook.run?)?;
            Some(record.logs.get(&job)?.value()?.as_ref()?.tail.clone())
        })
        .unwrap_or_default();
    let hits: Vec<usize> = (0..lines.len())
        .filter(|at| {
            lines
                .get(*at)
                .is_some_and(|line| ui.passes(Pane::Log, &clean(line)))
        })
        .collect();
    let height = ui
        .seen
        .panes
        .get(&Pane::Log)
        .map_or(1, |area| usize::from(area.height));
    let last = lines.len().saturating_sub(height);
    let middle = height / 2;
    let here = ui
        .log
        .top
        .map_or(lines.len().saturating_sub(1), |top| top + middle);
    // A search that was just typed goes up from the end, where what went wrong stands.
    let by = if by == 0 && ui.log.top.is_none() {
        -1
    } else {
        by
    };
    match next_of(&hits, here, by) {
        Some(at) => ui.log.top = Some(at.saturating_sub(middle).min(last)),
        None => nothing_found(ui, Pane::Log),
    }
}

pub(super) fn can_zoom(_: &Model, ui: &Ui) -> Availability {
    Availability::if_so(
        ui.inside.is_none() && ui.popups.is_empty(),
        "This has the whole screen already",
    )
}

/// Gives the pane the whole screen, or takes it back.
pub(super) fn zoom(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    ui.zoomed = !ui.zoomed;
    Vec::new()
}

pub(super) fn can_enter(model: &Model, ui: &Ui) -> Availability {
    match ui.active() {
        Pane::Log | Pane::Services => Availability::Why(format!(
            "This is the innermost; {} goes out",
            ui.key_of("back")
        )),
        Pane::Pipeline if can_fold(model, ui) == Availability::Available => Availability::Available,
        Pane::Pipeline | Pane::Steps => can_log(model, ui),
        _ => Availability::Available,
    }
}

/// Goes in.
pub(super) fn enter(ui: &mut Ui, model: &Model, now: Timestamp) -> Effects {
    let pane = ui.active();
    match pane {
        Pane::Pipeline if can_fold(model, ui) == Availability::Available => {
            return fold(ui, model, now);
        }
        Pane::Pipeline | Pane::Steps => return log(ui, model, now),
        Pane::Image if ui.view == View::Release => {
            to_view(ui, View::Image);
        }
        Pane::Image => ui.pane = Pane::Manifest,
        Pane::Board | Pane::Gate | Pane::Outside => ui.zoomed = true,
        Pane::Runs => {
            let chosen = selected(ui, model, pane, now);
            ui.popups.pop();
            if let Some(Item::Run(run)) = chosen {
                let text = match run.and_then(|run| model.snapshot.run(run)) {
                    Some(run) => format!("Run #{} is watched until you choose again", run.number),
                    None => "The run that most needs a look is watched again".to_owned(),
                };
                ui.say(Sign::Done, text);
                return vec![UiEffect::Send(Message::Watch(run))];
            }
        }
        Pane::Palette | Pane::Help => {
            let chosen = selected(ui, model, pane, now);
            ui.popups.pop();
            if let Some(Item::Action(name)) = chosen
                && let Some(action) = Action::named(name)
            {
                return perform_action(ui, model, action, now);
            }
        }
        Pane::Log | Pane::Services | Pane::Manifest => {}
    }
    Vec::new()
}

/// Goes out, one level.
pub(super) fn back(ui: &mut Ui, _: &Model, _: Timestamp) -> Effects {
    let pane = ui.active();
    if ui.popups.pop().is_some() {
        ui.filters.remove(&pane);
    } else if ui
        .filters
        .remove(&pane)
        .is_some_and(|text| !text.is_empty())
    {
        // The list is whole again; nothing else is left.
    } else if ui.inside.take().is_some() {
        ui.log = super::ui::LogPlace::default();
    } else if ui.zoomed {
        ui.zoomed = false;
    } else if ui.view != View::Release {
        to_view(ui, View::Release);
    }
    Vec::new()
}

/// The tags of the image that a tag belongs to.
pub(super) fn tag_rows(model: &Model, image: &crate::domain::fact::ImageId) -> Vec<tags::TagRow> {
    model
        .policy
        .images
        .iter()
        .find(|spec| crate::domain::fact::ImageId::of(spec) == *image)
        .map(|spec| tags::rows(&model.snapshot, &model.outlook, spec))
        .unwrap_or_default()
}
