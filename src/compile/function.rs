//! The functions of the language: a closed table with their types.

use std::sync::Arc;

use crate::{
    codes,
    compile::{
        context::Cx,
        expr::{Known, Reading, There, Typed, check_pattern},
        raw::RawKind,
    },
    diagnostic::Diagnostic,
    model::{
        expr::{Expr, Function},
        value::{Type, Value},
    },
    source::Span,
    syntax::ast,
};

/// The types a function takes and gives; `contains` and `len` take lists besides.
fn types(function: Function) -> (&'static [Type], Type) {
    match function {
        Function::Lower | Function::Upper | Function::Trim => (&[Type::Text], Type::Text),
        Function::Len | Function::Int => (&[Type::Text], Type::Int),
        Function::StartsWith
        | Function::EndsWith
        | Function::Contains
        | Function::Matches
        | Function::Before
        | Function::After => (&[Type::Text, Type::Text], Type::Bool),
        Function::Age => (&[Type::Text], Type::Duration),
        Function::Now => (&[], Type::Text),
    }
}

impl<'a> Cx<'a> {
    pub(super) fn call(
        &mut self,
        name: &'a ast::Name,
        arguments: &'a [ast::Expr],
        span: Span,
        reading: Reading<'_>,
        known: &Known<'_>,
    ) -> Typed {
        let found = Function::ALL.iter().find(|(_, word)| *word == name.text);
        let mut read = There::new();
        let mut typed = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let inner = Known {
                outer: Some(known),
                slots: &read,
            };
            let argument = self.expr(argument, reading, &inner);
            // Every argument is read before the call.
            let both = argument.when_true.intersection(&argument.when_false);
            read.extend(both.cloned());
            typed.push(argument);
        }
        let Some((function, _)) = found.copied() else {
            self.unknown_function(name);
            return Typed::broken(span);
        };
        let ty = self.call_type(function, name, arguments, &typed, reading);
        let arguments = typed.into_iter().map(|t| t.expr).collect();
        Typed {
            expr: Expr::Call(function, arguments),
            ty,
            span,
            when_true: read.clone(),
            when_false: read,
        }
    }

    fn unknown_function(&mut self, name: &ast::Name) {
        let words: Vec<&str> = Function::ALL.iter().map(|(_, word)| *word).collect();
        let mut finding = Diagnostic::new(
            codes::UNKNOWN_FUNCTION,
            name.span,
            format!("there is no function `{}`", name.text),
        )
        .expected(format!("one of `{}`", words.join("`, `")));
        if let Some(meant) = self.nearest(&name.text, words) {
            finding = finding.fix(format!("did you mean `{meant}`?"), name.span, meant);
        }
        self.report(finding);
    }

    fn call_type(
        &mut self,
        function: Function,
        name: &ast::Name,
        written: &'a [ast::Expr],
        arguments: &[Typed],
        reading: Reading<'_>,
    ) -> Option<Type> {
        let (takes, gives) = types(function);
        if takes.len() != arguments.len() {
            let count = |n: usize| match n {
                0 => "no arguments".to_owned(),
                1 => "one argument".to_owned(),
                n => format!("{n} arguments"),
            };
            self.report(
                Diagnostic::new(
                    codes::WRONG_TYPE,
                    name.span,
                    format!(
                        "`{}` takes {}, and here are {}",
                        name.text,
                        count(takes.len()),
                        arguments.len()
                    ),
                )
                .expected(count(takes.len())),
            );
            return None;
        }
        if matches!(function, Function::Len | Function::Contains)
            && let Some(Type::List(of)) = arguments.first().and_then(|a| a.ty.as_ref())
        {
            return self.list_call(function, of, arguments);
        }
        let mut fits = true;
        for (argument, ty) in arguments.iter().zip(takes) {
            let what = format!("`{}`", name.text);
            fits &= self.expect_type(argument, ty, &what);
        }
        if function == Function::Matches && fits {
            fits = self.pattern(written, arguments, reading);
        }
        fits.then_some(gives)
    }

    /// The type of `len([T])` and `contains([T], T)`.
    fn list_call(&mut self, function: Function, of: &Type, arguments: &[Typed]) -> Option<Type> {
        if function == Function::Len {
            return Some(Type::Int);
        }
        let second = arguments.get(1)?;
        let fits = *of == Type::Any || self.expect_type(second, of, "`contains`");
        fits.then_some(Type::Bool)
    }

    fn pattern(
        &mut self,
        written: &'a [ast::Expr],
        arguments: &[Typed],
        reading: Reading<'_>,
    ) -> bool {
        let (Some(second), Some(typed)) = (written.get(1), arguments.get(1)) else {
            return false;
        };
        let raw = match &second.kind {
            ast::ExprKind::Literal(value) => self.raw(value, reading.place),
            ast::ExprKind::Path(path) => self.raw_reference(path, reading.place),
            _ => crate::compile::raw::Raw::broken(second.span),
        };
        match (&raw.kind, &typed.expr) {
            (RawKind::Text(pattern), Expr::Literal(Value::Text(_))) => {
                let pattern = Arc::clone(pattern);
                check_pattern(self, &raw, &pattern)
            }
            (RawKind::Hole(_), _) => true,
            _ => {
                self.report(
                    Diagnostic::new(
                        codes::BAD_PATTERN,
                        typed.span,
                        "the pattern of `matches` must be known when compiled",
                    )
                    .expected("a text without `${…}`, or a constant"),
                );
                false
            }
        }
    }
}
