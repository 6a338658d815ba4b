//! The reader of scripts: expressions.

use std::rc::Rc;

use super::{Parsed, Parser, is_reserved};
use crate::facts::{
    token::Kind,
    tree::{Expr, ExprKind, Key, Stmt, StmtKind},
};

/// How deep an expression may be, chains of calls included.
const DEPTH_MAX: u16 = 160;

/// Operators with two operands, loosest first; `+` and the logical ones are gathered.
const LEVELS: &[&[&str]] = &[
    &["??"],
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!=", "===", "!=="],
    &["<", ">", "<=", ">=", "in", "instanceof"],
    &["<<", ">>", ">>>"],
    &["+", "-"],
    &["*", "/", "%"],
    &["**"],
];

const ASSIGNMENTS: &[&str] = &[
    "=", "+=", "-=", "*=", "/=", "%=", "**=", "<<=", ">>=", ">>>=", "&=", "|=", "^=", "&&=", "||=",
    "??=",
];

fn deepest<'e>(parts: impl IntoIterator<Item = &'e Expr>) -> u16 {
    parts.into_iter().map(|part| part.depth).max().unwrap_or(0)
}

impl Parser {
    fn node(&self, line: u32, kind: ExprKind, below: u16) -> Parsed<Expr> {
        if below >= DEPTH_MAX {
            return self.fail("an expression is too deep");
        }
        Ok(Expr {
            kind,
            line,
            depth: below + 1,
        })
    }

    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        let line = self.line();
        let first = self.assignment()?;
        if !self.is_sign(",") {
            return Ok(first);
        }
        let mut list = vec![first];
        // BOUND: each turn takes a token.
        while self.sign(",") {
            list.push(self.assignment()?);
        }
        let below = deepest(&list);
        self.node(line, ExprKind::Sequence(list), below)
    }

    pub(super) fn assignment(&mut self) -> Parsed<Expr> {
        self.within(Self::assignment_within)
    }

    fn assignment_within(&mut self) -> Parsed<Expr> {
        let line = self.line();
        if let Some(arrow) = self.arrow()? {
            return Ok(arrow);
        }
        if self.is_word("yield") || self.is_word("await") {
            return self.fail("a form that is not read here");
        }
        let left = self.conditional_expression()?;
        let Kind::Sign(sign) = self.peek().kind else {
            return Ok(left);
        };
        if !ASSIGNMENTS.contains(&sign) {
            return Ok(left);
        }
        self.at += 1;
        let right = self.assignment()?;
        let below = left.depth.max(right.depth);
        self.node(line, ExprKind::Assign(sign, Box::new([left, right])), below)
    }

    /// An arrow function, where one begins here.
    fn arrow(&mut self) -> Parsed<Option<Expr>> {
        let line = self.line();
        let is_name = match &self.peek().kind {
            Kind::Word(word) => {
                !is_reserved(word) && matches!(self.peek_at(1).kind, Kind::Sign("=>"))
            }
            _ => false,
        };
        if !(is_name || self.is_sign("(") && self.is_arrow_ahead()) {
            return Ok(None);
        }
        let at = self.begin();
        let params = if is_name {
            let target = self.target()?;
            self.declare(&target);
            vec![(target, None)]
        } else {
            self.params()?
        };
        self.need("=>")?;
        let body = if self.is_sign("{") {
            self.block()?
        } else {
            let value = self.assignment()?;
            let line = value.line;
            vec![Stmt {
                kind: StmtKind::Return(Some(value)),
                line,
            }]
        };
        self.end(at, None, params, body);
        if let Some(function) = self.functions.get_mut(at) {
            function.is_arrow = true;
        }
        self.node(line, ExprKind::Function(at), 0).map(Some)
    }

    /// Whether the bracket that opens here closes before `=>`.
    fn is_arrow_ahead(&self) -> bool {
        let mut open = 0_u32;
        // BOUND: the tokens there are.
        for ahead in 0.. {
            match self.peek_at(ahead).kind {
                Kind::Sign("(" | "[" | "{") => open += 1,
                Kind::Sign(")" | "]" | "}") => {
                    open = open.saturating_sub(1);
                    if open == 0 {
                        return matches!(self.peek_at(ahead + 1).kind, Kind::Sign("=>"));
                    }
                }
                // Long heads of functions are few, and a longer one is read as no arrow, which fails.
                Kind::End => return false,
                _ if ahead > 400 => return false,
                _ => {}
            }
        }
        false
    }

    fn conditional_expression(&mut self) -> Parsed<Expr> {
        let line = self.line();
        let test = self.binary(0)?;
        if !self.sign("?") {
            return Ok(test);
        }
        let no_in = std::mem::take(&mut self.no_in);
        let then = self.assignment();
        self.no_in = no_in;
        let then = then?;
        self.need(":")?;
        let other = self.assignment()?;
        let parts = [test, then, other];
        let below = deepest(&parts);
        self.node(line, ExprKind::Conditional(Box::new(parts)), below)
    }

    fn operator(&self, level: usize) -> Option<&'static str> {
        let signs = LEVELS.get(level)?;
        match &self.peek().kind {
            Kind::Sign(sign) => signs.iter().find(|known| *known == sign).copied(),
            Kind::Word(word) if !(self.no_in && &**word == "in") => {
                signs.iter().copied().find(|known| *known == &**word)
            }
            _ => None,
        }
    }

    fn binary(&mut self, level: usize) -> Parsed<Expr> {
        if level >= LEVELS.len() {
            return self.unary();
        }
        let line = self.line();
        let mut left = self.binary(level + 1)?;
        let mut joined: Option<&str> = None;
        // BOUND: each turn takes a token.
        while let Some(sign) = self.operator(level) {
            self.at += 1;
            let right = self.binary(level + 1)?;
            let below = left.depth.max(right.depth);
            let logical = matches!(sign, "&&" | "||" | "??");
            let gathers = logical || sign == "+";
            match &mut left.kind {
                ExprKind::Binary(_, list) | ExprKind::Logical(_, list)
                    if gathers && joined == Some(sign) =>
                {
                    left.depth = left.depth.max(right.depth.saturating_add(1));
                    list.push(right);
                }
                _ => {
                    let list = vec![left, right];
                    let kind = if logical {
                        ExprKind::Logical(sign, list)
                    } else {
                        ExprKind::Binary(sign, list)
                    };
                    left = self.node(line, kind, below)?;
                }
            }
            joined = Some(sign);
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let line = self.line();
        let sign = match &self.peek().kind {
            Kind::Sign(sign) if matches!(*sign, "!" | "-" | "+" | "~" | "++" | "--") => *sign,
            Kind::Word(word) => match &**word {
                "typeof" => "typeof",
                "delete" => "delete",
                "void" => "void",
                _ => return self.postfix(),
            },
            _ => return self.postfix(),
        };
        self.at += 1;
        let of = Box::new(self.within(Self::unary)?);
        let below = of.depth;
        let kind = match sign {
            "typeof" => ExprKind::Typeof(of),
            "delete" => ExprKind::Delete(of),
            "++" | "--" => ExprKind::Update(sign, of),
            _ => ExprKind::Unary(sign, of),
        };
        self.node(line, kind, below)
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        let line = self.line();
        let of = self.chain()?;
        let mut signs = ["++", "--"].into_iter();
        let Some(sign) = signs
            .find(|sign| self.is_sign(sign))
            .filter(|_| !self.peek().fresh)
        else {
            return Ok(of);
        };
        self.at += 1;
        let below = of.depth;
        self.node(line, ExprKind::Update(sign, Box::new(of)), below)
    }

    fn chain(&mut self) -> Parsed<Expr> {
        let mut of = if self.is_word("new") {
            self.construction()?
        } else {
            self.primary()?
        };
        // BOUND: each turn takes a token.
        loop {
            let line = self.line();
            let below = of.depth;
            of = match &self.peek().kind {
                Kind::Sign(sign @ ("." | "?.")) => {
                    let optional = *sign == "?.";
                    self.at += 1;
                    if optional && (self.is_sign("(") || self.is_sign("[")) {
                        continue;
                    }
                    let Kind::Word(word) = self.next().kind else {
                        return self.fail("a name is expected here");
                    };
                    self.node(line, ExprKind::Member(Box::new(of), word), below)?
                }
                Kind::Sign("[") => self.index(of)?,
                Kind::Sign("(") => {
                    let arguments = self.arguments()?;
                    let below = below.max(deepest(&arguments));
                    self.node(line, ExprKind::Call(Box::new(of), arguments), below)?
                }
                Kind::Template(..) => return self.fail("a form that is not read here"),
                _ => return Ok(of),
            };
        }
    }

    fn index(&mut self, of: Expr) -> Parsed<Expr> {
        let line = self.line();
        self.at += 1;
        let no_in = std::mem::take(&mut self.no_in);
        let at = self.expression();
        self.no_in = no_in;
        let at = at?;
        self.need("]")?;
        let below = of.depth.max(at.depth);
        let kind = match at.kind {
            ExprKind::Text(name) => ExprKind::Member(Box::new(of), name),
            _ => ExprKind::Index(Box::new([of, at])),
        };
        self.node(line, kind, below)
    }

    fn construction(&mut self) -> Parsed<Expr> {
        let line = self.line();
        self.at += 1;
        let mut of = if self.is_word("new") {
            self.within(Self::construction)?
        } else {
            self.primary()?
        };
        // BOUND: each turn takes a token.
        loop {
            if self.sign(".") {
                let Kind::Word(word) = self.next().kind else {
                    return self.fail("a name is expected here");
                };
                let below = of.depth;
                of = self.node(line, ExprKind::Member(Box::new(of), word), below)?;
            } else if self.is_sign("[") {
                of = self.index(of)?;
            } else {
                break;
            }
        }
        let arguments = if self.is_sign("(") {
            self.arguments()?
        } else {
            Vec::new()
        };
        let below = of.depth.max(deepest(&arguments));
        self.node(line, ExprKind::New(Box::new(of), arguments), below)
    }

    fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        self.need("(")?;
        self.list(")")
    }

    /// Values up to a closing bracket; places between commas that are left out are dropped.
    fn list(&mut self, close: &str) -> Parsed<Vec<Expr>> {
        let no_in = std::mem::take(&mut self.no_in);
        let list = self.list_within(close);
        self.no_in = no_in;
        list
    }

    fn list_within(&mut self, close: &str) -> Parsed<Vec<Expr>> {
        let mut list = Vec::new();
        // BOUND: each turn takes at least one token.
        loop {
            if self.sign(close) {
                return Ok(list);
            }
            if self.sign(",") {
                continue;
            }
            let line = self.line();
            let spread = self.sign("...");
            let mut value = self.assignment()?;
            if spread {
                let below = value.depth;
                value = self.node(line, ExprKind::Spread(Box::new(value)), below)?;
            }
            list.push(value);
            if !self.is_sign(",") && !self.is_sign(close) {
                return self.fail("something else is expected in a list");
            }
        }
    }

    pub(super) fn primary(&mut self) -> Parsed<Expr> {
        let token = self.next();
        let line = token.line;
        let kind = match token.kind {
            Kind::Text(text) => ExprKind::Text(text),
            Kind::Number(number) => ExprKind::Number(number),
            Kind::Regex => ExprKind::Regex,
            Kind::Template(first, more) => return self.template(line, first, more),
            Kind::Sign("(") => {
                let no_in = std::mem::take(&mut self.no_in);
                let inner = self.expression();
                self.no_in = no_in;
                let inner = inner?;
                self.need(")")?;
                return Ok(inner);
            }
            Kind::Sign("[") => {
                let list = self.list("]")?;
                let below = deepest(&list);
                return self.node(line, ExprKind::Array(list), below);
            }
            Kind::Sign("{") => return self.object(line),
            Kind::Word(word) => match &*word {
                "true" => ExprKind::Bool(true),
                "false" => ExprKind::Bool(false),
                "null" => ExprKind::Null,
                "this" => ExprKind::This,
                "function" => return self.function_expression(line),
                _ if is_reserved(&word) => {
                    self.at -= 1;
                    return self.fail("a form that is not read here");
                }
                _ => ExprKind::Name(word),
            },
            _ => {
                self.at -= 1;
                return self.fail("a value is expected here");
            }
        };
        self.node(line, kind, 0)
    }

    fn function_expression(&mut self, line: u32) -> Parsed<Expr> {
        if self.is_sign("*") {
            return self.fail("a generator is not read here");
        }
        let name = if self.is_sign("(") {
            None
        } else {
            Some(self.name()?)
        };
        let function = self.function(name)?;
        self.node(line, ExprKind::Function(function), 0)
    }

    fn template(&mut self, line: u32, first: Rc<str>, more: bool) -> Parsed<Expr> {
        let (mut texts, mut parts) = (vec![first], Vec::new());
        let mut goes_on = more;
        // BOUND: each turn takes at least one token.
        while goes_on {
            parts.push(self.expression()?);
            let Kind::Further(text, more) = self.next().kind else {
                return self.fail("a template is not closed");
            };
            texts.push(text);
            goes_on = more;
        }
        let below = deepest(&parts);
        self.node(line, ExprKind::Template(texts, parts), below)
    }

    fn object(&mut self, line: u32) -> Parsed<Expr> {
        let no_in = std::mem::take(&mut self.no_in);
        let members = self.members();
        self.no_in = no_in;
        let members = members?;
        let keys = members.iter().filter_map(|(key, _)| match key {
            Key::Computed(key) => Some(key),
            _ => None,
        });
        let below = deepest(keys).max(deepest(members.iter().map(|(_, value)| value)));
        self.node(line, ExprKind::Object(members), below)
    }

    fn members(&mut self) -> Parsed<Vec<(Key, Expr)>> {
        let mut members = Vec::new();
        // BOUND: each turn takes at least one token.
        while !self.sign("}") {
            members.push(self.member()?);
            if !self.sign(",") && !self.is_sign("}") {
                return self.fail("something else is expected in an object");
            }
        }
        Ok(members)
    }

    fn member(&mut self) -> Parsed<(Key, Expr)> {
        let line = self.line();
        if self.sign("...") {
            return Ok((Key::Spread, self.assignment()?));
        }
        let token = self.next();
        let (key, word) = match token.kind {
            Kind::Word(word) => (Key::Fixed(Rc::clone(&word)), Some(word)),
            Kind::Text(text) => (Key::Fixed(text), None),
            Kind::Number(number) => (Key::Fixed(Rc::from(number.to_string())), None),
            Kind::Sign("[") => {
                let key = self.assignment()?;
                self.need("]")?;
                (Key::Computed(key), None)
            }
            _ => return self.fail("the name of a member is expected here"),
        };
        if self.sign(":") {
            return Ok((key, self.assignment()?));
        }
        if self.is_sign("(") {
            let name = word.clone();
            let function = self.function(name)?;
            return Ok((key, self.node(line, ExprKind::Function(function), 0)?));
        }
        let Some(word) = word else {
            return self.fail("a value is expected here");
        };
        let is_accessor = matches!(&*word, "get" | "set");
        if is_accessor && !self.is_sign(",") && !self.is_sign("}") && !self.is_sign("=") {
            self.at += 1;
            let function = self.function(None)?;
            return Ok((
                Key::Accessor,
                self.node(line, ExprKind::Function(function), 0)?,
            ));
        }
        let name = self.node(line, ExprKind::Name(Rc::clone(&word)), 0)?;
        if self.sign("=") {
            // A default in a pattern.
            let default = self.assignment()?;
            let below = default.depth.max(1);
            let kind = ExprKind::Assign("=", Box::new([name, default]));
            return Ok((key, self.node(line, kind, below)?));
        }
        Ok((key, name))
    }
}
