//! Makes the parser out of `grammar.pest`: one function for each rule.
//!
//! The grammar is pest's, read and optimised by pest's own library; what is made of it here differs in
//! one thing: for each part of a rule it is known which bytes it can begin with, so that what can't
//! stand at a place is not tried there. (What a pest grammar means: <https://pest.rs/book/grammars/peg.html>.
//! First sets: Aho, Sethi, Ullman, "Compilers", 4.4; for grammars with look-aheads Redziejowski,
//! "Applying classical concepts to parsing expression grammar", 2009.)
//!
//! `src/syntax/peg.rs` has what the functions call. A test holds the parser against pest's.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;

use pest_meta::ast::RuleType;
use pest_meta::optimizer::{OptimizedExpr as Expr, OptimizedRule};

const GRAMMAR: &str = "src/syntax/grammar.pest";

/// The code of the parser.
pub(crate) fn code() -> Result<String, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={GRAMMAR}");
    let text = fs::read_to_string(GRAMMAR)?;
    let (_, rules) = pest_meta::parse_and_optimize(&text)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    Maker::new(rules).file()
}

/// A set of bytes. A text that ends has the byte 255, which no UTF-8 has.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Set([u128; 2]);

const END: u8 = u8::MAX;

impl Set {
    const NONE: Self = Self([0; 2]);
    const ALL: Self = Self([u128::MAX; 2]);

    fn range(from: u8, to: u8) -> Self {
        let mut set = Self::NONE;
        for byte in from..=to {
            let [low, high] = &mut set.0;
            *(if byte < 128 { low } else { high }) |= 1 << (byte % 128);
        }
        set
    }

    fn one(byte: u8) -> Self {
        Self::range(byte, byte)
    }

    fn has(self, byte: u8) -> bool {
        let [low, high] = self.0;
        (if byte < 128 { low } else { high }) & (1 << (byte % 128)) != 0
    }

    fn or(self, other: Self) -> Self {
        let ([a, b], [c, d]) = (self.0, other.0);
        Self([a | c, b | d])
    }

    fn and(self, other: Self) -> Self {
        let ([a, b], [c, d]) = (self.0, other.0);
        Self([a & c, b & d])
    }

    fn not(self) -> Self {
        let [a, b] = self.0;
        Self([!a, !b])
    }

    /// The test of the byte `of` as Rust.
    fn test(self, of: &str) -> String {
        if self == Self::ALL {
            return "true".to_owned();
        }
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for byte in (0..=u8::MAX).filter(|byte| self.has(*byte)) {
            match ranges.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(byte) => *last = byte,
                _ => ranges.push((byte, byte)),
            }
        }
        let part = |(from, to): &(u8, u8)| {
            if from == to { from.to_string() } else { format!("{from}..={to}") }
        };
        let parts: Vec<String> = ranges.iter().map(part).collect();
        if parts.is_empty() {
            return "false".to_owned();
        }
        format!("matches!({of}, {})", parts.join(" | "))
    }
}

/// The bytes at which a part may succeed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct First {
    /// And takes some.
    eat: Set,
    /// And takes none.
    idle: Set,
}

impl First {
    const NEVER: Self = Self { eat: Set::NONE, idle: Set::NONE };

    fn all(self) -> Set {
        self.eat.or(self.idle)
    }
}

struct Maker {
    rules: BTreeMap<String, OptimizedRule>,
    first: BTreeMap<String, First>,
    /// The rules that reach themselves.
    recursive: BTreeSet<String>,
}

impl Maker {
    fn new(rules: Vec<OptimizedRule>) -> Self {
        let rules: BTreeMap<String, OptimizedRule> =
            rules.into_iter().map(|rule| (rule.name.clone(), rule)).collect();
        let first = rules.keys().map(|name| (name.clone(), First::NEVER)).collect();
        let mut maker = Self { rules, first, recursive: BTreeSet::new() };
        // What a rule begins with follows from what others begin with, until nothing more does.
        loop {
            let next: BTreeMap<String, First> = maker
                .rules
                .iter()
                .map(|(name, rule)| (name.clone(), maker.first(&rule.expr)))
                .collect();
            if next == maker.first {
                break;
            }
            maker.first = next;
        }
        maker.recursive =
            maker.rules.keys().filter(|name| maker.reaches(name, name)).cloned().collect();
        maker
    }

    fn reaches(&self, from: &str, to: &str) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(name) = open.pop() {
            let Some(rule) = self.rules.get(&name) else { continue };
            for part in rule.expr.iter_top_down() {
                if let Expr::Ident(called) = part {
                    if called == to {
                        return true;
                    }
                    if seen.insert(called.clone()) {
                        open.push(called);
                    }
                }
            }
        }
        false
    }

    fn first(&self, expr: &Expr) -> First {
        let eats = |eat| First { eat, idle: Set::NONE };
        if let Some(set) = self.byte(expr) {
            return eats(set);
        }
        match expr {
            Expr::Str(text) | Expr::Insens(text) => match text.as_bytes() {
                [] => First { eat: Set::NONE, idle: Set::ALL },
                [first, ..] => {
                    eats(Set::one(first.to_ascii_lowercase()).or(Set::one(match expr {
                        Expr::Str(_) => *first,
                        _ => first.to_ascii_uppercase(),
                    })))
                }
            },
            // The first bytes of characters are in the order of these.
            Expr::Range(from, to) => match (from.as_bytes(), to.as_bytes()) {
                ([from, ..], [to, ..]) => eats(Set::range(*from, *to)),
                _ => eats(Set::one(END).not()),
            },
            Expr::Ident(name) => match name.as_str() {
                "ANY" => eats(Set::one(END).not()),
                "SOI" => First { eat: Set::NONE, idle: Set::ALL },
                "EOI" => First { eat: Set::NONE, idle: Set::one(END) },
                _ => self.first.get(name).copied().unwrap_or(First::NEVER),
            },
            Expr::PosPred(of) => First { eat: Set::NONE, idle: self.first(of).all() },
            Expr::NegPred(of) => {
                let surely = match of.as_ref() {
                    Expr::Ident(name) if name == "ANY" => Set::one(END).not(),
                    of => self.byte(of).unwrap_or(Set::NONE),
                };
                First { eat: Set::NONE, idle: surely.not() }
            }
            Expr::Seq(left, right) => {
                let (left, right) = (self.first(left), self.first(right));
                let eat = left.eat.or(left.idle.and(right.eat));
                First { eat, idle: left.idle.and(right.idle) }
            }
            Expr::Choice(left, right) => {
                let (left, right) = (self.first(left), self.first(right));
                First { eat: left.eat.or(right.eat), idle: left.idle.or(right.idle) }
            }
            Expr::Opt(of) | Expr::Rep(of) => First { eat: self.first(of).eat, idle: Set::ALL },
            Expr::RestoreOnErr(of) => self.first(of),
            _ => First { eat: Set::one(END).not(), idle: Set::ALL },
        }
    }

    /// The bytes that a part takes, where it takes one byte and looks at nothing else.
    fn byte(&self, expr: &Expr) -> Option<Set> {
        match expr {
            Expr::Str(text) => match text.as_bytes() {
                [only] => Some(Set::one(*only)),
                _ => None,
            },
            Expr::Range(from, to) => match (from.as_bytes(), to.as_bytes()) {
                ([from], [to]) => Some(Set::range(*from, *to)),
                _ => None,
            },
            Expr::Choice(left, right) => Some(self.byte(left)?.or(self.byte(right)?)),
            Expr::Ident(name) => {
                let (digit, lower, upper) =
                    (Set::range(b'0', b'9'), Set::range(b'a', b'z'), Set::range(b'A', b'Z'));
                match name.as_str() {
                    "ASCII_DIGIT" => Some(digit),
                    "ASCII_ALPHA" => Some(lower.or(upper)),
                    "ASCII_ALPHANUMERIC" => Some(lower.or(upper).or(digit)),
                    "ASCII_HEX_DIGIT" => {
                        Some(digit.or(Set::range(b'a', b'f')).or(Set::range(b'A', b'F')))
                    }
                    _ => {
                        let rule = self.rules.get(name)?;
                        let is_plain = rule.ty == RuleType::Silent && !self.reaches(name, name);
                        is_plain.then(|| self.byte(&rule.expr)).flatten()
                    }
                }
            }
            _ => None,
        }
    }

    fn file(&self) -> Result<String, Box<dyn Error>> {
        let mut code = String::from(
            "/// A rule of the grammar.\n#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\n\
             pub(crate) enum Rule {\n    EOI,\n",
        );
        for name in self.rules.keys() {
            writeln!(code, "    r#{name},")?;
        }
        code.push_str("}\n\nimpl Rule {\n    /// Tries it, and tells whether it stands there.\n    pub(super) fn of(self, p: &mut Parser<'_>) -> bool {\n        match self {\n            Self::EOI => p.end(),\n");
        for name in self.rules.keys() {
            writeln!(code, "            Self::r#{name} => rule_{name}(p),")?;
        }
        code.push_str("        }\n    }\n}\n");
        for (name, rule) in &self.rules {
            let inner = self.code(&rule.expr)?;
            let inner = if self.recursive.contains(name) {
                format!("p.deeper(|p| {inner})")
            } else {
                inner
            };
            let body = match rule.ty {
                RuleType::Silent => inner,
                RuleType::Normal => format!("p.rule(Rule::r#{name}, |p| {inner})"),
                RuleType::Atomic => format!("p.atomic(Rule::r#{name}, |p| {inner})"),
                RuleType::CompoundAtomic => format!("p.compound(Rule::r#{name}, |p| {inner})"),
                RuleType::NonAtomic => return Err(format!("{name}: `!` rules are not made").into()),
            };
            writeln!(code, "\nfn rule_{name}(p: &mut Parser<'_>) -> bool {{\n    {body}\n}}")?;
        }
        Ok(code)
    }

    /// A part as a Rust expression: whether it stands there. Where it does not, it has taken nothing.
    fn code(&self, expr: &Expr) -> Result<String, Box<dyn Error>> {
        if let Some(set) = self.byte(expr) {
            return Ok(format!("p.byte({})", set.test("p.next()")));
        }
        Ok(match expr {
            Expr::Str(text) if text.is_empty() => "true".to_owned(),
            Expr::Str(text) => format!("p.text({text:?})"),
            Expr::Range(from, to) => format!("p.character({from:?}, {to:?})"),
            Expr::Ident(name) => match name.as_str() {
                "ANY" => "p.any()".to_owned(),
                "SOI" => "p.start()".to_owned(),
                "EOI" => "p.end()".to_owned(),
                _ if self.rules.contains_key(name) => format!("rule_{name}(p)"),
                _ => return Err(format!("`{name}` is not made").into()),
            },
            Expr::PosPred(of) => self.ahead(of)?,
            Expr::NegPred(of) => format!("!({})", self.ahead(of)?),
            Expr::Seq(..) => self.sequence(expr)?,
            Expr::Choice(..) => self.choice(expr)?,
            Expr::Opt(of) => {
                let first = self.first(of).all().test("p.next()");
                format!("{{ if {first} {{ let _ = {}; }} true }}", self.code(of)?)
            }
            Expr::Rep(of) => {
                if let Some(set) = self.byte(of) {
                    format!("p.bytes(|byte| {})", set.test("byte"))
                } else {
                    let first = self.first(of).eat.test("p.next()");
                    format!("{{ while {first} && {} {{}} true }}", self.code(of)?)
                }
            }
            Expr::Skip(until) => format!("p.skip(&{until:?})"),
            Expr::RestoreOnErr(of) => self.code(of)?,
            other => return Err(format!("`{other}` is not made").into()),
        })
    }

    /// Whether a part stands there, without taking it.
    fn ahead(&self, of: &Expr) -> Result<String, Box<dyn Error>> {
        if let Some(set) = self.byte(of) {
            return Ok(set.test("p.next()"));
        }
        Ok(match of {
            Expr::Str(text) => format!("p.stands({text:?})"),
            Expr::Ident(name) if name == "ANY" => Set::one(END).not().test("p.next()"),
            _ => {
                let first = self.first(of).all().test("p.next()");
                format!("({first} && p.ahead(|p| {}))", self.code(of)?)
            }
        })
    }

    fn sequence(&self, expr: &Expr) -> Result<String, Box<dyn Error>> {
        let (mut parts, mut rest) = (Vec::new(), expr);
        while let Expr::Seq(left, right) = rest {
            parts.push(left.as_ref());
            rest = right;
        }
        let looks = |part: &&Expr| matches!(part, Expr::PosPred(_) | Expr::NegPred(_));
        // Where only the last takes something, there is nothing to give back.
        let is_safe = parts.iter().all(looks);
        parts.push(rest);
        let codes: Vec<String> =
            parts.into_iter().map(|part| self.code(part)).collect::<Result<_, _>>()?;
        let all = codes.join(" && ");
        Ok(if is_safe { format!("({all})") } else { format!("p.sequence(|p| {all})") })
    }

    fn choice(&self, expr: &Expr) -> Result<String, Box<dyn Error>> {
        let (mut parts, mut rest) = (Vec::new(), expr);
        while let Expr::Choice(left, right) = rest {
            parts.push(left.as_ref());
            rest = right;
        }
        parts.push(rest);
        let mut codes = Vec::new();
        let mut bytes: Option<Set> = None;
        for part in parts {
            if let Some(set) = self.byte(part) {
                bytes = Some(bytes.unwrap_or(Set::NONE).or(set));
                continue;
            }
            codes.extend(bytes.take().map(|set| format!("p.byte({})", set.test("byte"))));
            let first = self.first(part).all().test("byte");
            codes.push(format!("({first} && {})", self.code(part)?));
        }
        codes.extend(bytes.map(|set| format!("p.byte({})", set.test("byte"))));
        Ok(format!("{{ let byte = p.next(); {} }}", codes.join(" || ")))
    }
}
