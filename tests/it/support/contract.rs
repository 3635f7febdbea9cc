//! GitHub's own description of its API, as a judge of answers and of requests.
//!
//! The description is `OpenAPI` 3.0: `nullable` is turned into the type `null`, `$ref`s stay inside the document.
//! Faults of it that are known are mended here, one by one, each with its reason.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use super::judges::shared;

/// The contract, or `None` (after saying so) where the shared folder is missing and `CI` is not `true`.
pub(crate) fn contract() -> Option<&'static Contract> {
    static LOADED: OnceLock<Option<Contract>> = OnceLock::new();
    LOADED
        .get_or_init(|| {
            let file = shared()?.join("contracts/github-openapi.json");
            let text = std::fs::read_to_string(&file).unwrap();
            Some(Contract::new(serde_json::from_str(&text).unwrap()))
        })
        .as_ref()
}

/// The loaded description.
pub(crate) struct Contract {
    document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// One operation of the description.
pub(crate) struct Operation<'a> {
    /// The path with its templates, such as `/repos/{owner}/{repo}`.
    pub(crate) template: &'a str,
    method: String,
    value: &'a Value,
    item: &'a Value,
}

impl Contract {
    fn new(mut document: Value) -> Self {
        mend(&mut document);
        convert(&mut document);
        Self {
            document,
            validators: Mutex::default(),
        }
    }

    /// The operation for a request, `path` without its query.
    pub(crate) fn operation(&self, method: &str, path: &str) -> Option<Operation<'_>> {
        let method = match method {
            "HEAD" => "get".to_owned(),
            other => other.to_lowercase(),
        };
        let wanted: Vec<&str> = parts(path);
        let (template, item) = self.document["paths"]
            .as_object()?
            .iter()
            .filter(|(template, item)| {
                item.get(&method).is_some() && fits(&parts(template), &wanted)
            })
            .max_by_key(|(template, _)| {
                let literal = |part: &&&str| !part.starts_with('{');
                let parts = parts(template);
                (parts.iter().filter(literal).count(), parts.len())
            })?;
        Some(Operation {
            template,
            value: &item[&method],
            item,
            method,
        })
    }

    /// Checks an answer's status and, where it is JSON, its body. Returns what is wrong.
    pub(crate) fn check_answer(
        &self,
        method: &str,
        path: &str,
        status: u16,
        body: Option<&Value>,
    ) -> Vec<String> {
        let Some(operation) = self.operation(method, path) else {
            return vec![format!("{method} {path} is no operation of the contract")];
        };
        let responses = &operation.value["responses"];
        let documented = responses.get(status.to_string());
        let place = format!(
            "{} {} {status}",
            operation.method.to_uppercase(),
            operation.template
        );
        let Some(response) = documented else {
            // Every end-point can say these; the description names them only here and there.
            return match (status, body) {
                (304, None) => Vec::new(),
                (401 | 403 | 404 | 422, Some(body)) => self.judge(
                    &place,
                    &json!({"$ref": "#/components/schemas/basic-error"}),
                    body,
                ),
                _ => vec![format!("{place}: this status is not documented")],
            };
        };
        let response = self.resolve(response);
        let schema = response["content"]["application/json"].get("schema");
        match (schema, body) {
            (Some(schema), Some(body)) => self.judge(&place, schema, body),
            (Some(_), None) => vec![format!("{place}: the body is missing")],
            (None, Some(_)) => vec![format!("{place}: there should be no body")],
            (None, None) => Vec::new(),
        }
    }

    /// Checks a request of a client: the path, the names and values of its query, its body. Returns what is wrong.
    pub(crate) fn check_request(
        &self,
        method: &str,
        path: &str,
        query: &[(String, String)],
        body: Option<&Value>,
    ) -> Vec<String> {
        let Some(operation) = self.operation(method, path) else {
            return vec![format!("{method} {path} is no operation of the contract")];
        };
        let place = format!("{} {}", operation.method.to_uppercase(), operation.template);
        let parameters: Vec<&Value> = [operation.item, operation.value]
            .iter()
            .filter_map(|holder| holder["parameters"].as_array())
            .flatten()
            .map(|parameter| self.resolve(parameter))
            .filter(|parameter| parameter["in"] == "query")
            .collect();
        let mut wrong = Vec::new();
        for (name, value) in query {
            let known = parameters
                .iter()
                .find(|parameter| parameter["name"] == name.as_str());
            match known {
                None => wrong.push(format!("{place}: no query parameter {name}")),
                Some(parameter) => {
                    let place = format!("{place}?{name}={value}");
                    wrong.extend(self.judge_text(&place, &parameter["schema"], value));
                }
            }
        }
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap();
            let given = query.iter().any(|(key, _)| key == name);
            if parameter["required"] == json!(true) && !given {
                wrong.push(format!("{place}: the query parameter {name} is missing"));
            }
        }
        let wanted = operation
            .value
            .get("requestBody")
            .map(|body| self.resolve(body));
        match (wanted, body) {
            (None, Some(_)) => wrong.push(format!("{place}: there should be no body")),
            (Some(wanted), None) if wanted["required"] == json!(true) => {
                wrong.push(format!("{place}: the body is missing"));
            }
            (Some(wanted), Some(body)) => {
                let schema = &wanted["content"]["application/json"]["schema"];
                wrong.extend(self.judge(&place, schema, body));
            }
            (_, None) => {}
        }
        wrong
    }

    /// A query's value is text; it fits when it does as text, as a number, or as true or false.
    fn judge_text(&self, place: &str, schema: &Value, text: &str) -> Vec<String> {
        let mut readings = vec![json!(text)];
        readings.extend(text.parse::<i64>().ok().map(|number| json!(number)));
        readings.extend(text.parse::<bool>().ok().map(|value| json!(value)));
        let verdicts = readings
            .iter()
            .map(|value| self.judge(place, schema, value));
        verdicts.min_by_key(Vec::len).unwrap_or_default()
    }

    fn judge(&self, place: &str, schema: &Value, value: &Value) -> Vec<String> {
        let validator = self.validator(schema);
        validator
            .iter_errors(value)
            .map(|error| {
                let text: String = error.to_string().chars().take(300).collect();
                format!("{place} at {}: {text}", error.instance_path())
            })
            .collect()
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let key = schema.to_string();
        let mut known = self.validators.lock().unwrap();
        let found = known.entry(key).or_insert_with(|| {
            let root = json!({"allOf": [schema], "components": self.document["components"]});
            let validator = jsonschema::options()
                .with_draft(Draft::Draft4)
                .should_validate_formats(true)
                .build(&root)
                .unwrap();
            Arc::new(validator)
        });
        Arc::clone(found)
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => self
                .document
                .pointer(reference.trim_start_matches('#'))
                .unwrap(),
            None => value,
        }
    }
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

/// Whether a path fits a template; some last parameters hold slashes.
fn fits(template: &[&str], path: &[&str]) -> bool {
    match (template, path) {
        ([], []) => true,
        ([last], [_, _, ..]) if ["{path}", "{ref}", "{tag}", "{basehead}"].contains(last) => true,
        ([first, rest @ ..], [part, more @ ..]) => {
            (first.starts_with('{') || first == part) && fits(rest, more)
        }
        _ => false,
    }
}

/// Known faults of the description.
fn mend(document: &mut Value) {
    // A person's address may hold templates (`{/owner}`), which are no URIs.
    // A required team reviewer's fields are not answered by GitHub either; people are all that is judged here.
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        for schema in schemas.values_mut() {
            drop_uri_format(schema);
        }
    }
}

fn drop_uri_format(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.get("format").is_some_and(|format| format == "uri") {
                map.remove("format");
            }
            map.values_mut().for_each(drop_uri_format);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_uri_format),
        _ => {}
    }
}

/// `nullable: true` becomes the type `null`.
fn convert(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for key in ["example", "examples"] {
                map.remove(key);
            }
            map.values_mut().for_each(convert);
            if map.get("nullable") == Some(&json!(true)) {
                map.remove("nullable");
                if let Some(values) = map.get_mut("enum").and_then(Value::as_array_mut) {
                    values.push(Value::Null);
                }
                if let Some(Value::String(kind)) = map.get("type").cloned() {
                    map.insert("type".to_owned(), json!([kind, "null"]));
                } else {
                    let inner = Value::Object(std::mem::take(map));
                    map.insert("anyOf".to_owned(), json!([inner, {"type": "null"}]));
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(convert),
        _ => {}
    }
}
