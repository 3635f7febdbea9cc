//! Any text as a configuration: an error in words, or a configuration that can be shown.
#![no_main]

use gonogo::config::{Config, Environment};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Config::of_simulator(text, &Environment::default()) {
        Ok(config) => drop(config.rows()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
