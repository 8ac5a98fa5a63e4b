//! What an operation of an instance's life is called with, and what its result sets.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bp_eval::{ErrorKind, EvalError, Outcome, Verdict};
use bp_plan::{Entry, Expr, Fields, FileRef, Node, OperationParameter, Reference, Type, Value};
use serde_json::Value as Json;

use crate::kept::{MOST_PARTS, held, listed, sound};
use crate::life::{self, Act, Carried, Link, Via};
use crate::parameters::Arguments;
use crate::problem::code_of;
use crate::resolved::{Flaw, Property, files_in, secret_parts};
use crate::sealed::{self, Mark, Named, Namer};
use crate::site::Site;
use crate::topology::{InstanceId, Locals, Topology};
use crate::world::{Known, Reads, World, error};

/// What is administered from elsewhere, and runs scripts of its own.
const MACHINE: &str = "std.Compute";

/// What an instance knows of its own attributes when an operation is called.
#[derive(Clone, Copy, Debug)]
pub enum Own<'a> {
    /// Nothing yet: it is looked ahead.
    Ahead,
    /// These, and no more will come before the call.
    Now(&'a BTreeMap<String, Json>),
    /// These so far: what needs another is left out of the call.
    SoFar(&'a BTreeMap<String, Json>),
}

/// An operation as it is to be called.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The data type that says what carries it out, and those that it extends, nearest first.
    pub kinds: Vec<String>,
    /// What it is called with: `value` (what the kind asks), `args`, `env`, `files`.
    pub properties: BTreeMap<String, Property>,
    /// The files among them, by the JSON pointer that leads to each (`/value/path`).
    pub files: BTreeMap<String, FileRef>,
    /// How often, and how long.
    pub limits: Limits,
    /// Somebody asks for its result.
    pub wants_result: bool,
}

/// What an operation gave. In the place of each secret part stands a name.
#[derive(Clone, PartialEq)]
pub struct Given {
    /// Its result, of its type.
    pub result: Expr,
    /// The attributes that it sets, as they are written down.
    pub attributes: BTreeMap<String, Json>,
    /// The secrets by those names.
    pub secrets: Named,
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Given");
        shown.field("result", &self.result).field("attributes", &self.attributes);
        shown.field("secrets", &self.secrets.keys()).finish()
    }
}

impl Given {
    /// Nothing.
    pub fn nothing() -> Self {
        let (result, attributes) = (Expr::Value(Value::Null), BTreeMap::new());
        Self { result, attributes, secrets: Named::new() }
    }
}

/// How long a call may take, and how often it is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// How long one call may take, in milliseconds; none where the runtime decides.
    pub timeout_ms: Option<i64>,
    /// How often a call that failed is made again.
    pub retries: u32,
    /// The first pause before that, in milliseconds.
    pub backoff_ms: i64,
    /// Calling it twice does what calling it once does.
    pub repeatable: bool,
    /// Something of what it gives is secret.
    pub gives_secret: bool,
}

impl Topology {
    /// An operation as it is to be called: `None` where it still needs what others report. Beside
    /// it what it read of others.
    pub fn call(
        &self,
        id: &InstanceId,
        act: &Act,
        own: Own<'_>,
    ) -> (Result<Option<Call>, Flaw>, Reads) {
        self.call_given(id, act, own, &BTreeMap::new())
    }

    /// The same, with these arguments in the place of what its parameters are when left out: as a
    /// workflow calls it.
    pub fn call_given(
        &self,
        id: &InstanceId,
        act: &Act,
        own: Own<'_>,
        given: &Arguments,
    ) -> (Result<Option<Call>, Flaw>, Reads) {
        let (call, mut reads) =
            self.calling(id, act, own, given, |caller| caller.call(matches!(own, Own::SoFar(_))));
        reads.instances.remove(id);
        reads.missing.remove(id);
        (call, reads)
    }

    /// The machine (a `std.Compute`) that an operation is to run on; none where that is the runtime's own.
    pub fn machine(&self, id: &InstanceId, act: &Act) -> Option<InstanceId> {
        self.calling(id, act, Own::Ahead, &Arguments::new(), |caller| Ok(caller.machine()))
            .0
            .ok()
            .flatten()
    }

    /// What an instance that is as wanted reports.
    pub fn reported(&self, id: &InstanceId) -> Option<&Fields<Json>> {
        self.world.reports(id)
    }

    /// What an operation's relationship leads to, where that is an instance.
    pub fn target_of(&self, id: &InstanceId, act: &Act) -> Option<InstanceId> {
        let node = self.world.plan.nodes.get(&id.node)?;
        let via = act.via.as_ref()?;
        let links = life::links(&self.world, id, node);
        InstanceId::of(&links.iter().find(|link| link.via() == *via)?.target)
    }

    /// What an operation that was called with these arguments gives: its result as its type has it, and
    /// what that sets: attributes of the instance by their names, those of a relationship by names of their own.
    pub fn gives(
        &self,
        id: &InstanceId,
        act: &Act,
        own: &BTreeMap<String, Json>,
        given: &Arguments,
        result: Json,
        mark: Mark<'_>,
    ) -> Result<Given, Flaw> {
        self.calling(id, act, Own::Now(own), given, |caller| caller.gives(result, mark)).0
    }

    /// What a provider reports of an instance, as it is written down: with a name in the place of each part that
    /// its type says is secret.
    pub fn reports(
        &self,
        id: &InstanceId,
        reported: BTreeMap<String, Json>,
        mark: Mark<'_>,
    ) -> (BTreeMap<String, Json>, Named) {
        let plan = &self.world.plan;
        let node_type = plan.nodes.get(&id.node).and_then(|node| plan.node_types.get(&node.kind));
        let Some(node_type) = node_type else { return (reported, Named::new()) };
        let mut namer = Namer::new(&plan.data_types, mark);
        let mut told = BTreeMap::new();
        for (name, json) in reported {
            let kind = node_type.attributes.get(&name);
            let Some(kind) = kind.filter(|kind| kind.holds_secret(&plan.data_types)) else {
                told.insert(name, json);
                continue;
            };
            namer.of = format!("{id}.{name}");
            let made = match bp_eval::from_json(json.clone(), kind, &plan.data_types) {
                Ok(value) => namer.named(value, kind),
                // That it is of another type is told where it is read.
                Err(_) => match bp_eval::from_json(json, &Type::Json, &plan.data_types) {
                    Ok(value) => namer.named(value, &Type::Secret(Box::new(Type::Json))),
                    Err(_) => continue,
                },
            };
            told.extend(sealed::written(&made).ok().map(|made| (name, made)));
        }
        (told, namer.found)
    }

    fn calling<T>(
        &self,
        id: &InstanceId,
        act: &Act,
        own: Own<'_>,
        given: &Arguments,
        work: impl FnOnce(&Caller<'_>) -> Result<T, Flaw>,
    ) -> (Result<T, Flaw>, Reads) {
        let known = Known {
            id: id.clone(),
            attributes: match own {
                Own::Ahead => BTreeMap::new(),
                Own::Now(known) | Own::SoFar(known) => known.clone(),
            },
            is_open: !matches!(own, Own::Now(_)),
        };
        let world = &self.world;
        world.reading(|| {
            world.knowing(known, || match Caller::of(world, id, act, given) {
                Ok(caller) => work(&caller),
                Err(flaw) => Err(flaw),
            })
        })
    }
}

/// An operation in its surroundings.
struct Caller<'w> {
    world: &'w World,
    id: &'w InstanceId,
    act: &'w Act,
    node: &'w Node,
    link: Option<Link<'w>>,
    carried: Carried<'w>,
    site: Site<'w>,
    locals: Locals,
    /// What parameters are that have secret parts.
    made: Vec<(String, Expr)>,
}

impl<'w> Caller<'w> {
    fn of(
        world: &'w World,
        id: &'w InstanceId,
        act: &'w Act,
        given: &Arguments,
    ) -> Result<Self, Flaw> {
        let gone = || Flaw::new("E7083", format!("the plan does not know `{id}`: {act}"));
        let node = world.plan.nodes.get(&id.node).ok_or_else(gone)?;
        let (link, carried) = match &act.via {
            None => (None, life::of_node(&world.plan, node, &act.operation)),
            Some(via) => {
                let links = life::links(world, id, node);
                let link = links.into_iter().find(|link| link.via() == *via).ok_or_else(gone)?;
                let carried = life::of_link(&world.plan, link.requirement, &act.operation);
                (Some(link), carried)
            }
        };
        let carried = carried.ok_or_else(gone)?;
        // In a `via` block `self` stays the node, in a relationship's type it is the relationship.
        let site = match &link {
            None => world.site(id),
            Some(link) if carried.is_own => world.site(id).between(id, link),
            Some(link) => world.inside(id, link),
        };
        let existence = world.existence(&id.node).ok();
        let locals = existence.map(|e| e.locals(id.key.as_deref()).to_vec()).unwrap_or_default();
        let made = Vec::new();
        let mut caller = Self { world, id, act, node, link, carried, site, locals, made };
        for parameter in &caller.carried.declared.parameters {
            let name = &parameter.name;
            let value = match (given.get(name), &parameter.default) {
                (Some(Expr::Value(given)), _) => caller.argument(parameter, given)?,
                (Some(made), _) => {
                    caller.made.push((name.clone(), caller.held(parameter, made)?));
                    continue;
                }
                (None, None) => Value::Null,
                (None, Some(default)) => match caller.evaluate(default) {
                    Ok(Outcome::Value(value)) => value,
                    Ok(Outcome::Secret(_)) => {
                        let made = caller.held(parameter, &caller.placed(default))?;
                        caller.made.push((name.clone(), made));
                        continue;
                    }
                    Ok(Outcome::Unknown) => Value::Null,
                    Err(error) => return Err(caller.flaw(name, &error)),
                },
            };
            caller.locals.push((name.clone(), value));
        }
        Ok(caller)
    }

    fn evaluate(&self, expr: &Expr) -> Result<Outcome, EvalError> {
        let locals: Vec<(&str, Value)> =
            self.locals.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        bp_eval::evaluate_with(&self.placed(expr), &self.site, &locals)
    }

    /// The expression with what is made with secrets in the place of its parameters.
    fn placed<'e>(&self, expr: &'e Expr) -> Cow<'e, Expr> {
        if self.made.is_empty() {
            return Cow::Borrowed(expr);
        }
        let made: Vec<(&str, &Expr)> =
            self.made.iter().map(|(name, of)| (name.as_str(), of)).collect();
        Cow::Owned(expr.with_locals(&made))
    }

    /// An argument with a secret part, held against what is asked of it at each use.
    fn held(&self, parameter: &OperationParameter, made: &Expr) -> Result<Expr, Flaw> {
        let refuse = |why: String| {
            self.flaw(&parameter.name, &EvalError { kind: ErrorKind::Constraint, message: why })
        };
        let types = &self.world.plan.data_types;
        let held = held(made, &parameter.kind, &parameter.constraints, types)
            .map_err(|why| refuse(why.to_string()))?;
        if let Ok(Outcome::Secret(names)) = self.evaluate(&held) {
            sound(self.world, &held, &names, &|expr| self.evaluate(expr)).map_err(refuse)?;
        }
        Ok(held)
    }

    /// An argument of its parameter's type, and within its constraints.
    fn argument(&self, parameter: &OperationParameter, given: &Value) -> Result<Value, Flaw> {
        let name = &parameter.name;
        let types = &self.world.plan.data_types;
        let value = bp_eval::conform(given.clone(), &parameter.kind, types).map_err(|why| {
            self.flaw(name, &EvalError { kind: ErrorKind::WrongType, message: why.to_string() })
        })?;
        for constraint in &parameter.constraints {
            match bp_eval::check_constraint(constraint, &value, &self.site) {
                Ok(Verdict::Broken(why)) => {
                    return Err(self.flaw(name, &error(ErrorKind::Constraint, why)));
                }
                Ok(_) => {}
                Err(error) => return Err(self.flaw(name, &error)),
            }
        }
        Ok(value)
    }

    fn flaw(&self, part: &str, error: &EvalError) -> Flaw {
        let (id, act) = (self.id, self.act);
        Flaw {
            property: Some(act.path()),
            ..Flaw::new(code_of(error), format!("`{id}`: {act}: its `{part}`: {error}"))
        }
    }

    /// The call; `None` where something of it is not known. With `as_far` what is not known of its
    /// arguments, environment and files is left out.
    fn call(&self, as_far: bool) -> Result<Option<Call>, Flaw> {
        let one = self.carried.implementation;
        let mut properties = BTreeMap::new();
        let mut files = BTreeMap::new();
        let mut waits = false;
        let arguments = one.args.clone().or_else(|| self.parameters());
        let place = |expr: &Expr| self.placed(expr).into_owned();
        let parts = [
            ("value", Some(&one.value)),
            ("args", arguments.as_ref()),
            ("env", one.env.as_ref()),
            ("files", one.files.as_ref()),
        ];
        for (name, expr) in parts.into_iter().filter_map(|(name, expr)| Some((name, place(expr?))))
        {
            let shortened = if as_far && name != "value" { self.known_part(&expr) } else { None };
            match self.property(name, shortened.as_ref().unwrap_or(&expr), &mut files)? {
                Some(property) => drop(properties.insert(name.to_owned(), property)),
                None => waits = true,
            }
        }
        let Some(mut limits) = self.limits()? else { return Ok(None) };
        limits.gives_secret = self.gives_secret();
        let mut kinds = vec![one.kind.clone()];
        kinds.extend(one.extends.iter().cloned());
        let wants_result = !one.sets.is_empty()
            || self.carried.declared.result.is_some()
            || self.act.operation == life::OBSERVE;
        let call = Call { kinds, properties, files, limits, wants_result };
        Ok((!waits).then_some(call))
    }

    /// What it is called with where nothing else is said: its parameters.
    fn parameters(&self) -> Option<Expr> {
        let parameters = &self.carried.declared.parameters;
        let entry = |name: &String| Entry::One(name.clone(), Expr::Local(name.clone()));
        let entries: Vec<Entry> = parameters.iter().map(|p| entry(&p.name)).collect();
        (!entries.is_empty()).then_some(Expr::Record(entries))
    }

    /// A record without the entries that are not known; none where it is none, or all is known.
    fn known_part(&self, expr: &Expr) -> Option<Expr> {
        let is_open = |expr: &Expr| matches!(self.evaluate(expr), Ok(Outcome::Unknown));
        if !is_open(expr) {
            return None;
        }
        let Expr::Record(entries) = expr else { return Some(Expr::Record(Vec::new())) };
        let known = entries.iter().filter(|entry| match entry {
            Entry::One(_, expr) | Entry::Spread(expr) => !is_open(expr),
        });
        Some(Expr::Record(known.cloned().collect()))
    }

    fn property(
        &self,
        name: &str,
        expr: &Expr,
        files: &mut BTreeMap<String, FileRef>,
    ) -> Result<Option<Property>, Flaw> {
        let outcome = self.evaluate(expr).map_err(|error| self.flaw(name, &error))?;
        let no_json = |error: bp_eval::ValueError| {
            self.flaw(name, &EvalError { kind: ErrorKind::WrongType, message: error.to_string() })
        };
        match outcome {
            Outcome::Unknown => Ok(None),
            Outcome::Value(value) => {
                files_in(&value, &format!("/{name}"), files);
                Ok(Some(Property::Plain(bp_eval::to_json(&value).map_err(no_json)?)))
            }
            Outcome::Secret(_) if self.world.secrets.is_veiled() => {
                self.world.note_veil();
                Ok(None)
            }
            Outcome::Secret(of) => self.revealed(name, expr, of),
        }
    }

    fn revealed(
        &self,
        name: &str,
        expr: &Expr,
        of: BTreeSet<String>,
    ) -> Result<Option<Property>, Flaw> {
        let (id, act) = (self.id, self.act);
        let refuse = |message: String, help: Option<&String>| Flaw {
            property: Some(act.path()),
            help: help.cloned(),
            ..Flaw::new("E3028", message)
        };
        let names = listed(&of);
        let secrets = &self.world.secrets;
        if let Some(lacking) = of.iter().find(|name| secrets.missing(name).is_some()) {
            let why = secrets.why(lacking).map(|why| format!(", which is not known: {why}"));
            let why = why.unwrap_or_default();
            let message = format!("`{id}`: {act}: its `{name}` needs the secret {names}{why}");
            return Err(refuse(message, secrets.missing(lacking)));
        }
        // What exactly is wrong could say what the secret is.
        let wrong = || {
            let message =
                format!("`{id}`: {act}: its `{name}` has no value with the secret {names}");
            refuse(message, None)
        };
        let open = match self.world.revealing(|| self.evaluate(expr)) {
            Ok(Outcome::Value(value)) => bp_eval::to_json(&value).map_err(|_| wrong())?,
            Ok(Outcome::Unknown) => return Ok(None),
            Ok(Outcome::Secret(_)) | Err(_) => return Err(wrong()),
        };
        let made = self.world.tracing(|| self.evaluate(expr));
        let mut parts = Vec::new();
        secret_parts(&|expr| self.evaluate(expr), expr, Vec::new(), &mut parts);
        let is_later = life::stage(&act.operation).is_some_and(|s| s >= life::Stage::Prestop);
        if is_later && !parts.iter().all(|path| self.is_whole(&open, path, &of)) {
            let message = format!(
                "`{id}`: {act}: its `{name}` has a part that is made of the secret {names}: it may be called when no plan says any more how"
            );
            let help =
                "give the secret by itself, as an argument or a variable of its own".to_owned();
            return Err(refuse(message, Some(&help)));
        }
        Ok(Some(Property::Secret { open, of, parts, made }))
    }

    /// Whether this part is one secret and nothing more.
    fn is_whole(&self, open: &Json, path: &[String], of: &BTreeSet<String>) -> bool {
        let part = path.iter().try_fold(open, |part, step| part.get(step));
        let mut values = of.iter().filter_map(|name| self.world.secrets.value(name));
        values.any(|value| bp_eval::to_json(value).ok().as_ref() == part)
    }

    fn limits(&self) -> Result<Option<Limits>, Flaw> {
        let one = self.carried.implementation;
        let mut limits = Limits { backoff_ms: 1_000, ..Limits::default() };
        let parts = [
            ("timeout", &one.timeout),
            ("retries", &one.retries),
            ("backoff", &one.backoff),
            ("repeatable", &one.repeatable),
        ];
        for (name, expr) in parts {
            let Some(expr) = expr else { continue };
            let value = match self.evaluate(expr).map_err(|error| self.flaw(name, &error))? {
                Outcome::Value(value) => value,
                Outcome::Unknown => return Ok(None),
                Outcome::Secret(_) => {
                    return Err(self.flaw(name, &error(ErrorKind::Unavailable, "it is secret")));
                }
            };
            let wrong = |message: &str| self.flaw(name, &error(ErrorKind::Constraint, message));
            match (name, value) {
                (_, Value::Null) => {}
                ("timeout", Value::Quantity(time)) if time.amount > 0 => {
                    limits.timeout_ms = Some((time.amount / 1_000_000).max(1));
                }
                ("timeout", _) => return Err(wrong("a timeout is more than nothing")),
                ("retries", Value::Int(retries)) => {
                    limits.retries =
                        u32::try_from(retries).map_err(|_| wrong("`retries` counts: 0 or more"))?;
                }
                ("backoff", Value::Quantity(pause)) => limits.backoff_ms = pause.amount / 1_000_000,
                ("repeatable", Value::Bool(repeatable)) => limits.repeatable = repeatable,
                _ => return Err(wrong("it is of another type")),
            }
        }
        Ok(Some(limits))
    }

    /// The machine that it is to run on: what `on` says, else what is beneath the end that it is
    /// called on.
    fn machine(&self) -> Option<InstanceId> {
        if let Some(on) = &self.carried.implementation.on {
            let Ok(Outcome::Value(Value::Reference(on))) = self.evaluate(on) else { return None };
            return machine(self.world, &InstanceId::of(&on)?);
        }
        let end = match &self.link {
            Some(link) if self.act.is_on_target() => InstanceId::of(&link.target)?,
            _ => self.id.clone(),
        };
        host(self.world, &end).and_then(|host| machine(self.world, &host))
    }

    /// Whether something of what it gives is secret: of its result, or of an attribute that this sets.
    fn gives_secret(&self) -> bool {
        let types = &self.world.plan.data_types;
        self.carried.declared.result.as_ref().is_some_and(|kind| kind.holds_secret(types))
            || self.sets_secret()
    }

    fn sets_secret(&self) -> bool {
        let types = &self.world.plan.data_types;
        let mut names = self.carried.implementation.sets.keys();
        names.any(|name| self.attribute(name).is_some_and(|kind| kind.holds_secret(types)))
    }

    fn refuse(&self, message: &str) -> Flaw {
        let (id, act) = (self.id, self.act);
        Flaw {
            property: Some(act.path()),
            ..Flaw::new("E3002", format!("`{id}`: {act}: {message}"))
        }
    }

    fn gives(&self, result: Json, mark: Mark<'_>) -> Result<Given, Flaw> {
        let types = &self.world.plan.data_types;
        let kind = self.carried.declared.result.as_ref().unwrap_or(&Type::Json);
        let gives_secret = self.gives_secret();
        let value = bp_eval::from_json(result, kind, types).map_err(|error| {
            // What is wrong with it could say what the secret is.
            let why = if gives_secret { format!("it is no {kind}") } else { error.to_string() };
            self.refuse(&format!("its result: {why}"))
        })?;
        let mut namer = Namer::new(types, mark);
        let own = format!("{}.{}", self.id, self.act.operation);
        namer.of.clone_from(&own);
        let told = namer.named(value.clone(), kind);
        let is_open = matches!(told, Expr::Value(_)) && value != Value::Null;
        let mut attributes = BTreeMap::new();
        for (name, expr) in &self.carried.implementation.sets {
            let kind = self.attribute(name).ok_or_else(|| {
                let message =
                    format!("it sets `{name}`, which is no attribute that the plan knows");
                self.refuse(&message)
            })?;
            let made = match self.set(name, expr, &told)? {
                Expr::Value(value) => {
                    let value = bp_eval::conform(value, kind, types).map_err(|error| {
                        let why = if gives_secret { String::new() } else { format!(": {error}") };
                        self.refuse(&format!("its result does not fit `{name}`{why}"))
                    })?;
                    namer.of = format!("{}.{name}", self.id);
                    namer.named(value, kind)
                }
                _ if !kind.holds_secret(types) => {
                    return Err(self.refuse(&format!("`{name}` can't be set: it is secret")));
                }
                // It is made of another secret, too: what is open of the result must not stand beside that.
                _ if is_open => self.set(name, expr, &namer.hidden(&own, value.clone()))?,
                made => made,
            };
            if made == Expr::Value(Value::Null) {
                continue;
            }
            let json = sealed::written(&made)
                .map_err(|error| self.refuse(&format!("`{name}`: {error}")))?;
            let via = self.act.via.as_ref();
            let name = via.map_or_else(|| name.clone(), |via: &Via| via.attribute(name));
            attributes.insert(name, json);
        }
        // What an attribute is secret by, is no secret by the type of the result: then all of that is.
        let result = if is_open && self.sets_secret() { namer.hidden(&own, value) } else { told };
        Ok(Given { result, attributes, secrets: namer.found })
    }

    /// What an attribute is set to: its value; where it has secret parts, the expression that makes it.
    fn set(&self, name: &str, expr: &Expr, result: &Expr) -> Result<Expr, Flaw> {
        let wrong =
            |error: EvalError| self.refuse(&format!("its result does not give `{name}`: {error}"));
        let given = self.placed(expr);
        let given = given.with_locals(&[("result", result)]);
        let locals: Vec<(&str, Value)> =
            self.locals.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        match bp_eval::evaluate_with(&given, &self.site, &locals).map_err(wrong)? {
            Outcome::Value(value) => Ok(Expr::Value(value)),
            Outcome::Unknown => {
                Err(self.refuse(&format!("`{name}` can't be set: it is not known")))
            }
            Outcome::Secret(_) => {
                let locals: Vec<(String, Expr)> = self
                    .locals
                    .iter()
                    .map(|(name, value)| (name.clone(), Expr::Value(value.clone())))
                    .collect();
                let locals: Vec<(&str, &Expr)> =
                    locals.iter().map(|(name, of)| (name.as_str(), of)).collect();
                let made = bp_eval::fold(&given.with_locals(&locals), &self.site).map_err(wrong)?;
                if made.size() > MOST_PARTS {
                    return Err(self.refuse(&format!(
                        "what is made with a secret for `{name}` has more than {MOST_PARTS} parts, and is kept as it is made: make it of fewer"
                    )));
                }
                Ok(made)
            }
        }
    }

    fn attribute(&self, name: &str) -> Option<&'w Type> {
        let plan = &self.world.plan;
        match &self.link {
            None => plan.node_types.get(&self.node.kind)?.attributes.get(name),
            Some(link) => {
                plan.relationship_types.get(&link.requirement.relationship)?.attributes.get(name)
            }
        }
    }
}

/// What an instance is hosted on, where that is an instance.
fn host(world: &World, id: &InstanceId) -> Option<InstanceId> {
    let node = world.plan.nodes.get(&id.node)?;
    let mut hosts = node.requirements.iter().filter(|requirement| requirement.hosts);
    hosts.find_map(|requirement| {
        let targets: Vec<Reference> = world.targets(id, requirement).ok()?;
        targets.iter().find_map(InstanceId::of)
    })
}

/// The machine that an instance is, or that it stands on.
fn machine(world: &World, id: &InstanceId) -> Option<InstanceId> {
    let mut at = id.clone();
    let mut seen = BTreeSet::new();
    while seen.insert(at.clone()) {
        let kind = &world.plan.nodes.get(&at.node)?.kind;
        let extends = world.plan.node_types.get(kind).map(|of| of.extends.as_slice());
        if kind == MACHINE || extends.unwrap_or_default().iter().any(|of| of == MACHINE) {
            return Some(at);
        }
        at = host(world, &at)?;
    }
    None
}
