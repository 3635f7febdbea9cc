//! The few GraphQL queries of `gh`: a full answer is made and cut down to the fields that were asked for.

use serde_json::{Map, Value, json};

use super::exchange::{Reply, Request};
use super::links::{WEB, date, node};
use super::repository;
use crate::sim::world::World;
use crate::sim::world::repo::VIEWER;

/// Deeper selections are refused.
const DEEPEST: usize = 20;

/// A field of a query with what is asked for inside it.
#[derive(Debug, Clone, PartialEq)]
struct Field {
    alias: String,
    name: String,
    inside: Vec<Field>,
}

pub(super) fn answer(world: &World, request: &Request) -> Reply {
    let body = request.json().unwrap_or_default();
    let query = body
        .get("query")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let variable = |name: &str| {
        let value = body.get("variables")?.get(name)?;
        value.as_str().map(str::to_owned)
    };
    let Some(fields) = parse(query) else {
        return Reply::ok(json!({"errors": [{"message": "Parse error on the query"}]}));
    };
    let ours = |owner: Option<String>, name: Option<String>| {
        let (owner, name) = (owner.unwrap_or_default(), name.unwrap_or_default());
        format!("{owner}/{name}").eq_ignore_ascii_case(&world.scenario.repo)
    };
    let known = ours(
        variable("owner"),
        variable("name").or_else(|| variable("repo")),
    );
    let wanted_tag = variable("tagName");
    let draft = wanted_tag.and_then(|tag| {
        world
            .repo
            .releases
            .iter()
            .find(|release| release.tag == tag)
            .map(|release| json!({"databaseId": release.id, "isDraft": release.draft}))
    });
    let latest = repository::latest(world).map(|release| release.id);
    let releases: Vec<Value> = world
        .repo
        .releases
        .iter()
        .rev()
        .map(|release| {
            json!({
                "name": release.tag,
                "tagName": release.tag,
                "isDraft": release.draft,
                "immutable": false,
                "isLatest": Some(release.id) == latest,
                "isPrerelease": release.prerelease,
                "createdAt": date(release.created),
                "publishedAt": release.published.map(date),
            })
        })
        .collect();
    let repository = json!({
        "id": node("R", super::links::REPO_ID),
        "name": request.links.name,
        "nameWithOwner": world.scenario.repo,
        "owner": {"id": node("O", 1), "login": request.links.owner},
        "url": format!("{WEB}/{}", world.scenario.repo),
        "defaultBranchRef": {"name": "main"},
        "hasIssuesEnabled": true,
        "isPrivate": false,
        "viewerPermission": "MAINTAIN",
        "pullRequests": {"nodes": [], "totalCount": 0},
        "release": draft,
        "releases": {"nodes": releases, "pageInfo": {"hasNextPage": false, "endCursor": null}},
    });
    let full = json!({
        "viewer": {"login": VIEWER, "id": node("U", 9_104_511)},
        "repository": if known { repository } else { Value::Null },
        "__type": {"fields": [], "name": "Release"},
    });
    let mut reply = json!({"data": cut(&full, &fields)});
    let asks_repository = fields.iter().any(|field| field.name == "repository");
    if asks_repository && !known {
        let error = json!([{"type": "NOT_FOUND", "path": ["repository"],
            "message": "Could not resolve to a Repository with that name."}]);
        if let Some(map) = reply.as_object_mut() {
            map.insert("errors".to_owned(), error);
        }
    }
    Reply::ok(reply)
}

/// Keeps what was asked for, under the names that were asked for.
fn cut(value: &Value, fields: &[Field]) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| cut(item, fields)).collect(),
        Value::Object(map) if !fields.is_empty() => {
            let mut out = Map::new();
            for field in fields {
                let inner = map.get(&field.name).unwrap_or(&Value::Null);
                out.insert(field.alias.clone(), cut(inner, &field.inside));
            }
            Value::Object(out)
        }
        other => other.clone(),
    }
}

/// The selection of a query, without arguments, fragments and directives.
fn parse(query: &str) -> Option<Vec<Field>> {
    let words = words(query);
    let start = words.iter().position(|word| word == "{")?;
    let mut at = start + 1;
    selection(&words, &mut at, 0)
}

fn words(query: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut depth = 0usize;
    let mut word = String::new();
    for c in query.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => continue,
            c if c.is_alphanumeric() || c == '_' || c == '.' || c == '@' => {
                word.push(c);
                continue;
            }
            _ => {}
        }
        if !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
        if matches!(c, '{' | '}' | ':') {
            out.push(c.to_string());
        }
    }
    out
}

fn selection(words: &[String], at: &mut usize, depth: usize) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    if depth >= DEEPEST {
        return None;
    }
    loop {
        let word = words.get(*at)?.clone();
        *at += 1;
        if word == "}" {
            return Some(fields);
        }
        let mut name = word.clone();
        if words.get(*at).is_some_and(|next| next == ":") {
            name.clone_from(words.get(*at + 1)?);
            *at += 2;
        }
        let mut inside = Vec::new();
        if words.get(*at).is_some_and(|next| next == "{") {
            *at += 1;
            inside = selection(words, at, depth + 1)?;
        }
        fields.push(Field {
            alias: word,
            name,
            inside,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_holds_exactly_what_was_asked_for() {
        let query = "query X($owner:String!){repository(owner: $owner, name: $name){release(tagName: $tagName){databaseId,isDraft},n:name}}";
        let fields = parse(query).unwrap_or_default();
        let full = json!({"repository": {"release": {"databaseId": 1, "isDraft": false, "more": 2}, "name": "x"}});
        assert_eq!(
            cut(&full, &fields),
            json!({"repository": {"release": {"databaseId": 1, "isDraft": false}, "n": "x"}})
        );
        assert!(parse("no query").is_none());
        assert!(parse("{ a { b ").is_none());
    }
}
