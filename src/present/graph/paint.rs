//! The laid-out grid painted on a sheet.

use std::collections::HashMap;

use super::super::role::Role;
use super::super::words;
use super::canvas::{Arms, Canvas};
use super::grid::{Box, Item, Net, Plan, What, plan};
use super::label::{Facts, Label, LegRow, label};
use super::{Charset, Drawing, Fold, Options, Placed};
use crate::domain::graph::{JobKey, Level, Node};

/// Columns that the jobs within an open call stand further right.
const INDENT: usize = 2;

/// Paints one level and what is open in it.
pub(super) fn grid(jobs: &[Node], facts: &Facts<'_>, options: &Options) -> Drawing {
    let mut canvas = Canvas::default();
    let sheet = Sheet::new(jobs, facts, options);
    let mut nodes = Vec::new();
    sheet.paint(0, 0, &mut canvas, &mut nodes);
    let (rows, width) = canvas.finish();
    let order: HashMap<_, usize> = {
        let mut found = Vec::new();
        walk(jobs, &mut found);
        found
            .into_iter()
            .enumerate()
            .map(|(n, id)| (id, n))
            .collect()
    };
    nodes.sort_by_key(|p: &Placed| order.get(&p.node).copied());
    Drawing { rows, nodes, width }
}

fn walk<'g>(jobs: &'g [Node], found: &mut Vec<&'g crate::domain::graph::NodeId>) {
    for job in jobs {
        found.push(&job.id);
        walk(job.children(), found);
    }
}

/// One level with everything measured.
struct Sheet<'g> {
    jobs: &'g [Node],
    cells: Vec<CellOf<'g>>,
    plan: Plan,
    options: &'g Options,
}

/// What is shown below an open node.
enum Inner<'g> {
    /// Nothing: there is nothing in it.
    Leaf,
    /// Nothing: it is closed.
    Closed,
    /// The graph of what it calls.
    Sheet(Sheet<'g>),
    /// Its jobs, one a row; nothing leads from one to another.
    Legs(Vec<(LegRow, CellOf<'g>)>),
}

/// A job's cell, measured.
struct CellOf<'g> {
    label: Label,
    /// Whether it is alone in its column, and so has its time below its name.
    alone: bool,
    inner: Inner<'g>,
    width: usize,
    height: usize,
}

impl<'g> Sheet<'g> {
    fn new(jobs: &'g [Node], facts: &Facts<'_>, options: &'g Options) -> Self {
        let level = Level::new(jobs);
        let columns = level.columns();
        let depth: HashMap<&JobKey, usize> = columns
            .iter()
            .enumerate()
            .flat_map(|(n, column)| column.iter().map(move |job| (&job.key, n)))
            .collect();
        let number: HashMap<&JobKey, usize> = jobs
            .iter()
            .enumerate()
            .map(|(n, job)| (&job.key, n))
            .collect();
        let depth_of = |job: &Node| depth.get(&job.key).copied().unwrap_or(0);
        let cells: Vec<CellOf<'g>> = jobs
            .iter()
            .map(|job| {
                let alone = columns.get(depth_of(job)).is_some_and(|c| c.len() == 1);
                CellOf::new(job, alone, facts, options)
            })
            .collect();
        let mut boxes: Vec<Box> = jobs
            .iter()
            .zip(&cells)
            .map(|(job, cell)| Box {
                depth: depth_of(job),
                height: cell.height,
                followers: std::collections::BTreeSet::new(),
            })
            .collect();
        for (n, job) in jobs.iter().enumerate() {
            for need in level.direct_needs(&job.key) {
                if let Some(source) = number.get(need).and_then(|m| boxes.get_mut(*m)) {
                    source.followers.insert(n);
                }
            }
        }
        Self {
            jobs,
            plan: plan(&boxes),
            cells,
            options,
        }
    }

    fn cell(&self, item: &Item) -> Option<&CellOf<'g>> {
        match item.what {
            What::Job(n) => self.cells.get(n),
            What::Wire => None,
        }
    }

    fn column_width(&self, column: &[Item]) -> usize {
        column
            .iter()
            .filter_map(|i| self.cell(i))
            .map(|c| c.width)
            .max()
            .unwrap_or(1)
    }

    fn channel_width(nets: &[Net]) -> usize {
        match nets.iter().filter_map(|n| n.lane).max() {
            Some(lane) => 2 * lane + 5,
            None => 4,
        }
    }

    fn width(&self) -> usize {
        let columns: usize = self.plan.columns.iter().map(|c| self.column_width(c)).sum();
        let channels: usize = self
            .plan
            .channels
            .iter()
            .map(|n| Self::channel_width(n))
            .sum();
        columns + channels
    }

    fn height(&self) -> usize {
        let bottoms = self.plan.columns.iter().flatten().map(|i| i.row + i.height);
        bottoms.max().unwrap_or(0)
    }

    fn paint(&self, x: usize, y: usize, canvas: &mut Canvas, nodes: &mut Vec<Placed>) {
        let mut at = x;
        for (n, column) in self.plan.columns.iter().enumerate() {
            let width = self.column_width(column);
            let nets = self.plan.channels.get(n).map_or(&[][..], Vec::as_slice);
            for (index, item) in column.iter().enumerate() {
                let leads_on = nets.iter().any(|net| net.left.contains(&index));
                self.item(item, at, y, width, leads_on, canvas, nodes);
            }
            at += width;
            if let Some(next) = self.plan.columns.get(n + 1) {
                self.channel(nets, column, next, (at, y), canvas);
                at += Self::channel_width(nets);
            }
        }
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "the place of one cell and the two sheets it is written on"
    )]
    fn item(
        &self,
        item: &Item,
        x: usize,
        y: usize,
        width: usize,
        leads_on: bool,
        canvas: &mut Canvas,
        nodes: &mut Vec<Placed>,
    ) {
        let y = y + item.row;
        let What::Job(n) = item.what else {
            canvas.across(x, x + width - 1, y, self.options.charset);
            return;
        };
        let (Some(node), Some(cell)) = (self.jobs.get(n), self.cells.get(n)) else {
            return;
        };
        let fold = match &cell.inner {
            Inner::Leaf => Fold::Leaf,
            Inner::Closed => Fold::Closed,
            Inner::Sheet(_) | Inner::Legs(_) => Fold::Open,
        };
        nodes.push(Placed {
            node: node.id.clone(),
            job: None,
            x,
            y,
            width,
            height: if cell.alone { 2 } else { 1 },
            fold,
        });
        cell.write(x, y, width, leads_on, self.options, canvas);
        let below = y + if cell.alone { 2 } else { 1 };
        match &cell.inner {
            Inner::Leaf | Inner::Closed => {}
            Inner::Sheet(sheet) => sheet.paint(x + INDENT, below, canvas, nodes),
            Inner::Legs(legs) => {
                for (n, (leg, cell)) in legs.iter().enumerate() {
                    let (x, width) = (x + INDENT, width - INDENT);
                    nodes.push(Placed {
                        node: node.id.clone(),
                        job: Some(leg.job),
                        x,
                        y: below + n,
                        width,
                        height: 1,
                        fold: Fold::Leaf,
                    });
                    cell.write(x, below + n, width, false, self.options, canvas);
                }
            }
        }
    }

    /// Paints the lines between two columns; `origin` is the first cell behind the left column.
    fn channel(
        &self,
        nets: &[Net],
        left: &[Item],
        right: &[Item],
        origin: (usize, usize),
        canvas: &mut Canvas,
    ) {
        let charset = self.options.charset;
        let (x, y) = origin;
        let end = x + Self::channel_width(nets) - 1;
        let start_of = |item: &Item| if item.what == What::Wire { x } else { x + 1 };
        let end_of = |item: &Item| {
            if item.what == What::Wire {
                end
            } else {
                end - 1
            }
        };
        let rail_at = |lane: usize| x + 2 + 2 * lane;
        for net in nets {
            let sources = || net.left.iter().filter_map(|n| left.get(*n));
            let targets = || net.right.iter().filter_map(|n| right.get(*n));
            let Some(lane) = net.lane else {
                for (source, target) in sources().zip(targets()) {
                    canvas.across(start_of(source), end_of(target), y + source.row, charset);
                }
                continue;
            };
            let rail = rail_at(lane);
            for source in sources() {
                canvas.across(start_of(source), rail, y + source.row, charset);
            }
            for target in targets() {
                canvas.across(rail, end_of(target), y + target.row, charset);
            }
        }
        // Rails come last: where another net's line crosses one, the rail stays whole and the line passes behind it.
        for net in nets {
            let Some(lane) = net.lane else { continue };
            let rows = |items: &[Item], numbers: &[usize]| -> Vec<usize> {
                numbers
                    .iter()
                    .filter_map(|n| items.get(*n))
                    .map(|i| i.row)
                    .collect()
            };
            let (from, to) = (rows(left, &net.left), rows(right, &net.right));
            let all = || from.iter().chain(&to).copied();
            let (Some(top), Some(bottom)) = (all().min(), all().max()) else {
                continue;
            };
            for row in top..=bottom {
                let arms = Arms {
                    up: row > top,
                    down: row < bottom,
                    left: from.contains(&row),
                    right: to.contains(&row),
                };
                canvas.line(rail_at(lane), y + row, arms, charset);
            }
        }
    }
}

impl<'g> CellOf<'g> {
    fn new(job: &'g Node, alone: bool, facts: &Facts<'_>, options: &'g Options) -> Self {
        let legs = facts.legs.and_then(|legs| legs.get(&job.id));
        let holds = !job.children().is_empty() || legs.is_some();
        let inner = if !holds {
            Inner::Leaf
        } else if !options.open.contains(&job.id) {
            Inner::Closed
        } else if let Some(legs) = legs {
            let cell = |leg: &LegRow| Self::measured(leg.label(), false, Inner::Leaf, options);
            Inner::Legs(legs.iter().map(|leg| (leg.clone(), cell(leg))).collect())
        } else {
            Inner::Sheet(Sheet::new(job.children(), facts, options))
        };
        Self::measured(label(job, facts), alone, inner, options)
    }

    fn measured(label: Label, alone: bool, inner: Inner<'g>, options: &Options) -> Self {
        let name = words::width(&label.name).min(options.name_width.max(1));
        // A time stands below a job that is alone, and beside one that is not and has no count.
        let beside = match (alone, label.right_room) {
            (false, 0) => label.time_room.max(words::width(&label.time)),
            (_, room) => room,
        };
        let mut width = 2 + name + if beside > 0 { 1 + beside } else { 0 };
        if alone {
            width = width.max(2 + label.time_room.max(words::width(&label.time)));
        }
        let mut height = if alone { 2 } else { 1 };
        match &inner {
            Inner::Leaf | Inner::Closed => {}
            Inner::Sheet(sheet) => {
                width = width.max(INDENT + sheet.width());
                height += sheet.height();
            }
            Inner::Legs(legs) => {
                let widest = legs.iter().map(|(_, cell)| cell.width).max().unwrap_or(0);
                width = width.max(INDENT + widest);
                height += legs.len();
            }
        }
        Self {
            label,
            alone,
            inner,
            width,
            height,
        }
    }

    fn write(
        &self,
        x: usize,
        y: usize,
        width: usize,
        leads_on: bool,
        options: &Options,
        canvas: &mut Canvas,
    ) {
        let label = &self.label;
        let role = label
            .sign
            .map_or(Role::Muted, super::super::role::Sign::role);
        canvas.text(x, y, label.symbol(options.charset), role);
        let beside = if self.alone || label.right_room > 0 {
            (&label.right, self.right_role())
        } else {
            (&label.time, label.time_role)
        };
        let taken = words::width(beside.0);
        let room = width.saturating_sub(2 + if taken > 0 { taken + 1 } else { 0 });
        let name = cut(
            &label.name,
            room.min(options.name_width.max(1)),
            options.charset,
        );
        let behind = canvas.text(x + 2, y, &name, label.name_role());
        // The line starts at the name, so that the eye need not jump the gap to the channel.
        if leads_on && taken == 0 && behind < x + width {
            canvas.across(behind + 1, x + width, y, options.charset);
        }
        let text = ascii(beside.0, options.charset);
        canvas.text(x + width - taken, y, &text, beside.1);
        if self.alone {
            let time = cut(&label.time, width, options.charset);
            let time_width = words::width(&time);
            canvas.text(x + width - time_width, y + 1, &time, label.time_role);
        }
    }

    fn right_role(&self) -> Role {
        match self.label.sign {
            Some(sign @ (super::super::role::Sign::Failed | super::super::role::Sign::Warning)) => {
                sign.role()
            }
            _ => Role::Muted,
        }
    }
}

/// A name that lost its middle; in ASCII two dots stand for it.
pub(super) fn cut(name: &str, room: usize, charset: Charset) -> String {
    ascii(&words::middle(name, room), charset)
}

/// Our own signs in ASCII; what others wrote stays.
pub(super) fn ascii(text: &str, charset: Charset) -> String {
    match charset {
        Charset::Unicode => text.to_owned(),
        Charset::Ascii => text
            .replace('…', "~")
            .replace('×', "x")
            .replace('←', "<")
            .replace('◆', "#"),
    }
}
