//! The shape of one level of the graph: depth, reach, the edges worth drawing, and the longest way through.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::assemble::{Graph, Node, NodeId};
use super::workflow::{JobKey, Matrix};

/// The jobs of one workflow file with their order worked out; needs never leave their file.
#[derive(Debug)]
pub struct Level<'g> {
    jobs: &'g [Node],
    /// For each job, the jobs that it needs, by number.
    needs: Vec<Vec<usize>>,
    /// Every job after all that it needs, otherwise in file order.
    order: Vec<usize>,
    depth: Vec<usize>,
    reach: Vec<Bits>,
}

/// A set of numbers below a limit.
#[derive(Debug, Clone, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn with_room(limit: usize) -> Self {
        Self(vec![0; limit.div_ceil(64)])
    }

    fn add(&mut self, n: usize) {
        if let Some(word) = self.0.get_mut(n / 64) {
            *word |= 1 << (n % 64);
        }
    }

    fn has(&self, n: usize) -> bool {
        self.0
            .get(n / 64)
            .is_some_and(|word| word & (1 << (n % 64)) != 0)
    }

    fn join(&mut self, other: &Self) {
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }
}

impl<'g> Level<'g> {
    /// Works out one level: `graph.jobs`, or the children of a call.
    pub fn new(jobs: &'g [Node]) -> Self {
        let numbers: HashMap<&JobKey, usize> =
            jobs.iter().enumerate().map(|(n, j)| (&j.key, n)).collect();
        let needs: Vec<Vec<usize>> = jobs
            .iter()
            .map(|j| {
                j.needs
                    .iter()
                    .filter_map(|k| numbers.get(k).copied())
                    .collect()
            })
            .collect();
        let mut level = Self {
            jobs,
            order: Vec::with_capacity(jobs.len()),
            depth: vec![0; jobs.len()],
            reach: vec![Bits::with_room(jobs.len()); jobs.len()],
            needs,
        };
        level.sort();
        level
    }

    fn sort(&mut self) {
        let mut placed = vec![false; self.jobs.len()];
        // Each round takes whoever has all needs behind it; a graph read from a cache may hold a circle, which stays out.
        loop {
            let ready: Vec<usize> = (0..self.jobs.len())
                .filter(|n| {
                    !placed.get(*n).copied().unwrap_or(true)
                        && self
                            .needs_of(*n)
                            .iter()
                            .all(|m| placed.get(*m).copied().unwrap_or(false))
                })
                .collect();
            if ready.is_empty() {
                break;
            }
            for n in ready {
                let mut reach = Bits::with_room(self.jobs.len());
                let mut depth = 0;
                for m in self.needs_of(n) {
                    reach.add(*m);
                    if let Some(theirs) = self.reach.get(*m) {
                        reach.join(theirs);
                    }
                    depth = depth.max(self.depth_at(*m) + 1);
                }
                if let Some(slot) = self.reach.get_mut(n) {
                    *slot = reach;
                }
                if let Some(slot) = self.depth.get_mut(n) {
                    *slot = depth;
                }
                if let Some(slot) = placed.get_mut(n) {
                    *slot = true;
                }
                self.order.push(n);
            }
        }
    }

    fn needs_of(&self, n: usize) -> &[usize] {
        self.needs.get(n).map_or(&[], Vec::as_slice)
    }

    fn depth_at(&self, n: usize) -> usize {
        self.depth.get(n).copied().unwrap_or(0)
    }

    fn number(&self, key: &JobKey) -> Option<usize> {
        self.jobs.iter().position(|j| j.key == *key)
    }

    /// The jobs in columns: each in the first column in which all that it needs is to its left.
    pub fn columns(&self) -> Vec<Vec<&'g Node>> {
        let mut columns: Vec<Vec<&Node>> = Vec::new();
        for (n, job) in self.jobs.iter().enumerate() {
            let depth = self.depth_at(n);
            while columns.len() <= depth {
                columns.push(Vec::new());
            }
            if let Some(column) = columns.get_mut(depth) {
                column.push(job);
            }
        }
        columns
    }

    /// The jobs, each behind all that it needs.
    pub fn in_order(&self) -> Vec<&'g Node> {
        self.order
            .iter()
            .filter_map(|n| self.jobs.get(*n))
            .collect()
    }

    /// All that a job waits for, directly or not.
    pub fn upstream(&self, key: &JobKey) -> BTreeSet<&'g JobKey> {
        let reach = self.number(key).and_then(|n| self.reach.get(n));
        self.jobs
            .iter()
            .enumerate()
            .filter(|(n, _)| reach.is_some_and(|r| r.has(*n)))
            .map(|(_, j)| &j.key)
            .collect()
    }

    /// Whether `target` waits for `key`, directly or not: re-running `key` would then run `target` again.
    pub fn feeds(&self, key: &JobKey, target: &JobKey) -> bool {
        match (self.number(key), self.number(target)) {
            (Some(from), Some(to)) => self.reach.get(to).is_some_and(|r| r.has(from)),
            _ => false,
        }
    }

    /// The needs of a job without those that another of its needs already waits for: the edges worth drawing.
    pub fn direct_needs(&self, key: &JobKey) -> Vec<&'g JobKey> {
        let Some(n) = self.number(key) else {
            return Vec::new();
        };
        let needs = self.needs_of(n);
        needs
            .iter()
            .filter(|m| {
                !needs
                    .iter()
                    .any(|other| self.reach.get(*other).is_some_and(|r| r.has(**m)))
            })
            .filter_map(|m| self.jobs.get(*m).map(|j| &j.key))
            .collect()
    }
}

/// The chain of jobs that decides when the run ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CriticalPath {
    /// The jobs in order; a call is followed by the jobs within it that decide its end.
    pub jobs: Vec<NodeId>,
    /// How long they take together.
    pub total: Duration,
}

/// The longest way through the graph, given how long each job takes; a job without a figure takes no time.
///
/// A call takes as long as the longest way through what it calls, or its own figure where nothing below it has one.
pub fn critical_path(graph: &Graph, lasts: &dyn Fn(&NodeId) -> Option<Duration>) -> CriticalPath {
    longest(&graph.jobs, lasts)
}

fn longest(jobs: &[Node], lasts: &dyn Fn(&NodeId) -> Option<Duration>) -> CriticalPath {
    let level = Level::new(jobs);
    let mut best: HashMap<&JobKey, CriticalPath> = HashMap::new();
    for job in level.in_order() {
        let inner = longest(job.children(), lasts);
        let own = if inner.total.is_zero() {
            lasts(&job.id).unwrap_or_default()
        } else {
            inner.total
        };
        let before = job.needs.iter().filter_map(|need| best.get(need));
        let before = before.fold(None::<&CriticalPath>, |best, next| match best {
            Some(best) if best.total >= next.total => Some(best),
            _ => Some(next),
        });
        let mut path = before.cloned().unwrap_or_default();
        path.jobs.push(job.id.clone());
        if !inner.total.is_zero() {
            path.jobs.extend(inner.jobs);
        }
        path.total += own;
        best.insert(&job.key, path);
    }
    let mut winner = CriticalPath::default();
    for job in jobs {
        if let Some(path) = best.remove(&job.key)
            && (path.total > winner.total || winner.jobs.is_empty())
        {
            winner = path;
        }
    }
    winner
}

/// How many jobs a call or a matrix stands for in a run; `None` where only the run can know.
pub fn expected_jobs(node: &Node) -> Option<usize> {
    let legs = match &node.matrix {
        Matrix::None => 1,
        Matrix::Legs(legs) => legs.len(),
        Matrix::Dynamic => return None,
    };
    let below = match &node.call {
        None => 1,
        Some(_) if node.children().is_empty() => return None,
        Some(_) => node
            .children()
            .iter()
            .map(expected_jobs)
            .try_fold(0_usize, |sum, n| Some(sum.saturating_add(n?)))?,
    };
    Some(legs.saturating_mul(below))
}
