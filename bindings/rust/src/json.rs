// SPDX-License-Identifier: MIT
//! As much of JSON as the command prints.

use std::iter::Peekable;
use std::str::Chars;

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl Value {
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub fn number(&self, key: &str) -> f64 {
        match self.get(key) {
            Some(Value::Number(number)) => *number,
            _ => 0.0,
        }
    }

    pub fn texts(&self, key: &str) -> Vec<String> {
        match self.get(key) {
            Some(Value::List(list)) => list
                .iter()
                .filter_map(|value| match value {
                    Value::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// What a line has; nothing if it is not all of one value.
pub fn parse(text: &str) -> Option<Value> {
    let mut rest = text.chars().peekable();
    let value = value(&mut rest)?;
    skip(&mut rest);
    rest.next().is_none().then_some(value)
}

/// A text as JSON has it.
pub fn text(text: &str) -> String {
    let mut result = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => result.extend(['\\', c]),
            c if (c as u32) < 0x20 => result += &format!("\\u{:04x}", c as u32),
            c => result.push(c),
        }
    }
    result + "\""
}

fn skip(rest: &mut Peekable<Chars>) {
    while rest.next_if(|c| c.is_ascii_whitespace()).is_some() {}
}

fn expect(rest: &mut Peekable<Chars>, text: &str) -> Option<()> {
    text.chars().all(|c| rest.next() == Some(c)).then_some(())
}

fn value(rest: &mut Peekable<Chars>) -> Option<Value> {
    skip(rest);
    match rest.peek()? {
        '{' => object(rest),
        '[' => list(rest),
        '"' => string(rest).map(Value::Text),
        'n' => expect(rest, "null").map(|()| Value::Null),
        't' => expect(rest, "true").map(|()| Value::Bool(true)),
        'f' => expect(rest, "false").map(|()| Value::Bool(false)),
        _ => number(rest),
    }
}

fn number(rest: &mut Peekable<Chars>) -> Option<Value> {
    let mut text = String::new();
    while let Some(c) = rest.next_if(|c| matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')) {
        text.push(c);
    }
    text.parse().ok().map(Value::Number)
}

fn code(rest: &mut Peekable<Chars>) -> Option<u32> {
    let digits: String = rest.take(4).collect();
    u32::from_str_radix(&digits, 16).ok()
}

fn escape(rest: &mut Peekable<Chars>) -> Option<char> {
    Some(match rest.next()? {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'u' => {
            let mut high = code(rest)?;
            if (0xd800..0xdc00).contains(&high) {
                expect(rest, "\\u")?;
                high = 0x10000 + ((high - 0xd800) << 10) + code(rest)?.checked_sub(0xdc00)?;
            }
            char::from_u32(high)?
        }
        other => other,
    })
}

fn string(rest: &mut Peekable<Chars>) -> Option<String> {
    let mut text = String::new();
    expect(rest, "\"")?;
    loop {
        match rest.next()? {
            '"' => return Some(text),
            '\\' => text.push(escape(rest)?),
            other => text.push(other),
        }
    }
}

/// What stands between commas, up to `end`.
fn each(rest: &mut Peekable<Chars>, end: char, mut one: impl FnMut(&mut Peekable<Chars>) -> Option<()>) -> Option<()> {
    rest.next()?;
    skip(rest);
    if rest.next_if_eq(&end).is_some() {
        return Some(());
    }
    loop {
        one(rest)?;
        skip(rest);
        match rest.next()? {
            ',' => {}
            c if c == end => return Some(()),
            _ => return None,
        }
    }
}

fn list(rest: &mut Peekable<Chars>) -> Option<Value> {
    let mut values = Vec::new();
    each(rest, ']', |rest| {
        values.push(value(rest)?);
        Some(())
    })?;
    Some(Value::List(values))
}

fn object(rest: &mut Peekable<Chars>) -> Option<Value> {
    let mut members = Vec::new();
    each(rest, '}', |rest| {
        skip(rest);
        let key = string(rest)?;
        skip(rest);
        expect(rest, ":")?;
        members.push((key, value(rest)?));
        Some(())
    })?;
    Some(Value::Object(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_command_prints_is_read() {
        let line = r#" {"a":{"b":[1,-2.5e1,"\"\\\n\u00e9\ud83d\ude00"],"c":null},"d":true, "e":[] , "f":{}}"#;
        let value = parse(line).unwrap();
        let a = value.get("a").unwrap();
        assert_eq!(a.texts("b"), ["\"\\\n\u{e9}\u{1f600}"]);
        assert_eq!(a.get("c"), Some(&Value::Null));
        assert_eq!(value.get("d"), Some(&Value::Bool(true)));
        assert_eq!(parse(r#"{"n":3}"#).unwrap().number("n"), 3.0);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let all = "\"\\\n\u{1}\u{e9}\u{1f600}/";
        assert_eq!(parse(&text(all)), Some(Value::Text(all.into())));
    }

    #[test]
    fn what_is_cut_is_not() {
        for bad in ["", "{", "{\"a\"", "{\"a\":1", "[1,", "\"a", "nul", "{} x", "\"\\u12\"", "[1 2]"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
