//! Items of a file.

use super::peg::Pair;
use bp_plan::Value;
use smol_str::SmolStr;

use super::ast::{
    Annotation, Blueprint, Body, Each, EntryKind, Expr, ExprKind, Function, Implement, Item,
    ItemKind, Member, Name, Node, Output, Path, Placed, Test, TypeItem, TypeItemKind, TypeKind,
    Use, UseSource, ValueItem, ValueKeyword, Workflow,
};
use super::colons::Block;
use super::grammar::Rule;
use super::lowering::{Lowering, Parts, span};
use crate::diagnostics::syntax as says;
use crate::source::Span;

type P<'i> = Pair<'i>;

/// Words that name no value.
const RESERVED: &[&str] = &[
    "true", "false", "null", "and", "or", "not", "in", "if", "then", "else", "for", "self",
    "source", "target", "let", "via", "where", "by", "extends",
];

/// The type of what is written down.
fn type_of(value: &Expr) -> Option<&'static str> {
    match &value.kind {
        ExprKind::Literal(Value::Bool(_)) => Some("bool"),
        ExprKind::Literal(Value::Int(_)) => Some("int"),
        ExprKind::Literal(Value::Float(_)) => Some("float"),
        ExprKind::Literal(Value::String(_)) | ExprKind::Interpolation(_) => Some("string"),
        ExprKind::Literal(Value::Quantity(of)) => Some(of.dimension.name()),
        _ => None,
    }
}

impl Lowering<'_> {
    /// The whole file.
    pub(super) fn file(&mut self, pair: P<'_>) -> Vec<Item> {
        let mut items = Vec::new();
        for part in pair.into_inner() {
            let whole = span(&part);
            if self.is_full() || whole.start >= self.end {
                break;
            }
            self.is_odd |= whole.end > self.end;
            let is_junk = part.as_rule() == Rule::junk_top;
            self.is_odd |= is_junk && items.is_empty() && !self.is_start;
            match part.as_rule() {
                Rule::item => items.extend(self.item(part)),
                Rule::junk_top => self.junk_top(&part, last_headed(&items)),
                _ => {}
            }
        }
        items
    }

    fn item(&mut self, pair: P<'_>) -> Option<Item> {
        self.block = Block::default();
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let mut heads = Vec::new();
        while let Some(annotation) = parts.take(Rule::annotation) {
            heads.push(annotation);
        }
        let inner = parts.next()?;
        let documentation = self.documentation(at.start, span(&inner).start);
        let annotations = heads.into_iter().map(|head| self.annotation(head)).collect();
        let kind = self.item_kind(inner);
        Some(Item { documentation, annotations, kind, span: at })
    }

    pub(super) fn annotation(&mut self, pair: P<'_>) -> Annotation {
        let whole = span(&pair);
        let mut parts = Parts::of(pair);
        let name = parts.take(Rule::word);
        let name = self.name_of(name, whole);
        let mut end = name.span.end;
        let mut arguments = Vec::new();
        if let Some(call) = parts.take(Rule::call_args) {
            end = span(&call).end;
            arguments = self.plain_arguments(call);
        }
        Annotation { name, arguments, span: Span::new(whole.start, end) }
    }

    fn item_kind(&mut self, pair: P<'_>) -> ItemKind {
        match pair.as_rule() {
            Rule::node => ItemKind::Node(self.node(pair)),
            Rule::requires => ItemKind::Requires(self.requires(pair)),
            Rule::value_item => ItemKind::Value(self.value_item(pair)),
            Rule::type_item => ItemKind::Type(self.type_item(pair)),
            Rule::select => ItemKind::Select(self.placed(pair)),
            Rule::policy => ItemKind::Policy(self.placed(pair)),
            Rule::group => ItemKind::Group(self.placed(pair)),
            Rule::output => ItemKind::Output(self.output(pair)),
            Rule::expose => ItemKind::Expose(self.output(pair)),
            Rule::implement => ItemKind::Implement(self.implement(pair)),
            Rule::use_ => ItemKind::Use(self.use_item(pair)),
            Rule::fn_ => ItemKind::Function(self.function(pair)),
            Rule::workflow => ItemKind::Workflow(self.workflow(pair)),
            Rule::test => ItemKind::Test(self.test(pair)),
            _ => ItemKind::Blueprint(self.blueprint(pair)),
        }
    }

    /// The name of a value: it starts with a small letter and is no reserved word.
    pub(super) fn value_name(&mut self, pair: Option<P<'_>>, within: Span) -> Name {
        let name = match pair {
            Some(pair) if !pair.as_str().is_ascii() => {
                let at = span(&pair);
                Name { text: self.word(pair.as_str(), at, true), span: at }
            }
            pair => self.name_of(pair, within),
        };
        if RESERVED.contains(&name.text.as_str()) {
            self.report(says::reserved_name(self.at(name.span), &name.text));
        } else if name.text.starts_with(|c: char| c.is_ascii_uppercase()) {
            let better = snake_case(&name.text);
            self.report(says::upper_case_value(self.at(name.span), &name.text, &better));
        } else if name.text.contains(|c: char| c.is_ascii_uppercase()) {
            let better = snake_case(&name.text);
            self.report(says::unusual_name(self.at(name.span), &name.text, &better));
        }
        name
    }

    fn type_name(&mut self, pair: Option<P<'_>>, within: Span) -> Name {
        let name = self.name_of(pair, within);
        if !name.text.starts_with(|c: char| c.is_ascii_uppercase()) {
            let better = pascal_case(&name.text);
            self.report(says::lower_case_type(self.at(name.span), &name.text, &better));
        } else if name.text.contains('_') {
            let better = pascal_case(&name.text);
            self.report(says::unusual_name(self.at(name.span), &name.text, &better));
        }
        name
    }

    fn node(&mut self, pair: P<'_>) -> Node {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let name = parts.take(Rule::word);
        let name = self.value_name(name, at);
        let ty = if let Some(path) = parts.take(Rule::path) {
            Some(self.path(path))
        } else {
            if let Some(missing) = parts.take(Rule::missing_type) {
                self.missing_type(&missing);
            }
            None
        };
        let mut node =
            Node { name, ty, condition: None, each: None, using: None, body: Body::default() };
        while let Some(part) = parts.next() {
            match part.as_rule() {
                Rule::node_using => {
                    node.using = part.into_inner().last().map(|path| self.path(path));
                }
                Rule::node_if => node.condition = Some(self.only_expr(part)),
                Rule::node_for => node.each = Some(self.node_for(part)),
                Rule::node_filter => {
                    let filter = self.only_expr(part);
                    match &mut node.each {
                        Some(each) => each.filter = Some(filter),
                        None => self.report(says::misplaced(
                            self.at(filter.span),
                            "a second `if`",
                            "join the conditions with `and`",
                        )),
                    }
                }
                _ => node.body = self.item_body(part, node.body),
            }
        }
        node
    }

    fn node_for(&mut self, pair: P<'_>) -> Each {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let names = parts.take(Rule::binders).map(|binders| self.binders(binders));
        let over = self.next_expr(&mut parts, at);
        let key = parts.take(Rule::node_key).map(|key| self.only_expr(key));
        Each { names: names.unwrap_or_default(), over, key, filter: None }
    }

    /// `{ … }` of an item, perhaps on a line of its own.
    fn item_body(&mut self, pair: P<'_>, before: Body) -> Body {
        self.item_block(pair, before, Self::body)
    }

    fn item_block(
        &mut self,
        pair: P<'_>,
        before: Body,
        lower: impl FnOnce(&mut Self, P<'_>) -> Body,
    ) -> Body {
        match pair.as_rule() {
            Rule::body => lower(self, pair),
            Rule::bad_brace => {
                let mut parts = Parts::of(pair);
                let mark = parts.take(Rule::brace_on_own_line);
                if let Some(mark) = mark {
                    let start = span(&mark).start;
                    let at = self.at(Span::new(start, start + 1));
                    self.report(says::brace_on_own_line(at));
                }
                parts.take(Rule::body).map(|body| lower(self, body)).unwrap_or_default()
            }
            _ => before,
        }
    }

    fn last_body(&mut self, parts: &mut Parts<'_>) -> Body {
        parts.next().map(|part| self.item_body(part, Body::default())).unwrap_or_default()
    }

    fn value_item(&mut self, pair: P<'_>) -> ValueItem {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let keyword = match parts.next().map(|part| part.as_rule()) {
            Some(Rule::kw_secret) => ValueKeyword::Secret,
            Some(Rule::kw_const) => ValueKeyword::Const,
            _ => ValueKeyword::Input,
        };
        let name = parts.take(Rule::word);
        let name = self.value_name(name, at);
        let ty = self.optional_type(&mut parts);
        if let Some(card) = parts.take(Rule::card) {
            self.idle_cardinality(span(&card));
        }
        let from = parts.take(Rule::key_string).map(|text| self.name(&text));
        let default = self.default(&mut parts);
        if ty.is_none() && keyword != ValueKeyword::Const {
            let what = if keyword == ValueKeyword::Input { "input" } else { "secret" };
            let of = default.as_ref().and_then(type_of);
            self.report(says::untyped(self.at(name.span), what, &name.text, of));
        }
        if keyword == ValueKeyword::Const && default.is_none() {
            let (found, place) = self.found(at.end);
            self.report(says::unexpected(self.at(place), "`=` and the constant's value", &found));
        }
        let wheres = self.wheres(&mut parts);
        ValueItem { keyword, name, ty, from, default, wheres }
    }

    fn type_item(&mut self, pair: P<'_>) -> TypeItem {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let abstract_word = parts.take(Rule::kw_abstract);
        let kind = match parts.take(Rule::type_kind).map(|kind| kind.as_str()) {
            Some("data") => TypeItemKind::Data,
            Some("capability") => TypeItemKind::Capability,
            Some("interface") => TypeItemKind::Interface,
            Some("relationship") => TypeItemKind::Relationship,
            Some("policy") => TypeItemKind::Policy,
            Some("group") => TypeItemKind::Group,
            _ => TypeItemKind::Node,
        };
        let is_abstract = abstract_word.is_some() && kind == TypeItemKind::Node;
        if let Some(word) = abstract_word.filter(|_| !is_abstract) {
            let help = "remove it: a blueprint stands for an abstract node type, for no other type";
            self.report(says::misplaced(self.at(span(&word)), "`abstract`", help));
        }
        let name = parts.take(Rule::word);
        let name = self.type_name(name, at);
        let mut item = TypeItem {
            is_abstract,
            kind,
            name,
            alias: None,
            wheres: Vec::new(),
            extends: None,
            body: Body::default(),
        };
        if let Some(alias) = parts.take(Rule::alias) {
            let mut inner = Parts::of(alias);
            item.alias = self.optional_type(&mut inner);
            item.wheres = self.wheres(&mut inner);
        }
        if let Some(extends) = parts.take(Rule::extends) {
            let mut inner = Parts::of(extends);
            if let Some(missing) = inner.take(Rule::missing_type) {
                self.missing_type(&missing);
            }
            item.extends = inner.take(Rule::path).map(|path| self.path(path));
        }
        if let Some(body) = parts.next() {
            item.body = self.item_block(body, Body::default(), Self::members);
            self.cardinalities_of_fields(kind, &item.body);
        }
        item
    }

    /// Reports cardinalities where they belong to no field: those of a data type hold values, and no nodes.
    fn cardinalities_of_fields(&mut self, of: TypeItemKind, body: &Body) {
        for entry in &body.entries {
            match &entry.kind {
                EntryKind::Field(field) if of == TypeItemKind::Data => {
                    if let Some(written) = &field.cardinality {
                        self.idle_cardinality(written.span);
                    }
                }
                EntryKind::Field(field) => self.counts_once(field),
                _ => {}
            }
        }
    }

    fn placed(&mut self, pair: P<'_>) -> Placed {
        let at = span(&pair);
        let is_select = pair.as_rule() == Rule::select;
        let mut parts = Parts::of(pair);
        let name = parts.take(Rule::word);
        let name = self.value_name(name, at);
        let ty = self.optional_type(&mut parts);
        let ty = match ty.map(|ty| (ty.span, ty.kind)) {
            Some((_, TypeKind::Named { path, arguments })) if arguments.is_empty() => path,
            Some((span, TypeKind::Missing)) => super::ast::Path { segments: Vec::new(), span },
            Some((span, _)) => {
                let found = format!("`{}`", self.source.slice(span));
                self.report(says::unexpected(self.at(span), "the name of a type", &found));
                super::ast::Path { segments: Vec::new(), span }
            }
            None => super::ast::Path { segments: Vec::new(), span: name.span },
        };
        let mut cardinality = None;
        match parts.take(Rule::card) {
            Some(card) if is_select => cardinality = Some(self.cardinality(card)),
            Some(card) => self.idle_cardinality(span(&card)),
            None => {}
        }
        let body = self.last_body(&mut parts);
        Placed { name, ty, cardinality, body }
    }

    fn output(&mut self, pair: P<'_>) -> Output {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let name = parts.take(Rule::word);
        let name = self.value_name(name, at);
        let ty = self.optional_type(&mut parts);
        if let Some(card) = parts.take(Rule::card) {
            self.idle_cardinality(span(&card));
        }
        let value = self.required_default(&mut parts, at);
        let wheres = self.wheres(&mut parts);
        Output { name, ty, value, wheres }
    }

    fn implement(&mut self, pair: P<'_>) -> Implement {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let operation = match parts.take(Rule::path) {
            Some(path) => self.path(path),
            None => Path { segments: Vec::new(), span: at },
        };
        let workflow = self.required_default(&mut parts, at);
        Implement { operation, workflow }
    }

    /// `= e`, where it must not be left out.
    fn required_default(&mut self, parts: &mut Parts<'_>, within: Span) -> Expr {
        if let Some(value) = self.default(parts) {
            return value;
        }
        let start =
            parts.take(Rule::missing_expr).map_or(within.end, |missing| span(&missing).start);
        let (found, place) = self.found(start);
        self.report(says::unexpected(self.at(place), "`=` and a value", &found));
        Expr { kind: ExprKind::Missing, span: place }
    }

    fn blueprint(&mut self, pair: P<'_>) -> Blueprint {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let name = parts.take(Rule::word);
        let name = self.value_name(name, at);
        let mut substitutes = None;
        let mut wheres = Vec::new();
        if let Some(part) = parts.take(Rule::substitutes) {
            let mut inner = Parts::of(part);
            substitutes = inner.take(Rule::path).map(|path| self.path(path));
            wheres = self.wheres(&mut inner);
        }
        let body = self.last_body(&mut parts);
        Blueprint { name, substitutes, wheres, body }
    }

    fn use_item(&mut self, pair: P<'_>) -> Use {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let from = match parts.take(Rule::key_string) {
            Some(text) => UseSource::File(self.name(&text)),
            None => match parts.take(Rule::path) {
                Some(path) => UseSource::Path(self.path(path)),
                None => UseSource::File(Name { text: SmolStr::default(), span: at }),
            },
        };
        let source = match &from {
            UseSource::Path(path) => path.span,
            UseSource::File(name) => name.span,
        };
        let alias = parts.take(Rule::word).map(|word| self.value_name(Some(word), at));
        let names = parts.take(Rule::use_names).map(|names| {
            let whole = span(&names);
            let mut inner = Parts::of(names);
            let mut list = Vec::new();
            while let Some(part) = inner.next() {
                match part.as_rule() {
                    Rule::word => list.push(self.name(&part)),
                    Rule::extra_comma => self.extra_comma(&part),
                    Rule::missing_brace => self.unclosed(whole, "{", "}"),
                    _ => self.junk_inside(&part, "a name to use or `}`"),
                }
            }
            list
        });
        Use { from, alias, names, span: source }
    }

    fn function(&mut self, pair: P<'_>) -> Function {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let name = parts.take(Rule::word);
        let name = self.value_name(name, at);
        let parameters = parts.take(Rule::params).map(|params| self.parameters(params));
        let result = self.result_type(&mut parts);
        let body = self.required_default(&mut parts, at);
        Function { name, parameters: parameters.unwrap_or_default(), result, body }
    }

    fn workflow(&mut self, pair: P<'_>) -> Workflow {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let name = parts.take(Rule::word);
        let name = self.value_name(name, at);
        let parameters: Option<Vec<Member>> =
            parts.take(Rule::params).map(|params| self.parameters(params));
        let result = self.result_type(&mut parts);
        let steps = parts.take(Rule::steps);
        let steps_span = steps.as_ref().map_or(at, span);
        let steps = steps.map(|steps| self.steps(steps)).unwrap_or_default();
        Workflow { name, parameters: parameters.unwrap_or_default(), result, steps, steps_span }
    }

    fn test(&mut self, pair: P<'_>) -> Test {
        let at = span(&pair);
        let mut parts = Parts::of(pair);
        let name = parts.take(Rule::key_string);
        let name = self.name_of(name, at);
        let body = self.last_body(&mut parts);
        Test { name, body }
    }
}

/// Where the last item stands that begins with a head; a `requires` may be what a block should have
/// held.
fn last_headed(items: &[Item]) -> Option<Span> {
    let headed = items.iter().rev().find(|item| !matches!(item.kind, ItemKind::Requires(_)));
    headed.or(items.first()).map(|item| item.span)
}

fn pascal_case(name: &str) -> String {
    let mut better = String::new();
    for part in name.split('_') {
        let mut letters = part.chars();
        better.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        better.push_str(letters.as_str());
    }
    better
}

/// A type's name as that of a value.
pub(crate) fn snake_case(name: &str) -> String {
    let mut better = String::new();
    let mut before = '_';
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && before != '_' && !before.is_ascii_uppercase() {
            better.push('_');
        }
        better.push(letter.to_ascii_lowercase());
        before = letter;
    }
    better
}
