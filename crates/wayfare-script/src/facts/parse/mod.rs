//! The reader of scripts: statements.
//!
//! In: a text. Out: its tree, or the first place where it is none of the language that scripts are written
//! in. Depth is bounded, so that nothing here or behind it recurses further than that.

mod expr;

use std::{collections::BTreeSet, rc::Rc};

use super::{
    problem::Unreadable,
    token::{Kind, Token, tokens},
    tree::{Expr, ExprKind, Function, Script, Stmt, StmtKind},
};

/// How deep statements, brackets and functions may be nested.
const NESTING_MAX: u32 = 64;

pub(super) struct Parser {
    tokens: Vec<Token>,
    at: usize,
    nesting: u32,
    functions: Vec<Function>,
    /// The functions that are being read, innermost last.
    open: Vec<usize>,
    /// The names that are declared outside of functions.
    globals: BTreeSet<Rc<str>>,
    /// Whether `in` is no operator here.
    no_in: bool,
    end: Token,
}

/// Reads a script.
pub(crate) fn parse(text: &str) -> Result<Script, Unreadable> {
    let tokens = tokens(text)?;
    let end = Token {
        kind: Kind::End,
        line: tokens.last().map_or(1, |token| token.line),
        fresh: true,
    };
    let mut parser = Parser {
        tokens,
        at: 0,
        nesting: 0,
        functions: Vec::new(),
        open: Vec::new(),
        globals: BTreeSet::new(),
        no_in: false,
        end,
    };
    let mut body = Vec::new();
    // BOUND: each turn takes at least one token.
    while parser.peek().kind != Kind::End {
        body.push(parser.statement()?);
    }
    Ok(Script {
        body,
        functions: parser.functions,
        globals: parser.globals,
    })
}

type Parsed<T> = Result<T, Unreadable>;

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&self.end)
    }

    fn peek_at(&self, ahead: usize) -> &Token {
        self.tokens.get(self.at + ahead).unwrap_or(&self.end)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn line(&self) -> u32 {
        self.peek().line
    }

    fn fail<T>(&self, why: &'static str) -> Parsed<T> {
        Err(Unreadable::new(self.line(), why))
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(&self.peek().kind, Kind::Sign(found) if *found == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.peek().kind, Kind::Word(found) if &**found == word)
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, sign: &str) -> Parsed<()> {
        if self.sign(sign) {
            return Ok(());
        }
        self.fail("something else is expected here")
    }

    fn name(&mut self) -> Parsed<Rc<str>> {
        match self.next().kind {
            Kind::Word(word) if !is_reserved(&word) => Ok(word),
            _ => self.fail("a name is expected here"),
        }
    }

    /// Goes in, as deep as may be.
    fn within<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting >= NESTING_MAX {
            return self.fail("it is nested too deep");
        }
        self.nesting += 1;
        let read = read(self);
        self.nesting -= 1;
        read
    }

    fn semicolon(&mut self) -> Parsed<()> {
        let may_end = self.is_sign("}") || self.peek().fresh || self.peek().kind == Kind::End;
        if self.sign(";") || may_end {
            return Ok(());
        }
        self.fail("a statement goes on where it should end")
    }

    fn block(&mut self) -> Parsed<Vec<Stmt>> {
        self.need("{")?;
        let mut body = Vec::new();
        // BOUND: each turn takes at least one token.
        while !self.sign("}") {
            if self.peek().kind == Kind::End {
                return self.fail("a block is not closed");
            }
            body.push(self.statement()?);
        }
        Ok(body)
    }

    fn statement(&mut self) -> Parsed<Stmt> {
        let line = self.line();
        let kind = self.within(Self::statement_kind)?;
        Ok(Stmt { kind, line })
    }

    fn statement_kind(&mut self) -> Parsed<StmtKind> {
        if self.is_sign("{") {
            return Ok(StmtKind::Block(self.block()?));
        }
        if self.sign(";") {
            return Ok(StmtKind::Empty);
        }
        let Kind::Word(word) = self.peek().kind.clone() else {
            return self.expression_statement();
        };
        let is_label = matches!(self.peek_at(1).kind, Kind::Sign(":"));
        if is_label && !is_reserved(&word) {
            self.at += 2;
            return Ok(StmtKind::Labeled(word, Box::new(self.statement()?)));
        }
        match &*word {
            "var" | "const" => self.declaration(),
            "let" if matches!(self.peek_at(1).kind, Kind::Word(_) | Kind::Sign("{" | "[")) => {
                self.declaration()
            }
            "function" => self.function_statement(),
            "return" => self.with_value(StmtKind::Return),
            "throw" => {
                self.at += 1;
                let thrown = self.expression()?;
                self.semicolon()?;
                Ok(StmtKind::Throw(thrown))
            }
            "if" => self.conditional(),
            "for" => self.for_loop(),
            "while" => {
                self.at += 1;
                let test = self.in_brackets()?;
                Ok(StmtKind::While(test, Box::new(self.statement()?)))
            }
            "do" => self.do_loop(),
            "break" | "continue" => self.jump(&word),
            "try" => self.attempt(),
            "switch" => self.switch(),
            "with" => {
                self.at += 1;
                let object = self.in_brackets()?;
                Ok(StmtKind::With(object, Box::new(self.statement()?)))
            }
            "class" | "import" | "export" | "async" | "enum" => {
                self.fail("a form that is not read here")
            }
            _ => self.expression_statement(),
        }
    }

    fn expression_statement(&mut self) -> Parsed<StmtKind> {
        let expr = self.expression()?;
        self.semicolon()?;
        Ok(StmtKind::Expr(expr))
    }

    fn in_brackets(&mut self) -> Parsed<Expr> {
        self.need("(")?;
        let expr = self.expression()?;
        self.need(")")?;
        Ok(expr)
    }

    fn declaration(&mut self) -> Parsed<StmtKind> {
        let declared = self.declared()?;
        self.semicolon()?;
        Ok(declared)
    }

    fn declared(&mut self) -> Parsed<StmtKind> {
        self.at += 1;
        let mut list = Vec::new();
        // BOUND: each turn takes at least one token.
        loop {
            let target = self.target()?;
            self.declare(&target);
            let value = if self.sign("=") {
                Some(self.assignment()?)
            } else {
                None
            };
            list.push((target, value));
            if !self.sign(",") {
                return Ok(StmtKind::Declare(list));
            }
        }
    }

    /// A name or a pattern.
    fn target(&mut self) -> Parsed<Expr> {
        if self.is_sign("{") || self.is_sign("[") {
            return self.primary();
        }
        let line = self.line();
        Ok(Expr {
            kind: ExprKind::Name(self.name()?),
            line,
            depth: 1,
        })
    }

    fn function_statement(&mut self) -> Parsed<StmtKind> {
        self.at += 1;
        if self.is_sign("*") {
            return self.fail("a generator is not read here");
        }
        let name = self.name()?;
        self.declare_name(&name);
        let function = self.function(None)?;
        Ok(StmtKind::Function(name, function))
    }

    /// Parameters and body of a function, which may have a name of its own inside.
    fn function(&mut self, name: Option<Rc<str>>) -> Parsed<usize> {
        let at = self.begin();
        if let Some(name) = &name {
            self.declare_name(name);
        }
        let params = self.params()?;
        let body = self.within(|parser| {
            let no_in = std::mem::take(&mut parser.no_in);
            let body = parser.block();
            parser.no_in = no_in;
            body
        })?;
        self.end(at, name, params, body);
        Ok(at)
    }

    /// Begins a function: what is declared from here on is its own.
    fn begin(&mut self) -> usize {
        let at = self.functions.len();
        let parent = self.open.last().copied();
        if let Some(parent) = parent.and_then(|parent| self.functions.get_mut(parent)) {
            parent.has_functions = true;
        }
        self.functions.push(Function {
            parent,
            ..Function::default()
        });
        self.open.push(at);
        at
    }

    fn end(
        &mut self,
        at: usize,
        name: Option<Rc<str>>,
        params: Vec<(Expr, Option<Expr>)>,
        body: Vec<Stmt>,
    ) {
        self.open.pop();
        if let Some(function) = self.functions.get_mut(at) {
            function.name = name;
            function.params = params;
            function.body = body;
        }
    }

    fn declare_name(&mut self, name: &Rc<str>) {
        let function = self.open.last().and_then(|at| self.functions.get_mut(*at));
        let names = match function {
            Some(function) => &mut function.names,
            None => &mut self.globals,
        };
        names.insert(Rc::clone(name));
    }

    /// Notes the names of a pattern as declared here.
    fn declare(&mut self, target: &Expr) {
        for name in names_of(target) {
            self.declare_name(&name);
        }
    }

    fn params(&mut self) -> Parsed<Vec<(Expr, Option<Expr>)>> {
        self.need("(")?;
        let mut params = Vec::new();
        // BOUND: each turn takes at least one token.
        while !self.sign(")") {
            let line = self.line();
            let spread = self.sign("...");
            let mut target = self.target()?;
            if spread {
                target = Expr {
                    depth: target.depth.saturating_add(1),
                    kind: ExprKind::Spread(Box::new(target)),
                    line,
                };
            }
            self.declare(&target);
            let default = if self.sign("=") {
                Some(self.assignment()?)
            } else {
                None
            };
            params.push((target, default));
            if !self.sign(",") && !self.is_sign(")") {
                return self.fail("a parameter is expected here");
            }
        }
        Ok(params)
    }

    fn with_value(&mut self, of: fn(Option<Expr>) -> StmtKind) -> Parsed<StmtKind> {
        self.at += 1;
        let ends = self.is_sign(";") || self.is_sign("}") || self.peek().fresh;
        if ends || self.peek().kind == Kind::End {
            self.sign(";");
            return Ok(of(None));
        }
        let value = self.expression()?;
        self.semicolon()?;
        Ok(of(Some(value)))
    }

    fn conditional(&mut self) -> Parsed<StmtKind> {
        let mut arms = Vec::new();
        // BOUND: each turn takes at least one token.
        loop {
            self.at += 1;
            let test = self.in_brackets()?;
            arms.push((test, self.statement()?));
            if !self.word("else") {
                return Ok(StmtKind::If(arms, None));
            }
            if !self.is_word("if") {
                return Ok(StmtKind::If(arms, Some(Box::new(self.statement()?))));
            }
        }
    }

    fn for_loop(&mut self) -> Parsed<StmtKind> {
        self.at += 1;
        if self.is_word("each") || self.is_word("await") {
            return self.fail("a form of loop that is not read here");
        }
        self.need("(")?;
        self.no_in = true;
        let head = self.for_head();
        self.no_in = false;
        let init = head?;
        let each = self.word("in") || self.word("of");
        if each {
            let object = self.expression()?;
            self.need(")")?;
            let body = Box::new(self.statement()?);
            let target = match init.map(|stmt| stmt.kind) {
                Some(StmtKind::Declare(list)) => list.into_iter().next().map(|(target, _)| target),
                Some(StmtKind::Expr(target)) => Some(target),
                _ => None,
            };
            let Some(target) = target else {
                return self.fail("a loop over nothing");
            };
            return Ok(StmtKind::ForEach {
                target,
                object,
                body,
            });
        }
        self.need(";")?;
        let test = if self.is_sign(";") {
            None
        } else {
            Some(self.expression()?)
        };
        self.need(";")?;
        let update = if self.is_sign(")") {
            None
        } else {
            Some(self.expression()?)
        };
        self.need(")")?;
        Ok(StmtKind::For {
            init: init.map(Box::new),
            test,
            update,
            body: Box::new(self.statement()?),
        })
    }

    fn for_head(&mut self) -> Parsed<Option<Stmt>> {
        let line = self.line();
        if self.is_sign(";") {
            return Ok(None);
        }
        let declares = self.is_word("var") || self.is_word("let") || self.is_word("const");
        let kind = if declares {
            self.declared()?
        } else {
            StmtKind::Expr(self.expression()?)
        };
        Ok(Some(Stmt { kind, line }))
    }

    fn do_loop(&mut self) -> Parsed<StmtKind> {
        self.at += 1;
        let body = Box::new(self.statement()?);
        if !self.word("while") {
            return self.fail("`while` is expected here");
        }
        let test = self.in_brackets()?;
        self.sign(";");
        Ok(StmtKind::DoWhile(body, test))
    }

    fn jump(&mut self, word: &str) -> Parsed<StmtKind> {
        self.at += 1;
        let label = match &self.peek().kind {
            Kind::Word(label) if !self.peek().fresh && !is_reserved(label) => {
                Some(Rc::clone(label))
            }
            _ => None,
        };
        self.at += usize::from(label.is_some());
        self.semicolon()?;
        Ok(if word == "break" {
            StmtKind::Break(label)
        } else {
            StmtKind::Continue(label)
        })
    }

    fn attempt(&mut self) -> Parsed<StmtKind> {
        self.at += 1;
        let block = self.block()?;
        let (mut param, mut catch, mut finally) = (None, None, None);
        if self.word("catch") {
            if self.sign("(") {
                let target = self.target()?;
                self.declare(&target);
                param = Some(target);
                // A guarded `catch` of the older engine would go on elsewhere.
                self.need(")")?;
            }
            catch = Some(self.block()?);
        }
        if self.word("finally") {
            finally = Some(self.block()?);
        }
        if catch.is_none() && finally.is_none() {
            return self.fail("`catch` or `finally` is expected here");
        }
        Ok(StmtKind::Try {
            block,
            param,
            catch,
            finally,
        })
    }

    fn switch(&mut self) -> Parsed<StmtKind> {
        self.at += 1;
        let of = self.in_brackets()?;
        self.need("{")?;
        let mut cases = Vec::new();
        // BOUND: each turn takes at least one token.
        while !self.sign("}") {
            let test = if self.word("default") {
                None
            } else if self.word("case") {
                Some(self.expression()?)
            } else {
                return self.fail("`case` is expected here");
            };
            self.need(":")?;
            let mut body = Vec::new();
            // BOUND: each turn takes at least one token.
            while !(self.is_word("case") || self.is_word("default") || self.is_sign("}")) {
                if self.peek().kind == Kind::End {
                    return self.fail("a switch is not closed");
                }
                body.push(self.statement()?);
            }
            cases.push((test, body));
        }
        Ok(StmtKind::Switch(of, cases))
    }
}

/// The names that a pattern gives values to.
pub(super) fn names_of(target: &Expr) -> Vec<Rc<str>> {
    let mut names = Vec::new();
    let mut open = vec![target];
    // BOUND: each part of the pattern is looked at once.
    while let Some(part) = open.pop() {
        match &part.kind {
            ExprKind::Name(name) => names.push(Rc::clone(name)),
            ExprKind::Spread(of) => open.push(of),
            ExprKind::Array(list) => open.extend(list),
            ExprKind::Object(members) => open.extend(members.iter().map(|(_, value)| value)),
            ExprKind::Assign(_, pair) => open.extend(pair.first()),
            _ => {}
        }
    }
    names
}

/// Words that are no names.
fn is_reserved(word: &str) -> bool {
    matches!(
        word,
        "break"
            | "case"
            | "catch"
            | "class"
            | "const"
            | "continue"
            | "debugger"
            | "default"
            | "delete"
            | "do"
            | "else"
            | "enum"
            | "export"
            | "extends"
            | "false"
            | "finally"
            | "for"
            | "function"
            | "if"
            | "import"
            | "in"
            | "instanceof"
            | "new"
            | "null"
            | "return"
            | "super"
            | "switch"
            | "this"
            | "throw"
            | "true"
            | "try"
            | "typeof"
            | "var"
            | "void"
            | "while"
            | "with"
            | "yield"
            | "await"
    )
}
