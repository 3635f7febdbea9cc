//! Where nodes and lines go: columns by depth, lines that can be followed without doubt.
//!
//! Between two columns every line belongs to one *net*: a rail that joins all sources on its left with all targets on its
//! right, drawn only where each of those targets needs each of those sources. No item is in two nets on the same side, so
//! a line that is followed to the right ends at nothing but what needs its start. A need that skips columns passes each of
//! them on a row of its own; a job that several nets lead to gets a column in between, where each net becomes a line.

use std::collections::{BTreeMap, BTreeSet};

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A job, by its number in the level.
    Job(usize),
    /// A line that passes.
    Wire,
}

/// Something that stands in a column.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) what: What,
    /// Its row, the first of `height`.
    pub(super) row: usize,
    pub(super) height: usize,
    /// The jobs that its line still has to reach.
    targets: BTreeSet<usize>,
}

/// A rail between two columns with everything that it joins; numbers of items in the columns.
#[derive(Debug, Clone)]
pub(super) struct Net {
    pub(super) left: Vec<usize>,
    pub(super) right: Vec<usize>,
    /// The rail's place among the rails of the channel; `None` for a straight line.
    pub(super) lane: Option<usize>,
}

/// A level, laid out.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The columns; some hold wires alone.
    pub(super) columns: Vec<Vec<Item>>,
    /// The nets between each column and the next.
    pub(super) channels: Vec<Vec<Net>>,
}

/// A job to be placed.
#[derive(Debug, Clone)]
pub(super) struct Box {
    /// Its column.
    pub(super) depth: usize,
    /// Rows that it takes.
    pub(super) height: usize,
    /// The jobs that need it, those implied by others left out.
    pub(super) followers: BTreeSet<usize>,
}

/// Lays out the jobs of one level.
pub(super) fn plan(boxes: &[Box]) -> Plan {
    let last = boxes.iter().map(|b| b.depth).max().unwrap_or(0);
    let item = |job: usize, row: usize| {
        let b = boxes.get(job);
        Item {
            what: What::Job(job),
            row,
            height: b.map_or(1, |b| b.height),
            targets: b.map(|b| b.followers.clone()).unwrap_or_default(),
        }
    };
    let at = |depth: usize| {
        (0..boxes.len()).filter(move |n| boxes.get(*n).is_some_and(|b| b.depth == depth))
    };
    let mut plan = Plan::default();
    let mut first = Vec::new();
    let mut row = 0;
    for job in at(0) {
        let item = item(job, row);
        row += item.height;
        first.push(item);
    }
    plan.columns.push(first);
    for depth in 1..=last {
        let jobs: Vec<usize> = at(depth).collect();
        if let Some(split) = split(plan.columns.last().map_or(&[], Vec::as_slice), &jobs) {
            plan.extend(split);
        }
        let left = plan.columns.last().map_or(&[][..], Vec::as_slice);
        let groups = groups(left);
        let mut right: Vec<(Item, usize)> = Vec::new();
        let mut nets = Vec::new();
        for (targets, sources) in groups {
            let net = nets.len();
            for job in jobs.iter().filter(|j| targets.contains(j)) {
                right.push((item(*job, 0), net));
            }
            let rest: BTreeSet<usize> = targets.into_iter().filter(|t| !jobs.contains(t)).collect();
            if !rest.is_empty() {
                right.push((wire(rest), net));
            }
            nets.push(sources);
        }
        plan.extend((right, nets));
    }
    plan
}

fn wire(targets: BTreeSet<usize>) -> Item {
    Item {
        what: What::Wire,
        row: 0,
        height: 1,
        targets,
    }
}

/// Items that lead to the same jobs share a rail.
fn groups(column: &[Item]) -> Vec<(BTreeSet<usize>, Vec<usize>)> {
    let mut found: Vec<(BTreeSet<usize>, Vec<usize>)> = Vec::new();
    for (n, item) in column
        .iter()
        .enumerate()
        .filter(|(_, i)| !i.targets.is_empty())
    {
        match found
            .iter_mut()
            .find(|(targets, _)| *targets == item.targets)
        {
            Some((_, sources)) => sources.push(n),
            None => found.push((item.targets.clone(), vec![n])),
        }
    }
    found
}

/// The items of a new column, each with the number of its net, and the sources of every net.
type Step = (Vec<(Item, usize)>, Vec<Vec<usize>>);

/// Where a job of the next column hangs on several rails: a column of wires, one for each such job and rail.
fn split(column: &[Item], jobs: &[usize]) -> Option<Step> {
    let groups = groups(column);
    let rails = |job: &usize| groups.iter().filter(|(t, _)| t.contains(job)).count();
    let shared: BTreeSet<usize> = jobs.iter().filter(|j| rails(j) > 1).copied().collect();
    if shared.is_empty() {
        return None;
    }
    let mut right = Vec::new();
    let mut nets = Vec::new();
    for (targets, sources) in groups {
        for job in targets.intersection(&shared) {
            right.push((wire(BTreeSet::from([*job])), nets.len()));
        }
        let rest: BTreeSet<usize> = targets.difference(&shared).copied().collect();
        if !rest.is_empty() {
            right.push((wire(rest), nets.len()));
        }
        nets.push(sources);
    }
    Some((right, nets))
}

impl Plan {
    /// Gives the items of the next column their rows and the nets their lanes.
    fn extend(&mut self, (right, sources): Step) {
        let left = self.columns.last().map_or(&[][..], Vec::as_slice);
        let row_of = |n: &usize| left.get(*n).map_or(0, |item| item.row);
        let rows: Vec<Vec<usize>> = sources
            .iter()
            .map(|s| s.iter().map(row_of).collect())
            .collect();
        let top = |net: usize| {
            rows.get(net)
                .and_then(|r| r.iter().min().copied())
                .unwrap_or(0)
        };
        let weight = |net: usize| {
            let rows = rows.get(net).map_or(&[][..], Vec::as_slice);
            rows.iter().sum::<usize>() * 1000 / rows.len().max(1)
        };
        // Who leaves the left column on which row, by which net.
        let leaving: BTreeMap<usize, usize> = rows
            .iter()
            .enumerate()
            .flat_map(|(net, rows)| rows.iter().map(move |row| (*row, net)))
            .collect();
        let mut order: Vec<usize> = (0..right.len()).collect();
        let place = |n: &usize| right.get(*n);
        order.sort_by_key(|n| {
            place(n).map_or((0, 0, 0), |(item, net)| match item.what {
                What::Job(job) => (weight(*net), 0, job),
                What::Wire => (weight(*net), 1, item.targets.first().copied().unwrap_or(0)),
            })
        });
        let mut before = Before::new(sources.len());
        let mut column = Vec::new();
        let mut nets: Vec<Net> = sources
            .into_iter()
            .map(|left| Net {
                left,
                right: Vec::new(),
                lane: None,
            })
            .collect();
        let mut next = 0;
        for (item, net) in order.iter().filter_map(place) {
            let mut row = next.max(top(*net));
            // On a row where one net leaves and another arrives, the first must turn off before the second comes in.
            // Further down nobody leaves, so a row is always found.
            while let Some(other) = leaving.get(&row).filter(|other| *other != net) {
                if before.require(*other, *net) {
                    break;
                }
                row += 1;
            }
            next = row + item.height;
            if let Some(net) = nets.get_mut(*net) {
                net.right.push(column.len());
            }
            column.push(Item {
                row,
                ..item.clone()
            });
        }
        lanes(&mut nets, left, &column, &before);
        self.columns.push(column);
        self.channels.push(nets);
    }
}

/// Which rails must stand left of which others, kept free of circles.
struct Before {
    left_of: Vec<BTreeSet<usize>>,
}

impl Before {
    fn new(nets: usize) -> Self {
        Self {
            left_of: vec![BTreeSet::new(); nets],
        }
    }

    /// Asks that `a` stands left of `b`; says no where `b` already has to stand left of `a`.
    fn require(&mut self, a: usize, b: usize) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![a];
        while let Some(net) = open.pop() {
            if net == b {
                return false;
            }
            if seen.insert(net) {
                open.extend(self.left_of.get(net).into_iter().flatten());
            }
        }
        if let Some(set) = self.left_of.get_mut(b) {
            set.insert(a);
        }
        true
    }
}

/// Gives each rail the leftmost lane that its order and the rails already there allow.
fn lanes(nets: &mut [Net], left: &[Item], right: &[Item], before: &Before) {
    let span = |net: &Net| {
        let rows = || {
            let left = net.left.iter().filter_map(|n| left.get(*n));
            left.chain(net.right.iter().filter_map(|n| right.get(*n)))
                .map(|i| i.row)
        };
        Some((rows().min()?, rows().max()?))
    };
    let spans: Vec<Option<(usize, usize)>> = nets.iter().map(span).collect();
    let mut done: Vec<Option<usize>> = vec![None; nets.len()];
    let mut used: Vec<(usize, (usize, usize))> = Vec::new();
    // The order is free of circles, so each round places at least one net.
    for _ in 0..nets.len() {
        for n in 0..nets.len() {
            if done.get(n).is_none_or(Option::is_some) {
                continue;
            }
            let behind = before.left_of.get(n).into_iter().flatten();
            let Some(first) = behind
                .map(|m| done.get(*m).copied().flatten().map(|lane| lane + 1))
                .try_fold(0, |max, lane| Some(max.max(lane?)))
            else {
                continue;
            };
            let Some(Some((top, bottom))) = spans.get(n).copied() else {
                continue;
            };
            let mut lane = first;
            // Rails in one lane keep a row between them: in ASCII nothing else tells them apart.
            while used
                .iter()
                .any(|(l, (t, b))| *l == lane && top <= b + 1 && *t <= bottom + 1)
            {
                lane += 1;
            }
            used.push((lane, (top, bottom)));
            if let Some(slot) = done.get_mut(n) {
                *slot = Some(lane);
            }
        }
    }
    for ((net, lane), span) in nets.iter_mut().zip(done).zip(spans) {
        let straight = net.left.len() == 1
            && net.right.len() == 1
            && span.is_some_and(|(top, bottom)| top == bottom);
        net.lane = lane.filter(|_| !straight);
    }
}
