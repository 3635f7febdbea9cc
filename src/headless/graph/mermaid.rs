//! The graph in Mermaid's language, for a page that draws it.

use std::collections::HashMap;
use std::fmt::Write;

use crate::domain::graph::{Graph, JobKey, Node};

/// A flow chart: every `needs` an arrow, every called workflow a box around its jobs.
pub fn mermaid(graph: &Graph) -> String {
    let mut out = String::from("flowchart LR\n");
    let mut count = 0;
    level(&graph.jobs, 1, &mut count, &mut out);
    out
}

fn level(jobs: &[Node], depth: usize, count: &mut usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    let mut names: HashMap<&JobKey, String> = HashMap::new();
    for job in jobs {
        let name = format!("n{count}");
        *count += 1;
        let mut label = escape(job.title());
        if let Some(environment) = &job.environment {
            let _ = write!(label, " ◆ {}", escape(environment));
        }
        // Writing to a String cannot fail.
        let _ = if !job.children().is_empty() {
            let _ = writeln!(out, "{pad}subgraph {name}[\"{label}\"]");
            level(job.children(), depth + 1, count, out);
            writeln!(out, "{pad}end")
        } else if let Some(call) = &job.call {
            writeln!(out, "{pad}{name}[[\"{label}<br/>{}\"]]", escape(&call.uses))
        } else {
            writeln!(out, "{pad}{name}[\"{label}\"]")
        };
        names.insert(&job.key, name);
    }
    for job in jobs {
        for need in &job.needs {
            if let (Some(from), Some(to)) = (names.get(need), names.get(&job.key)) {
                let _ = writeln!(out, "{pad}{from} --> {to}");
            }
        }
    }
}

/// Mermaid reads HTML and quotes inside a label; entities keep a job's name from becoming either.
fn escape(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .fold(String::new(), |mut out, c| {
            match c {
                '"' => out.push_str("#quot;"),
                '<' => out.push_str("#lt;"),
                '>' => out.push_str("#gt;"),
                '&' => out.push_str("#amp;"),
                '#' => out.push_str("#35;"),
                c => out.push(c),
            }
            out
        })
}
