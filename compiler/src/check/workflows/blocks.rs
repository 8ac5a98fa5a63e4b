//! Blocks of steps: what is bound in them, whether their end is reached, and their handlers.

use bp_plan::workflow::{Block, FAILURE_CLASSES, Handler};
use bp_plan::{Phase, Type};

use super::Checker;
use crate::check::expr::{Local, Scope, check_local};
use crate::diagnostics::workflows as says;
use crate::source::{Place, Span};
use crate::syntax::ast::{self, StepKind};

/// How deep blocks may stand in one another: a plan nests no deeper than its reader allows.
const MOST_NESTED: usize = 10;

/// What stands around a block.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Around {
    /// How many blocks.
    depth: usize,
    /// Steps that run at the same time: a `parallel`, or a `for` with `max`.
    at_once: Option<Span>,
    /// The handler that this is in.
    handler: Option<&'static str>,
    /// It is the block of an `on failure` itself, which may end with `recover`.
    recovers: bool,
    /// Its steps begin together.
    is_parallel: bool,
}

impl Around {
    /// A block inside, whose steps follow each other.
    pub(super) fn inside(self) -> Self {
        Self { depth: self.depth + 1, recovers: false, is_parallel: false, ..self }
    }

    /// A block inside that runs beside others of its kind.
    pub(super) fn at_once(self, span: Span) -> Self {
        Self { at_once: Some(span), ..self.inside() }
    }

    /// A block inside whose steps begin together.
    pub(super) fn parallel(self, span: Span) -> Self {
        Self { is_parallel: true, ..self.at_once(span) }
    }

    fn handler(self, what: &'static str) -> Self {
        let recovers = what == "on failure";
        Self { handler: Some(what), recovers, ..self.inside() }
    }

    /// Why no `return` can stand here, where none can.
    pub(super) fn bars_return(&self) -> Option<(Span, &'static str)> {
        self.at_once.map(|span| (span, "several steps run at once here"))
    }

    /// The handler that this is in.
    pub(super) fn in_handler(&self) -> Option<&'static str> {
        self.handler
    }
}

/// A block that was checked.
pub(super) struct Checked {
    pub(super) block: Block,
    /// What comes after it is reached.
    pub(super) falls_through: bool,
    /// What its steps bind that is still known after a `parallel`.
    pub(super) made: Vec<Local>,
    /// It ends with `recover`.
    recovers: bool,
}

impl Checker<'_, '_> {
    pub(super) fn block(&mut self, steps: &[ast::Step], scope: &Scope, around: Around) -> Checked {
        let mut checked = Checked {
            block: Block::default(),
            falls_through: true,
            made: Vec::new(),
            recovers: false,
        };
        if around.depth > MOST_NESTED {
            if let Some(first) = steps.first() {
                let at = self.place(self.head_of(first));
                self.out.push(says::nests_too_deeply(at, MOST_NESTED));
            }
            return checked;
        }
        let (own, handlers): (Vec<&ast::Step>, Vec<&ast::Step>) =
            steps.iter().partition(|step| !is_handler(step));
        self.handlers_last(steps);
        self.own(&own, scope.clone(), around, &mut checked);
        for handler in handlers {
            self.handler(handler, scope, around, &mut checked);
        }
        checked
    }

    /// The steps themselves.
    fn own(&mut self, steps: &[&ast::Step], scope: Scope, around: Around, checked: &mut Checked) {
        // Names are taken from the first step on that has them, whoever can see them.
        let mut names = scope.clone();
        let mut scope = scope;
        let mut is_told = false;
        for (at, step) in steps.iter().enumerate() {
            if !checked.falls_through && !is_told && !around.is_parallel {
                let place = self.place(self.head_of(step));
                self.out.push(says::never_reached(place));
                is_told = true;
            }
            if matches!(step.kind, StepKind::Recover) {
                if around.recovers && at + 1 == steps.len() {
                    checked.recovers = true;
                } else {
                    self.out.push(says::misplaced_recover(self.place(step.span), around.recovers));
                }
                continue;
            }
            if let Some(name) = bound(step) {
                check_local(self.program, &names, name, self.out);
            }
            let told = self.out.len();
            let done = self.step(step, &scope, around);
            if around.is_parallel {
                self.not_beside(steps, told);
            }
            checked.falls_through &= done.falls_through;
            names = done.locals.iter().cloned().fold(names, Scope::with);
            if around.is_parallel {
                checked.made.extend(done.locals);
            } else {
                scope = done.locals.into_iter().fold(scope, Scope::with);
                if let Some((condition, holds)) = done.given {
                    scope = scope.given(condition, holds);
                }
            }
            checked.block.steps.extend(done.step);
        }
    }

    /// What was told since of names that other steps of the same `parallel` bind.
    fn not_beside(&mut self, steps: &[&ast::Step], told: usize) {
        for one in self.out.iter_mut().skip(told).filter(|one| one.code == "E3001") {
            let Some(file) = self.program.sources.file(one.place.file) else { continue };
            let name = file.slice(one.place.span);
            let made = steps.iter().filter_map(|step| bound(step)).find(|made| made.text == name);
            if let Some(made) = made {
                *one = says::not_beside(one.place, name, Place { span: made.span, ..one.place });
            }
        }
    }

    fn handler(&mut self, step: &ast::Step, scope: &Scope, around: Around, checked: &mut Checked) {
        match &step.kind {
            StepKind::OnFailure(steps) if checked.block.on_failure.is_none() => {
                let classes = FAILURE_CLASSES.iter().map(|class| Type::Literal((*class).into()));
                let fields = [
                    ("class".to_owned(), Type::Union(classes.collect())),
                    ("message".to_owned(), Type::String),
                ];
                let error = Type::Record(fields.into());
                let scope = scope.clone().with(Local::variable("error", error, Phase::Run));
                let inner = self.block(steps, &scope, around.handler("on failure"));
                if inner.recovers {
                    checked.falls_through = true;
                    // What failed has perhaps made none of them.
                    checked.made.clear();
                }
                checked.block.on_failure =
                    Some(Handler { body: Box::new(inner.block), recovers: inner.recovers });
            }
            StepKind::OnCancel(steps) if checked.block.on_cancel.is_none() => {
                let inner = self.block(steps, scope, around.handler("on cancel"));
                checked.block.on_cancel = Some(Box::new(inner.block));
            }
            // A second one was told.
            _ => {}
        }
    }

    /// Handlers stand last, one of each kind.
    fn handlers_last(&mut self, steps: &[ast::Step]) {
        let mut first: [Option<Span>; 2] = [None, None];
        let mut last_handler: Option<Span> = None;
        for step in steps {
            let (slot, what) = match step.kind {
                StepKind::OnFailure(_) => (0, "on failure"),
                StepKind::OnCancel(_) => (1, "on cancel"),
                _ => {
                    if let Some(handler) = last_handler.take() {
                        let at = self.place(self.head_of(step));
                        self.out.push(says::step_after_handler(at, self.place(handler)));
                    }
                    continue;
                }
            };
            let head = self.head_of(step);
            match first.get_mut(slot) {
                Some(Some(before)) => {
                    let before = *before;
                    let (at, before) = (self.place(head), self.place(before));
                    self.out.push(says::second_handler(at, what, before));
                }
                Some(empty) => *empty = Some(head),
                None => {}
            }
            last_handler = Some(head);
        }
    }

    /// The first words of a step: all of it up to its block or the end of its line.
    pub(super) fn head_of(&self, step: &ast::Step) -> Span {
        let text = self.program.sources.file(self.program.file);
        let text = text.map(|file| file.slice(step.span)).unwrap_or_default();
        let head = text.split(['{', '\n', '\r']).next().unwrap_or_default().trim_end();
        let length = u32::try_from(head.len()).unwrap_or_default();
        Span::new(step.span.start, (step.span.start + length).min(step.span.end))
    }
}

fn is_handler(step: &ast::Step) -> bool {
    matches!(step.kind, StepKind::OnFailure(_) | StepKind::OnCancel(_))
}

/// The name that a step binds for those after it.
fn bound(step: &ast::Step) -> Option<&ast::Name> {
    match &step.kind {
        StepKind::Call { result, .. } | StepKind::Run { result, .. } => result.as_ref(),
        StepKind::Let { name, .. } => Some(name),
        _ => None,
    }
}
