//! Docker Hub's list of tags. Its own documents disagree about types, so only what is used is read, leniently.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::artifact::HubTag;
use crate::domain::policy::Tag;

/// One page of tags.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) tags: Vec<HubTag>,
    pub(super) has_more: bool,
}

#[derive(Deserialize)]
struct Wire {
    next: Option<Value>,
    results: Option<Vec<Value>>,
}

/// Reads one page. An entry without a proper name is left out.
pub(super) fn tags(body: &[u8]) -> Result<Page, serde_json::Error> {
    let wire: Wire = serde_json::from_slice(body)?;
    let results = wire.results.unwrap_or_default();
    let is_next = |value: Value| value.as_str().is_some_and(|text| !text.is_empty());
    Ok(Page {
        has_more: !results.is_empty() && wire.next.is_some_and(is_next),
        tags: results.iter().filter_map(tag).collect(),
    })
}

fn tag(entry: &Value) -> Option<HubTag> {
    let text = |key: &str| entry.get(key)?.as_str();
    let name: Tag = text("name")?.parse().ok()?;
    Some(HubTag {
        name: name.as_str().to_owned(),
        pushed_at: text("tag_last_pushed")
            .or_else(|| text("last_updated"))
            .and_then(|time| time.parse().ok()),
        size: entry.get("full_size").and_then(Value::as_u64),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_page_is_read_whatever_the_shape_of_its_images() {
        let page = tags(
            br#"{"count":3,"next":"https://x/?page=2","previous":null,"results":[
            {"name":"1.0.0","full_size":123,"tag_last_pushed":"2026-01-02T03:04:05.123456Z","images":[{"architecture":"amd64"}]},
            {"name":"latest","full_size":null,"tag_last_pushed":null,"last_updated":"2026-01-01T00:00:00Z","images":{"architecture":"amd64"},"tag_status":"active"},
            {"name":"\u001b[2J"},{"id":7},null]}"#,
        )
        .unwrap();
        assert!(page.has_more);
        let names: Vec<_> = page.tags.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(names, ["1.0.0", "latest"]);
        assert_eq!(page.tags[0].size, Some(123));
        assert_eq!(
            page.tags[1].pushed_at.unwrap().to_string(),
            "2026-01-01T00:00:00Z"
        );
    }

    #[test]
    fn an_empty_page_has_no_successor() {
        assert!(
            !tags(br#"{"next":"https://x/","results":[]}"#)
                .unwrap()
                .has_more
        );
        assert!(
            !tags(br#"{"next":null,"results":[{"name":"a"}]}"#)
                .unwrap()
                .has_more
        );
        assert!(tags(br#"{"results":null}"#).unwrap().tags.is_empty());
        assert!(tags(b"<html>").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = tags(&bytes);
        }
    }
}
