//! The part of the workflow expression language that conditions of jobs use.
//!
//! Comparisons ignore case of strings as GitHub's do. An unknown context is null, which is the empty string.

/// A value of the expression language.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Text(String),
}

impl Value {
    pub(crate) fn truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Text(text) => !text.is_empty(),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// What an expression can ask about its surroundings.
pub(crate) trait Scope {
    /// A dotted context such as `needs.build.result`.
    fn context(&self, path: &str) -> Value;
    /// A status function without arguments: `success`, `failure`, `cancelled`.
    fn status(&self, function: &str) -> bool;
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(&'static str),
}

/// Evaluates `source`, with or without `${{ }}` around it.
///
/// Text that is no expression is null, so that a job with it is skipped rather than run by mistake.
pub(crate) fn evaluate(source: &str, scope: &dyn Scope) -> Value {
    let inner = source
        .trim()
        .strip_prefix("${{")
        .and_then(|rest| rest.strip_suffix("}}"))
        .unwrap_or(source);
    let Some(tokens) = tokens(inner) else {
        return Value::Null;
    };
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        scope,
    };
    parser.any().unwrap_or(Value::Null)
}

/// Whether the condition names a status function, which turns the implicit `success()` off.
pub(crate) fn names_status(source: &str) -> bool {
    ["success(", "failure(", "always(", "cancelled("]
        .iter()
        .any(|name| source.contains(name))
}

/// Replaces each `${{ … }}` in `text`.
pub(crate) fn interpolate(text: &str, scope: &dyn Scope) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        out.push_str(before);
        let Some((inner, tail)) = after.split_once("}}") else {
            rest = after;
            break;
        };
        out.push_str(&evaluate(inner, scope).text());
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn tokens(source: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut chars = source.chars().peekable();
    while let Some(&first) = chars.peek() {
        if first.is_whitespace() {
            chars.next();
        } else if first == '\'' {
            chars.next();
            let mut text = String::new();
            loop {
                match chars.next()? {
                    '\'' if chars.peek() == Some(&'\'') => {
                        chars.next();
                        text.push('\'');
                    }
                    '\'' => break,
                    other => text.push(other),
                }
            }
            out.push(Token::Text(text));
        } else if is_word(first) {
            let mut word = String::new();
            while let Some(&next) = chars.peek().filter(|next| is_word(**next)) {
                word.push(next);
                chars.next();
            }
            out.push(Token::Word(word));
        } else {
            chars.next();
            let pair = chars.peek().copied();
            let sign = match (first, pair) {
                ('=', Some('=')) => "==",
                ('!', Some('=')) => "!=",
                ('&', Some('&')) => "&&",
                ('|', Some('|')) => "||",
                ('!', _) => "!",
                ('(', _) => "(",
                (')', _) => ")",
                (',', _) => ",",
                _ => return None,
            };
            if sign.len() == 2 {
                chars.next();
            }
            out.push(Token::Sign(sign));
        }
    }
    Some(out)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '*' | '[' | ']')
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    scope: &'a dyn Scope,
}

impl Parser<'_> {
    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Sign(here)) if *here == sign);
        if found {
            self.at += 1;
        }
        found
    }

    fn any(&mut self) -> Option<Value> {
        let mut value = self.all()?;
        while self.take("||") {
            let right = self.all()?;
            if !value.truthy() {
                value = right;
            }
        }
        Some(value)
    }

    fn all(&mut self) -> Option<Value> {
        let mut value = self.compare()?;
        while self.take("&&") {
            let right = self.compare()?;
            if value.truthy() {
                value = right;
            }
        }
        Some(value)
    }

    fn compare(&mut self) -> Option<Value> {
        let left = self.unary()?;
        let equal = |right: &Value| left.text().eq_ignore_ascii_case(&right.text());
        if self.take("==") {
            let right = self.unary()?;
            Some(Value::Bool(equal(&right)))
        } else if self.take("!=") {
            let right = self.unary()?;
            Some(Value::Bool(!equal(&right)))
        } else {
            Some(left)
        }
    }

    fn unary(&mut self) -> Option<Value> {
        if self.take("!") {
            return self.unary().map(|value| Value::Bool(!value.truthy()));
        }
        if self.take("(") {
            let value = self.any()?;
            return self.take(")").then_some(value);
        }
        let token = self.tokens.get(self.at)?.clone();
        self.at += 1;
        match token {
            Token::Text(text) => Some(Value::Text(text)),
            Token::Word(word) if self.take("(") => self.call(&word),
            Token::Word(word) => Some(match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                number if number.parse::<f64>().is_ok() => Value::Text(word),
                path => self.scope.context(path),
            }),
            Token::Sign(_) => None,
        }
    }

    fn call(&mut self, name: &str) -> Option<Value> {
        let mut arguments = Vec::new();
        while !self.take(")") {
            arguments.push(self.any()?.text().to_lowercase());
            self.take(",");
        }
        let answer = match (name, arguments.as_slice()) {
            ("always", []) => true,
            ("success" | "failure" | "cancelled", []) => self.scope.status(name),
            ("fromJSON", [text]) => return Some(Value::Text(text.clone())),
            // A JSON list holds the text as a whole item; any other text holds it as a part.
            ("contains", [list, item]) if list.starts_with('[') => {
                list.contains(&format!("\"{item}\""))
            }
            ("contains", [whole, part]) => whole.contains(part),
            ("startsWith", [whole, part]) => whole.starts_with(part),
            ("endsWith", [whole, part]) => whole.ends_with(part),
            _ => return None,
        };
        Some(Value::Bool(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Scope for Fixed {
        fn context(&self, path: &str) -> Value {
            match path {
                "needs.build.result" => Value::Text("success".to_owned()),
                "needs.scan.result" => Value::Text("failure".to_owned()),
                _ => Value::Null,
            }
        }
        fn status(&self, function: &str) -> bool {
            function == "failure"
        }
    }

    fn holds(source: &str) -> bool {
        evaluate(source, &Fixed).truthy()
    }

    #[test]
    fn conditions_of_jobs_are_evaluated() {
        assert!(holds(
            "${{ !cancelled() && needs.build.result == 'success' }}"
        ));
        assert!(!holds("!cancelled() && needs.scan.result == 'success'"));
        assert!(holds(
            "always() && (needs.scan.result == 'failure' || needs.scan.result == 'cancelled')"
        ));
        assert!(holds("contains('abc', 'B')"));
        assert!(holds(
            "contains(fromJSON('[\"failure\", \"cancelled\"]'), needs.scan.result)"
        ));
        assert!(!holds(
            "contains(fromJSON('[\"failures\"]'), needs.scan.result)"
        ));
        assert!(holds("needs.none.outputs.x != 'true'"));
        assert!(!holds("success()"));
        assert!(!holds("this is ( no expression"));
    }

    #[test]
    fn names_are_filled_in() {
        assert_eq!(
            interpolate("a ${{ needs.build.result }} b", &Fixed),
            "a success b"
        );
    }
}
