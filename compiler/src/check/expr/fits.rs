//! When a value of one type may stand where another is wanted, and what two types have in common.
//!
//! Knows types only: what a literal can become is the matter of [`super::adapt`].

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::Type;

use super::World;

/// How deep types are looked into; data types may contain themselves.
const MAX_DEPTH: usize = 200;
/// How many members a union may have that nobody wrote: beyond, it is `string`.
const MAX_INFERRED: usize = 16;
/// How many parts the types of the fields may have that one of two records lacks: with more, they join as records
/// that have nothing in common do, so that a long list of them takes no time by its square.
const MAX_LACKED: usize = 256;

/// Whether a value of type `from` may stand where `to` is wanted.
pub fn fits(world: &dyn World, from: &Type, to: &Type) -> bool {
    fits_at(world, from, to, 0)
}

#[expect(clippy::match_same_arms, reason = "the arms are tried in this order")]
fn fits_at(world: &dyn World, from: &Type, to: &Type, depth: usize) -> bool {
    if depth > MAX_DEPTH || from == to {
        return true;
    }
    let inner = |from: &Type, to: &Type| fits_at(world, from, to, depth + 1);
    match (from, to) {
        (Type::Unknown | Type::Never, _) | (_, Type::Unknown) => true,
        // Whether the field may be missing is the matter of the record.
        (Type::Perhaps(of), to) => inner(of, to),
        (from, Type::Perhaps(of)) => inner(from, of),
        (Type::Secret(of), _) if matches!(**of, Type::Optional(_)) => {
            inner(&secret(from.clone()), to)
        }
        (_, Type::Secret(of)) if matches!(**of, Type::Optional(_)) => {
            inner(from, &secret(to.clone()))
        }
        (Type::Secret(from), Type::Secret(to)) => inner(from, to),
        (Type::Optional(from), Type::Optional(to)) => inner(from, to),
        (Type::Null, Type::Optional(_) | Type::Json) => true,
        (Type::Optional(from), Type::Json) => inner(from, to),
        (from, Type::Optional(to)) => inner(from, to),
        // Its secret leaves are secret there, too.
        (from, Type::Secret(to)) if **to == Type::Json => !holds_node(world, from),
        (from, Type::Secret(to)) if has_secret(from) => inner(&bare(from.clone()), to),
        (from, Type::Secret(to)) => inner(from, to),
        (Type::Secret(_) | Type::Optional(_) | Type::Null, _) => false,
        (Type::Union(members), to) => members.iter().all(|from| inner(from, to)),
        (from, Type::Union(members)) => members.iter().any(|to| inner(from, to)),
        (from, Type::Json) => is_open(world, from, &mut Vec::new()),
        (Type::Json, to) => is_open(world, to, &mut Vec::new()),
        (Type::Literal(_), Type::String) | (Type::Int, Type::Float) => true,
        (Type::Data(from), Type::Data(to)) if world.is_subtype(from, to) => true,
        (Type::Data(name), to) if alias(world, name).is_some() => {
            alias(world, name).is_some_and(|alias| inner(&alias, to))
        }
        (from, Type::Data(name)) => match world.data_type(name) {
            Some(data) => match (&data.alias, from) {
                (Some(alias), from) => inner(from, alias),
                (None, Type::Record(fields)) => {
                    fields.iter().all(|(name, from)| {
                        data.fields.get(name).is_some_and(|to| inner(from, &to.kind))
                    }) && data.fields.iter().all(|(name, to)| {
                        is_there(fields, name)
                            || to.default.is_some()
                            || matches!(to.kind, Type::Optional(_))
                    })
                }
                (None, _) => false,
            },
            None => true,
        },
        (Type::List(from), Type::List(to)) | (Type::Map(from), Type::Map(to)) => inner(from, to),
        (Type::Range, Type::List(to)) => matches!(**to, Type::Int | Type::Unknown),
        (Type::Record(fields), Type::Map(to)) => fields.values().all(|from| inner(from, to)),
        (Type::Record(from), Type::Record(to)) => {
            from.iter().all(|(name, from)| to.get(name).is_some_and(|to| inner(from, to)))
                && to.iter().all(|(name, to)| is_there(from, name) || may_lack(to))
        }
        (Type::Node(from), Type::Node(to))
        | (Type::Nodes(from), Type::Nodes(to))
        | (Type::Group(from), Type::Group(to))
        | (Type::Capability(from), Type::Capability(to))
        | (Type::Relationship(from), Type::Relationship(to)) => world.is_subtype(from, to),
        _ => false,
    }
}

/// Whether each record of these fields has the field.
pub(super) fn is_there(fields: &BTreeMap<String, Type>, name: &str) -> bool {
    fields.get(name).is_some_and(|of| !matches!(of, Type::Perhaps(_)))
}

/// Whether a record may go without a field of this type.
pub(super) fn may_lack(field: &Type) -> bool {
    matches!(field, Type::Optional(_) | Type::Perhaps(_))
}

/// The type that a field of a record has when it is read: `null` where the field is missing.
pub(super) fn read(field: &Type) -> Type {
    match field {
        Type::Perhaps(of) => optional((**of).clone()),
        of => of.clone(),
    }
}

/// Whether values of this type have a form as open data, so that `json` goes with it. `seen` are
/// the data types that were looked into, since they may contain themselves.
fn is_open(world: &dyn World, ty: &Type, seen: &mut Vec<String>) -> bool {
    match ty {
        Type::Optional(of) | Type::Perhaps(of) | Type::List(of) | Type::Map(of) => {
            is_open(world, of, seen)
        }
        Type::Union(members) => members.iter().all(|of| is_open(world, of, seen)),
        Type::Record(fields) => fields.values().all(|of| is_open(world, of, seen)),
        Type::Data(name) => {
            if seen.contains(name) {
                return true;
            }
            seen.push(name.clone());
            world.data_type(name).is_none_or(|data| {
                data.fields.values().all(|field| is_open(world, &field.kind, seen))
            })
        }
        Type::Secret(_)
        | Type::Node(_)
        | Type::Nodes(_)
        | Type::Group(_)
        | Type::Capability(_)
        | Type::Relationship(_) => false,
        _ => true,
    }
}

/// What a named scalar is a name of.
pub(super) fn alias(world: &dyn World, name: &str) -> Option<Type> {
    world.data_type(name)?.alias.clone()
}

/// The type with names of scalars replaced by what they stand for.
pub fn plain(world: &dyn World, ty: &Type) -> Type {
    let mut ty = ty.clone();
    for _ in 0..MAX_DEPTH {
        match &ty {
            Type::Data(name) => match alias(world, name) {
                Some(alias) => ty = alias,
                None => return ty,
            },
            _ => return ty,
        }
    }
    Type::Unknown
}

/// `T?`, once.
pub(super) fn optional(ty: Type) -> Type {
    match ty {
        Type::Optional(_) | Type::Null | Type::Unknown | Type::Json => ty,
        Type::Never => Type::Null,
        other => Type::Optional(Box::new(other)),
    }
}

/// `secret T`, once; whether one is set at all is no part of the secret.
pub(crate) fn secret(ty: Type) -> Type {
    match ty {
        Type::Unknown => ty,
        Type::Secret(of) => secret(*of),
        Type::Optional(of) => optional(secret(*of)),
        Type::Perhaps(of) => secret(*of).perhaps(),
        other => Type::Secret(Box::new(other)),
    }
}

/// The type without `secret` around it, and whether there was one.
pub(super) fn revealed(ty: Type) -> (Type, bool) {
    match ty {
        Type::Secret(of) => (*of, true),
        Type::Optional(of) => {
            let (of, was) = revealed(*of);
            (optional(of), was)
        }
        other => (other, false),
    }
}

/// The type of what any part of such a value can be: open data, secret where a part of it is.
/// Nothing where a part has no form as data.
pub(super) fn anything(world: &dyn World, of: &Type) -> Option<Type> {
    let is_secret = holds_secret(world, of);
    is_open(world, &bare(of.clone()), &mut Vec::new())
        .then(|| if is_secret { secret(Type::Json) } else { Type::Json })
}

/// Whether the type says that a part of its values is secret; [`holds_secret`] looks into data types, too.
pub(super) fn has_secret(ty: &Type) -> bool {
    match ty {
        Type::Secret(_) => true,
        Type::Optional(of) | Type::Perhaps(of) | Type::List(of) | Type::Map(of) => has_secret(of),
        Type::Union(members) => members.iter().any(has_secret),
        Type::Record(fields) => fields.values().any(has_secret),
        _ => false,
    }
}

/// Whether any part of a value of this type is secret.
pub fn holds_secret(world: &dyn World, ty: &Type) -> bool {
    holds(world, ty, &|part| matches!(part, Type::Secret(_)))
}

/// The type once null stands in the place of those of these fields that records lack.
pub(super) fn with_gaps_filled(ty: Type, names: &BTreeSet<String>) -> Type {
    let within = |of: Box<Type>| Box::new(with_gaps_filled(*of, names));
    match ty {
        Type::Optional(of) => Type::Optional(within(of)),
        Type::Perhaps(of) => Type::Perhaps(within(of)),
        Type::Secret(of) => Type::Secret(within(of)),
        Type::List(of) => Type::List(within(of)),
        Type::Map(of) => Type::Map(within(of)),
        Type::Union(members) => {
            Type::Union(members.into_iter().map(|of| with_gaps_filled(of, names)).collect())
        }
        Type::Record(fields) => {
            let fields = fields.into_iter().map(|(name, of)| {
                let of = with_gaps_filled(of, names);
                let of = if names.contains(&name) { read(&of) } else { of };
                (name, of)
            });
            Type::Record(fields.collect())
        }
        other => other,
    }
}

/// Whether it is a node, a group or a part of one, or has such a part: what only the blueprint itself has.
pub fn holds_node(world: &dyn World, ty: &Type) -> bool {
    let is_node = |part: &Type| {
        matches!(
            part,
            Type::Node(_)
                | Type::Nodes(_)
                | Type::Group(_)
                | Type::Capability(_)
                | Type::Relationship(_)
        )
    };
    holds(world, ty, &is_node)
}

/// Whether it is such a part, or has one. Data types may name each other in a long line.
fn holds(world: &dyn World, ty: &Type, is: &dyn Fn(&Type) -> bool) -> bool {
    if is(ty) || matches!(ty, Type::Bool | Type::Int | Type::String | Type::Node(_)) {
        return is(ty);
    }
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut left = vec![ty.clone()];
    while let Some(ty) = left.pop() {
        if is(&ty) {
            return true;
        }
        match ty {
            Type::Optional(of)
            | Type::Perhaps(of)
            | Type::List(of)
            | Type::Map(of)
            | Type::Secret(of) => {
                left.push(*of);
            }
            Type::Union(members) => left.extend(members),
            Type::Record(fields) => left.extend(fields.into_values()),
            Type::Data(name) if seen.insert(name.clone()) => {
                if let Some(data) = world.data_type(&name) {
                    left.extend(data.fields.values().map(|field| field.kind.clone()));
                }
            }
            _ => {}
        }
    }
    false
}

/// The type without what is secret in it.
pub(super) fn bare(ty: Type) -> Type {
    match ty {
        Type::Secret(of) => bare(*of),
        Type::Optional(of) => optional(bare(*of)),
        Type::Perhaps(of) => bare(*of).perhaps(),
        Type::List(of) => Type::List(Box::new(bare(*of))),
        Type::Map(of) => Type::Map(Box::new(bare(*of))),
        Type::Record(fields) => {
            Type::Record(fields.into_iter().map(|(name, of)| (name, bare(of))).collect())
        }
        other => other,
    }
}

/// The nearest type that both fit; nothing where they have none in common.
pub(super) fn join(world: &dyn World, a: &Type, b: &Type) -> Option<Type> {
    join_at(world, a, b, 0)
}

fn join_at(world: &dyn World, a: &Type, b: &Type, depth: usize) -> Option<Type> {
    if depth > MAX_DEPTH {
        return Some(Type::Json);
    }
    let inner = |a: &Type, b: &Type| join_at(world, a, b, depth + 1);
    match (a, b) {
        (Type::Unknown, _) | (_, Type::Unknown) => Some(Type::Unknown),
        (Type::Never, other) | (other, Type::Never) => Some(other.clone()),
        (a, b) if a == b => Some(a.clone()),
        (Type::Perhaps(a), b) | (b, Type::Perhaps(a)) => inner(a, b.field().0).map(Type::perhaps),
        (Type::Null, other) | (other, Type::Null) => Some(optional(other.clone())),
        (Type::Optional(a), b) | (b, Type::Optional(a)) => {
            let b = match b {
                Type::Optional(b) => b,
                b => b,
            };
            inner(a, b).map(optional)
        }
        (Type::Secret(a), b) | (b, Type::Secret(a)) => {
            let b = match b {
                Type::Secret(b) => b,
                b => b,
            };
            inner(a, b).map(secret)
        }
        (Type::Data(name), other) | (other, Type::Data(name)) if alias(world, name).is_some() => {
            // Together they keep what the name stands for, not what it asks.
            alias(world, name).and_then(|of| inner(&of, other))
        }
        // Open data stays open: what is beside it says nothing of it.
        (Type::Json, other) | (other, Type::Json)
            if !has_secret(other) && fits_at(world, other, &Type::Json, depth) =>
        {
            Some(Type::Json)
        }
        (Type::Record(left), Type::Record(right)) => records(left, right, &inner).or_else(|| {
            let open = [a, b].map(|of| anything(world, of));
            match open {
                [Some(a), Some(b)] => inner(&a, &b),
                _ => None,
            }
        }),
        (Type::List(a), Type::List(b)) => inner(a, b).map(|of| Type::List(Box::new(of))),
        (Type::Map(a), Type::Map(b)) => inner(a, b).map(|of| Type::Map(Box::new(of))),
        (Type::Literal(_) | Type::Union(_), Type::Literal(_) | Type::Union(_)) => Some(unite(a, b)),
        (Type::Node(a), Type::Node(b)) => world.common_type(a, b).map(Type::Node),
        (Type::Capability(a), Type::Capability(b)) => world.common_type(a, b).map(Type::Capability),
        _ if fits_at(world, a, b, depth) => Some(b.clone()),
        _ if fits_at(world, b, a, depth) => Some(a.clone()),
        (Type::Map(of), Type::Record(fields)) | (Type::Record(fields), Type::Map(of)) => {
            all(fields.values(), (**of).clone(), &inner)
        }
        _ if is_scalar(a) && is_scalar(b) => Some(unite(a, b)),
        _ => None,
    }
}

/// Records that have a field in common join field by field: what one of them lacks may be missing. Others become
/// maps where all fields join.
fn records(
    a: &BTreeMap<String, Type>,
    b: &BTreeMap<String, Type>,
    inner: &dyn Fn(&Type, &Type) -> Option<Type>,
) -> Option<Type> {
    let is_same = a.keys().eq(b.keys());
    let has_common = || a.keys().any(|name| b.contains_key(name));
    if is_same || (has_common() && is_small(lacked(a, b).chain(lacked(b, a)))) {
        let common = a.iter().filter_map(|(name, a)| {
            let both = inner(a, b.get(name)?);
            Some(both.map(|of| (name.clone(), of)))
        });
        let fields: Option<BTreeMap<String, Type>> = common.collect();
        if let Some(mut fields) = fields {
            let lacked = lacked(a, b).chain(lacked(b, a));
            fields.extend(lacked.map(|(name, of)| (name.clone(), of.clone().perhaps())));
            return Some(Type::Record(fields));
        }
        if is_same {
            return None;
        }
    }
    all(a.values().chain(b.values()), Type::Never, inner)
}

/// The map of these fields and of what is of this type, where all of them join.
fn all<'t>(
    mut fields: impl Iterator<Item = &'t Type>,
    of: Type,
    inner: &dyn Fn(&Type, &Type) -> Option<Type>,
) -> Option<Type> {
    let whole = fields.try_fold(of, |whole, of| inner(&whole, of.field().0));
    whole.map(|of| Type::Map(Box::new(of)))
}

/// The fields that only the first of two records has.
fn lacked<'t>(
    of: &'t BTreeMap<String, Type>,
    by: &'t BTreeMap<String, Type>,
) -> impl Iterator<Item = (&'t String, &'t Type)> {
    of.iter().filter(|(name, _)| !by.contains_key(*name))
}

/// Whether the types of these fields are few enough to go through them again for each record that lacks them.
fn is_small<'t>(fields: impl Iterator<Item = (&'t String, &'t Type)>) -> bool {
    let mut left: Vec<&Type> = Vec::new();
    let mut count = 0;
    for (_, of) in fields {
        left.push(of);
        while let Some(of) = left.pop() {
            let (of, _) = of.field();
            count += 1;
            if count + left.len() > MAX_LACKED {
                return false;
            }
            match of {
                Type::Optional(of) | Type::List(of) | Type::Map(of) | Type::Secret(of) => {
                    left.push(of);
                }
                Type::Union(members) => left.extend(members.iter().take(MAX_LACKED)),
                Type::Record(fields) => left.extend(fields.values().take(MAX_LACKED)),
                _ => {}
            }
        }
    }
    true
}

fn is_scalar(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Bool
            | Type::Int
            | Type::Float
            | Type::String
            | Type::Literal(_)
            | Type::Quantity(_)
            | Type::Version
            | Type::Timestamp
            | Type::Union(_)
    )
}

/// `A | B`, flat, each once; text and literals of it are text.
pub(super) fn unite(a: &Type, b: &Type) -> Type {
    let mut members: Vec<Type> = Vec::new();
    for ty in [a, b] {
        let parts =
            if let Type::Union(parts) = ty { parts.as_slice() } else { std::slice::from_ref(ty) };
        for part in parts {
            if !members.contains(part) {
                members.push(part.clone());
            }
        }
    }
    let literals = members.iter().filter(|of| matches!(of, Type::Literal(_))).count();
    if literals > MAX_INFERRED || members.contains(&Type::String) {
        members.retain(|of| !matches!(of, Type::Literal(_) | Type::String));
        members.push(Type::String);
    }
    match members.as_slice() {
        [only] => only.clone(),
        _ => Type::Union(members),
    }
}
