//! Colours by meaning. The only place that knows a colour.

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use crate::config;
use crate::present::role::Role;

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// None at all: `NO_COLOR`, or a terminal without colour. Bold, dim and reverse still tell.
    None,
    /// The terminal's own 16.
    Sixteen,
    /// The 256 of xterm.
    Indexed,
    /// 24 bits.
    #[default]
    True,
}

impl Depth {
    /// What a process may use by its environment: `NO_COLOR`, `COLORTERM`, `TERM`.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        if variable("NO_COLOR").is_some_and(|value| !value.is_empty()) {
            return Self::None;
        }
        let term = variable("TERM").unwrap_or_default();
        let colorterm = variable("COLORTERM").unwrap_or_default();
        if term == "dumb" || term.ends_with("-m") || term.starts_with("vt1") || term == "vt220" {
            Self::None
        } else if colorterm == "truecolor" || colorterm == "24bit" || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256color") || term.contains("kitty") || term == "alacritty" {
            Self::Indexed
        } else {
            Self::Sixteen
        }
    }
}

/// A style for each role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    good: Style,
    bad: Style,
    warn: Style,
    active: Style,
    wait: Style,
    muted: Style,
    focus: Style,
    select: Style,
    key: Style,
    depth: Depth,
}

/// Why a theme is not usable.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// The file cannot be read.
    #[error("the theme {path} cannot be read: {source}")]
    Read {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a theme.
    #[error("the theme is not usable: {0}")]
    Parse(#[from] Box<toml::de::Error>),
    /// Not a colour.
    #[error("`{0}` is not a colour: write #rrggbb, or one of the 16 names such as `light-blue`")]
    Colour(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    good: Entry,
    bad: Entry,
    warn: Entry,
    active: Entry,
    wait: Entry,
    muted: Entry,
    focus: Entry,
    select: Entry,
    key: Entry,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Entry {
    rgb: Option<String>,
    ansi: Option<String>,
    ground: Option<String>,
    bold: bool,
    reversed_where: Reversed,
}

/// Where a role is shown in reverse.
#[derive(Deserialize, Default, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Reversed {
    #[default]
    Never,
    /// On terminals with 16 colours, which have no quiet background.
    Ansi,
    Always,
}

impl Theme {
    /// The theme that is configured, at the terminal's depth.
    pub fn load(theme: &config::Theme, depth: Depth) -> Result<Self, ThemeError> {
        match theme {
            config::Theme::Dark => {
                Self::parse(include_str!("../../assets/themes/dark.toml"), depth)
            }
            config::Theme::Light => {
                Self::parse(include_str!("../../assets/themes/light.toml"), depth)
            }
            config::Theme::HighContrast => Self::parse(
                include_str!("../../assets/themes/high-contrast.toml"),
                depth,
            ),
            config::Theme::File(path) => {
                let text = std::fs::read_to_string(path).map_err(|source| ThemeError::Read {
                    path: path.clone(),
                    source,
                })?;
                Self::parse(&text, depth)
            }
        }
    }

    /// A theme from the text of its file.
    pub fn parse(text: &str, depth: Depth) -> Result<Self, ThemeError> {
        let file: File = toml::from_str(text).map_err(Box::new)?;
        let mut theme = Self {
            good: style(&file.good, depth)?,
            bad: style(&file.bad, depth)?,
            warn: style(&file.warn, depth)?,
            active: style(&file.active, depth)?,
            wait: style(&file.wait, depth)?,
            muted: style(&file.muted, depth)?,
            focus: style(&file.focus, depth)?,
            select: style(&file.select, depth)?,
            key: style(&file.key, depth)?,
            depth,
        };
        if depth == Depth::None {
            let plain = Style::new();
            theme.bad = plain.add_modifier(Modifier::BOLD);
            theme.wait = plain.add_modifier(Modifier::BOLD);
            theme.focus = plain.add_modifier(Modifier::BOLD);
            theme.key = plain.add_modifier(Modifier::BOLD);
            theme.muted = plain.add_modifier(Modifier::DIM);
            theme.select = plain.add_modifier(Modifier::REVERSED);
        }
        Ok(theme)
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        match role {
            Role::Plain => Style::new(),
            Role::Good => self.good,
            Role::Bad => self.bad,
            Role::Warn => self.warn,
            Role::Active => self.active,
            Role::Wait => self.wait,
            Role::Muted => self.muted,
            Role::Focus => self.focus,
            Role::Select => self.select,
            Role::Key => self.key,
        }
    }

    /// The style with ordinary text for all that it leaves open: what was drawn before must not show through.
    pub fn whole(style: Style) -> Style {
        Style {
            fg: style.fg.or(Some(Color::Reset)),
            sub_modifier: Modifier::all().difference(style.add_modifier),
            ..style
        }
    }

    /// The colour that a program asked for in its log, by its number among the 16.
    pub fn log_colour(&self, number: u8) -> Style {
        match (self.depth, number) {
            // Black and white on a ground that is not known would vanish.
            (Depth::None, _) | (_, 0 | 7 | 15 | 16..) => Style::new(),
            (_, number) => Style::new().fg(Color::Indexed(number)),
        }
    }
}

fn style(entry: &Entry, depth: Depth) -> Result<Style, ThemeError> {
    let mut style = Style::new();
    let (rgb, ansi, ground) = (
        entry.rgb.as_deref().map(parse_rgb).transpose()?,
        entry.ansi.as_deref().map(parse_ansi).transpose()?,
        entry.ground.as_deref().map(parse_rgb).transpose()?,
    );
    let deep = |(r, g, b): (u8, u8, u8)| match depth {
        Depth::True => Some(Color::Rgb(r, g, b)),
        Depth::Indexed => Some(Color::Indexed(nearest(r, g, b))),
        Depth::None | Depth::Sixteen => None,
    };
    style.fg = match depth {
        Depth::None => None,
        Depth::Sixteen => ansi,
        Depth::Indexed | Depth::True => rgb.and_then(deep).or(ansi),
    };
    style.bg = ground.and_then(deep);
    if entry.bold {
        style = style.add_modifier(Modifier::BOLD);
    }
    let reversed = match entry.reversed_where {
        Reversed::Never => false,
        Reversed::Ansi => depth == Depth::Sixteen,
        Reversed::Always => true,
    };
    if reversed {
        style = style.add_modifier(Modifier::REVERSED);
    }
    Ok(style)
}

fn parse_rgb(text: &str) -> Result<(u8, u8, u8), ThemeError> {
    let bad = || ThemeError::Colour(text.to_owned());
    let hex = text.strip_prefix('#').filter(|hex| hex.len() == 6);
    let bytes = hex::decode(hex.ok_or_else(bad)?).map_err(|_| bad())?;
    match bytes.as_slice() {
        [r, g, b] => Ok((*r, *g, *b)),
        _ => Err(bad()),
    }
}

fn parse_ansi(text: &str) -> Result<Color, ThemeError> {
    let colour = match text {
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "gray" => Color::Gray,
        "dark-gray" => Color::DarkGray,
        "light-red" => Color::LightRed,
        "light-green" => Color::LightGreen,
        "light-yellow" => Color::LightYellow,
        "light-blue" => Color::LightBlue,
        "light-magenta" => Color::LightMagenta,
        "light-cyan" => Color::LightCyan,
        "white" => Color::White,
        _ => return Err(ThemeError::Colour(text.to_owned())),
    };
    Ok(colour)
}

/// The nearest of xterm's 256: its cube of 6³, or its ramp of greys.
fn nearest(r: u8, g: u8, b: u8) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let step = |value: u8| {
        let (place, level) = STEPS
            .iter()
            .enumerate()
            .min_by_key(|(_, step)| step.abs_diff(value))
            .unwrap_or((0, &0));
        (u8::try_from(place).unwrap_or(0), *level)
    };
    let distance = |x: u8, y: u8, z: u8| {
        let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
        square(x, r) + square(y, g) + square(z, b)
    };
    let ((ri, rl), (gi, gl), (bi, bl)) = (step(r), step(g), step(b));
    let cube = (distance(rl, gl, bl), 16 + 36 * ri + 6 * gi + bi);
    let grey = (0..24)
        .map(|n: u8| {
            let level = 8 + 10 * n;
            (distance(level, level, level), 232 + n)
        })
        .min()
        .unwrap_or(cube);
    cube.min(grey).1
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Depth; 4] = [Depth::None, Depth::Sixteen, Depth::Indexed, Depth::True];

    #[test]
    fn every_built_in_theme_loads_at_every_depth() {
        for theme in [
            config::Theme::Dark,
            config::Theme::Light,
            config::Theme::HighContrast,
        ] {
            for depth in ALL {
                let loaded = Theme::load(&theme, depth).unwrap();
                let bad = loaded.style(Role::Bad);
                assert_eq!(
                    bad.fg.is_none(),
                    depth == Depth::None,
                    "{theme:?} {depth:?}"
                );
                let select = loaded.style(Role::Select);
                assert!(
                    select.bg.is_some() || select.add_modifier.contains(Modifier::REVERSED),
                    "the row under the cursor shows: {theme:?} {depth:?}"
                );
            }
        }
    }

    #[test]
    fn the_environment_tells_the_depth() {
        let of = |pairs: &'static [(&str, &str)]| {
            Depth::of(move |name| {
                let found = pairs.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[("TERM", "xterm-256color")]), Depth::Indexed);
        assert_eq!(
            of(&[("TERM", "xterm"), ("COLORTERM", "truecolor")]),
            Depth::True
        );
        assert_eq!(of(&[("TERM", "linux")]), Depth::Sixteen);
        assert_eq!(of(&[("TERM", "dumb")]), Depth::None);
        assert_eq!(
            of(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]),
            Depth::None
        );
        assert_eq!(of(&[("TERM", "linux"), ("NO_COLOR", "")]), Depth::Sixteen);
    }

    #[test]
    fn near_colours_are_found() {
        assert_eq!(nearest(0, 0, 0), 16);
        assert_eq!(nearest(255, 255, 255), 231);
        assert_eq!(nearest(0x2c, 0x34, 0x40), 237);
    }
}
