//! The graph as an indented list: what a narrow screen can show of it without lying.

use std::collections::HashMap;

use super::super::role::{Role, Sign};
use super::super::words;
use super::canvas::Canvas;
use super::label::{Facts, Label, LegRow, label};
use super::paint::{ascii, cut};
use super::{Charset, Drawing, Fold, Options, Placed};
use crate::domain::graph::{JobKey, Level, Node};
use crate::domain::ids::JobId;

/// Columns that a time keeps even where there is none, so that counts stand below each other.
const TIME_ROOM: usize = 7;
/// Columns that a name keeps before anything else is given up.
const LEAST_NAME: usize = 12;

/// Lists one level and what is open in it.
pub(super) fn tree(jobs: &[Node], facts: &Facts<'_>, options: &Options, width: usize) -> Drawing {
    let mut list = List {
        canvas: Canvas::default(),
        nodes: Vec::new(),
        row: 0,
        facts,
        options,
        width,
    };
    list.level(jobs, "");
    let (rows, width) = list.canvas.finish();
    Drawing {
        rows,
        nodes: list.nodes,
        width,
    }
}

struct List<'a> {
    canvas: Canvas,
    nodes: Vec<Placed>,
    row: usize,
    facts: &'a Facts<'a>,
    options: &'a Options,
    width: usize,
}

/// One level with the needs worth drawing.
struct Family<'g> {
    needs: HashMap<&'g JobKey, Vec<&'g JobKey>>,
    /// The jobs that need one job only, by that job.
    children: HashMap<&'g JobKey, Vec<&'g Node>>,
}

impl List<'_> {
    fn level(&mut self, jobs: &[Node], prefix: &str) {
        let level = Level::new(jobs);
        let mut family = Family {
            needs: HashMap::new(),
            children: HashMap::new(),
        };
        for job in jobs {
            let needs = level.direct_needs(&job.key);
            if let [only] = needs.as_slice() {
                family.children.entry(only).or_default().push(job);
            }
            family.needs.insert(&job.key, needs);
        }
        // Whoever has one need is listed below it; everybody else starts anew, behind all needs.
        for job in level.in_order() {
            if family.needs.get(&job.key).is_none_or(|n| n.len() != 1) {
                self.branch(job, &family, prefix, prefix, false);
            }
        }
    }

    /// Lists a job with all that hangs on it: `first` stands before its own row, `rest` before the rows below.
    fn branch(
        &mut self,
        job: &Node,
        family: &Family<'_>,
        first: &str,
        rest: &str,
        is_branch: bool,
    ) {
        let mut job = job;
        let mut lead = first;
        let mut by_branch = is_branch;
        // A chain goes down in a loop: a thousand jobs in a row are no reason to call oneself a thousand times.
        loop {
            let needs = family.needs.get(&job.key).map_or(&[][..], Vec::as_slice);
            let needs = if by_branch { &[] } else { needs };
            self.line(job, needs, lead);
            if self.is_open(job) {
                let inside = format!("{rest}   ");
                self.level(job.children(), &inside);
                for leg in self.legs(job) {
                    self.row(&leg.label(), &[], &inside, job, Some(leg.job), Fold::Leaf);
                }
            }
            let children = family.children.get(&job.key).map_or(&[][..], Vec::as_slice);
            match children {
                [] => return,
                [only] => {
                    job = only;
                    lead = rest;
                    by_branch = false;
                }
                several => {
                    for (n, child) in several.iter().enumerate() {
                        let last = n + 1 == several.len();
                        let (mark, bar) = self.marks(last);
                        self.branch(
                            child,
                            family,
                            &format!("{rest}{mark}"),
                            &format!("{rest}{bar}"),
                            true,
                        );
                    }
                    return;
                }
            }
        }
    }

    fn marks(&self, last: bool) -> (&'static str, &'static str) {
        match (self.options.charset, last) {
            (Charset::Unicode, false) => (" ├ ", " │ "),
            (Charset::Unicode, true) => (" ╰ ", "   "),
            (Charset::Ascii, false) => (" + ", " | "),
            (Charset::Ascii, true) => (" + ", "   "),
        }
    }

    fn legs(&self, job: &Node) -> Vec<LegRow> {
        let legs = self.facts.legs.and_then(|legs| legs.get(&job.id));
        legs.cloned().unwrap_or_default()
    }

    fn holds(&self, job: &Node) -> bool {
        !job.children().is_empty()
            || self
                .facts
                .legs
                .is_some_and(|legs| legs.contains_key(&job.id))
    }

    fn is_open(&self, job: &Node) -> bool {
        self.holds(job) && self.options.open.contains(&job.id)
    }

    fn line(&mut self, job: &Node, needs: &[&JobKey], lead: &str) {
        let fold = match (self.holds(job), self.is_open(job)) {
            (false, _) => Fold::Leaf,
            (true, true) => Fold::Open,
            (true, false) => Fold::Closed,
        };
        self.row(&label(job, self.facts), needs, lead, job, None, fold);
    }

    fn row(
        &mut self,
        label: &Label,
        needs: &[&JobKey],
        lead: &str,
        node: &Node,
        job: Option<JobId>,
        fold: Fold,
    ) {
        let charset = self.options.charset;
        let y = self.row;
        self.row += 1;
        // However deep, the name keeps its room: the deepest marks give way.
        let most = self.width.saturating_sub(LEAST_NAME + 2);
        let lead: String = lead.chars().take(most).collect();
        let x = self.canvas.text(0, y, &lead, Role::Muted);
        let role = label.sign.map_or(Role::Muted, Sign::role);
        self.canvas.text(x, y, label.symbol(charset), role);
        let end = self.right(label, y, x + 2 + LEAST_NAME);
        let room = end.saturating_sub(x + 2).max(1);
        let name = cut(&label.name, room, charset);
        let behind = self.canvas.text(x + 2, y, &name, label.name_role());
        let gap = end.saturating_sub(behind + 2);
        if let Some(note) = note(needs, gap) {
            self.canvas
                .text(behind + 2, y, &ascii(&note, charset), Role::Muted);
        }
        self.nodes.push(Placed {
            node: node.id.clone(),
            job,
            x,
            y,
            width: self.width.saturating_sub(x).max(1),
            height: 1,
            fold,
        });
    }

    /// Writes count and time at the right, as far as they fit behind `least`; gives where the rest of the row ends.
    fn right(&mut self, label: &Label, y: usize, least: usize) -> usize {
        let charset = self.options.charset;
        let mut end = self.width;
        let time = words::width(&label.time);
        let taken = time.max(label.time_room.min(TIME_ROOM));
        if taken > 0 && end > least + taken {
            let text = ascii(&label.time, charset);
            self.canvas.text(end - time, y, &text, label.time_role);
            end -= taken + 1;
        }
        let right = ascii(&label.right, charset);
        let taken = words::width(&right);
        if taken > 0 && end > least + taken {
            let role = match label.sign {
                Some(sign @ (Sign::Failed | Sign::Warning)) => sign.role(),
                _ => Role::Muted,
            };
            self.canvas.text(end - taken, y, &right, role);
            end -= taken + 1;
        }
        end
    }
}

/// `← a, b`, or `← a +3` where there is no room for all.
fn note(needs: &[&JobKey], room: usize) -> Option<String> {
    let (first, rest) = needs.split_first()?;
    let names: Vec<&str> = needs.iter().map(|k| k.as_str()).collect();
    let all = format!("← {}", names.join(", "));
    if words::width(&all) <= room {
        return Some(all);
    }
    let more = if rest.is_empty() {
        String::new()
    } else {
        format!(" +{}", rest.len())
    };
    let name = words::middle(first.as_str(), room.checked_sub(2 + more.len())?);
    (words::width(&name) >= 4).then(|| format!("← {name}{more}"))
}
