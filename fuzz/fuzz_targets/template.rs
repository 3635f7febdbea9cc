//! Any template and any tag: what is read from a tag renders that tag again.
#![no_main]

use gonogo::domain::policy::TagTemplate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (template, tag) = input;
    if let Ok(template) = template.parse::<TagTemplate>()
        && let Some(vars) = template.parse_tag(tag)
    {
        assert_eq!(
            template.render(&vars).map(|tag| tag.to_string()).as_deref(),
            Ok(tag)
        );
    }
});
