//! The properties that a group or a policy sets, beside what it is over.

use std::collections::BTreeMap;

use bp_plan::{Phase, Property, Type};
use smol_str::SmolStr;

use super::blocks;
use super::expr::{Scope, check_expr};
use super::late::known_in_time;
use super::members::short;
use super::program::{Program, TypeInfo};
use crate::diagnostics::{Diagnostic, near, topology as says};
use crate::source::Place;
use crate::syntax::ast;

/// What was set so far.
pub(crate) struct Settings<'a, 's> {
    program: &'a Program<'s>,
    scope: &'a Scope,
    info: &'a TypeInfo,
    /// `a group` or `a policy`, and its keys that are no properties.
    what: (&'a str, &'a [&'a str]),
    set: BTreeMap<String, Property>,
    /// A key that is no property was misspelt.
    misspelt: Option<String>,
    places: BTreeMap<SmolStr, Place>,
}

impl<'a, 's> Settings<'a, 's> {
    pub(crate) fn new(
        program: &'a Program<'s>,
        scope: &'a Scope,
        info: &'a TypeInfo,
        what: (&'a str, &'a [&'a str]),
    ) -> Self {
        let (set, places) = (BTreeMap::new(), BTreeMap::new());
        Self { program, scope, info, what, set, misspelt: None, places }
    }

    /// One `property = value`: known when it is deployed at the latest.
    pub(crate) fn take(&mut self, key: &ast::Name, value: &ast::Expr, out: &mut Vec<Diagnostic>) {
        let (what, keys) = self.what;
        let name = key.text.as_str();
        let file = self.scope.file();
        if !self.info.properties.contains_key(name) && !self.program.names.is_open(&self.info.full)
        {
            let properties = self.info.properties.keys().cloned();
            let known: Vec<String> =
                keys.iter().map(|key| (*key).to_owned()).chain(properties).collect();
            let meant = near(name, known.iter().map(String::as_str));
            if let Some(meant) = meant.filter(|meant| keys.contains(meant)) {
                self.misspelt = Some(meant.to_owned());
                let at = Place { file, span: key.span };
                let of = short(&self.info.full);
                out.push(says::unknown_member(at, name, of, &known, None, Some(self.info.place)));
                check_expr(self.program, self.scope, value, None, out);
                return;
            }
        }
        let into = (&mut self.set, &mut self.places);
        blocks::property(self.program, self.scope, self.info, key, value, into, out);
        // Of one that its type has wrongly, nothing is asked.
        let is_sound =
            self.info.properties.get(name).is_none_or(|it| it.declared.kind != Type::Unknown);
        if let Some(set) = self.set.get(name).filter(|_| is_sound) {
            let at = Place { file, span: value.span };
            let what = format!("a property of {what}");
            let known = (&set.value, set.phase);
            known_in_time(self.program, known, Phase::Deploy, &what, at, out);
        }
    }

    /// Whether this key was meant by one that was misspelt, and told.
    pub(crate) fn is_misspelt(&self, key: &str) -> bool {
        self.misspelt.as_deref() == Some(key)
    }

    /// All that was set; what must be and is not is told.
    pub(crate) fn done(
        self,
        owner: &str,
        at: Place,
        out: &mut Vec<Diagnostic>,
    ) -> BTreeMap<String, Property> {
        blocks::missing(self.program, self.info, owner, &self.set, at, out);
        self.set
    }
}

/// Whether an entry that is no `key = value` means this key all the same.
pub(crate) fn names(entry: &ast::EntryKind, key: &str) -> bool {
    match entry {
        ast::EntryKind::Meets(meets) => meets.name.text == key,
        ast::EntryKind::Field(member) => member.name.text == key,
        _ => false,
    }
}
