//! The architecture, enforced: who may import whom, and what may stand only where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Who may import whom: the table of the architecture page. A module may always import itself.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("main", &["run"]),
    (
        "run",
        &[
            "cli", "config", "domain", "door", "engine", "evidence", "headless", "net", "present",
            "rehearse", "secret", "sim", "sources", "tui",
        ],
    ),
    (
        "rehearse",
        &[
            "config", "domain", "engine", "present", "secret", "sim", "sources",
        ],
    ),
    ("tui", &["engine", "present", "domain", "config"]),
    ("headless", &["engine", "present", "domain", "config"]),
    ("engine", &["domain", "sources", "evidence", "door"]),
    ("door", &["net", "sources", "evidence", "secret", "domain"]),
    ("sources", &["net", "secret", "domain"]),
    ("evidence", &["secret", "domain"]),
    ("net", &["secret", "domain"]),
    ("present", &["domain"]),
    ("config", &["secret", "domain"]),
    ("cli", &["secret", "domain"]),
    ("secret", &[]),
    ("domain", &[]),
    ("sim", &[]),
];

/// Parts of the engine that must stay pure.
const PURE_ENGINE: &[&str] = &[
    "engine",
    "engine/interest",
    "engine/pace",
    "engine/update",
    "engine/cache",
];

struct Source {
    /// `engine/runtime`, without `src/` and `.rs`.
    place: String,
    /// The code without comments, strings and test modules.
    code: String,
    /// The file as it stands.
    text: String,
}

impl Source {
    fn module(&self) -> &str {
        self.place.split('/').next().unwrap()
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files
        .into_iter()
        .map(|file| {
            let place = file.strip_prefix(&root).unwrap().with_extension("");
            let text = std::fs::read_to_string(&file).unwrap();
            Source {
                place: place.to_str().unwrap().replace('\\', "/"),
                code: code_of(&text),
                text,
            }
        })
        .collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            files.push(path);
        }
    }
}

/// Drops comments, the contents of string literals, and everything from `#[cfg(test)]` on.
fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap();
    let mut code = String::new();
    for line in text.lines() {
        let mut quoted = false;
        let mut previous = ' ';
        for c in line.chars() {
            match c {
                '"' if previous != '\\' && previous != '\'' => quoted = !quoted,
                '/' if previous == '/' && !quoted => {
                    code.pop();
                    break;
                }
                _ if quoted => {}
                _ => code.push(c),
            }
            previous = c;
        }
        code.push('\n');
    }
    code
}

/// Every path of ours that the code names: `crate::x::…`, `crate::{x, y::z}`, and `super` from a top level.
fn imports(source: &Source) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in source.code.match_indices("crate::") {
        let rest = &source.code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut word = String::new();
            let mut fresh = true;
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => fresh = true,
                    c if fresh && depth == 1 && (c.is_alphanumeric() || c == '_') => word.push(c),
                    ':' | ' ' | '\n' if word.is_empty() => {}
                    _ => fresh = false,
                }
                if (!fresh || c == ',') && !word.is_empty() {
                    found.insert(std::mem::take(&mut word));
                }
                if depth == 0 {
                    break;
                }
            }
            if !word.is_empty() {
                found.insert(word);
            }
        } else {
            let word: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            found.insert(word);
        }
    }
    found
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let table: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for source in sources() {
        if source.place == "lib" {
            continue;
        }
        let allowed = table
            .get(source.module())
            .unwrap_or_else(|| panic!("src/{}.rs is in no row of the table", source.place));
        for name in imports(&source) {
            seen += 1;
            if name != source.module()
                && table.contains_key(name.as_str())
                && !allowed.contains(&name.as_str())
            {
                wrong.push(format!("{} imports {name}", source.place));
            }
            if PURE_ENGINE.contains(&source.place.as_str())
                && ["sources", "evidence", "door"].contains(&name.as_str())
            {
                wrong.push(format!("{} is pure and imports {name}", source.place));
            }
        }
    }
    assert!(
        seen > 15,
        "the search for imports found almost nothing: {seen}"
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_two_modules_import_each_other() {
    let mut arrows: BTreeSet<(String, String)> = BTreeSet::new();
    for source in sources() {
        for name in imports(&source) {
            if name != source.module() {
                arrows.insert((source.module().to_owned(), name));
            }
        }
    }
    let mutual: Vec<_> = arrows
        .iter()
        .filter(|(a, b)| arrows.contains(&(b.clone(), a.clone())))
        .collect();
    assert!(mutual.is_empty(), "{mutual:#?}");
}

/// Files (by their places) whose code holds one of these words.
fn places_with(words: &[&str]) -> Vec<String> {
    sources()
        .into_iter()
        .filter(|source| words.iter().any(|word| source.code.contains(word)))
        .map(|source| source.place)
        .collect()
}

#[test]
fn only_the_clocks_owners_read_the_clock() {
    let readers = places_with(&[
        "Timestamp::now()",
        "SystemTime::now()",
        "Instant::now()",
        "Zoned::now()",
    ]);
    assert!(
        readers.contains(&"engine/runtime".to_owned()),
        "the search works: {readers:?}"
    );
    let wrong: Vec<_> = readers
        .iter()
        .filter(|place| {
            !["engine/runtime", "tui/terminal", "sim"].contains(&place.as_str())
                && !place.starts_with("sim/")
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn nothing_but_the_simulator_uses_mutating_verbs() {
    let verbs = [
        "Method::POST",
        "Method::PUT",
        "Method::PATCH",
        "Method::DELETE",
        ".post(",
        ".put(",
        ".patch(",
        ".delete(",
    ];
    // Read-only POSTs: a registry's token, Docker Hub's login.
    let read_only = ["net/registry/token", "sources/hub/login"];
    // The pure modules cannot reach a network at all (see `the_domain_is_pure`); there `.put(` is a word like any other.
    let wrong: Vec<_> = places_with(&verbs)
        .into_iter()
        .filter(|place| {
            let module = place.split('/').next().unwrap_or_default();
            !["sim", "door", "domain", "present"].contains(&module)
        })
        .filter(|place| !read_only.contains(&place.as_str()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn colours_stand_only_in_the_theme() {
    let wrong: Vec<_> = places_with(&["Color::", "Rgb("])
        .into_iter()
        .filter(|place| place != "tui/theme" && !place.starts_with("tui/theme/"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn the_domain_is_pure() {
    let wrong: Vec<_> = sources()
        .into_iter()
        .filter(|source| ["domain", "present"].contains(&source.module()))
        .flat_map(|source| {
            [
                "tokio::",
                "reqwest::",
                "ratatui::",
                "std::fs",
                "std::net::Tcp",
                "std::net::Udp",
                "std::env",
                "std::process",
            ]
            .into_iter()
            .filter(|word| source.code.contains(word))
            .map(|word| format!("{} uses {word}", source.place))
            .collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn only_the_printing_faces_print() {
    let wrong: Vec<_> = places_with(&["println!(", "print!(", "eprintln!("])
        .into_iter()
        .filter(|place| !["headless", "run", "main"].contains(&place.split('/').next().unwrap()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn files_are_small_enough_to_hold_one_thing() {
    let long: Vec<_> = sources()
        .into_iter()
        .map(|source| (source.text.lines().count(), source.place))
        .filter(|(lines, _)| *lines > 600)
        .collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn the_top_level_holds_what_it_should_and_nothing_else() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "README.md",
        "assets",
        "benches",
        "config.example.toml",
        "deny.toml",
        "docs",
        "fuzz",
        "src",
        "target",
        "tests",
    ];
    for entry in std::fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            name.starts_with('.') || allowed.contains(&name.as_str()),
            "{name} at the top level"
        );
    }
}
