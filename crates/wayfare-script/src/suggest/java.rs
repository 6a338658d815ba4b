//! Which Java class a name of the first generation stands for.

use crate::facts::tree::{Expr, ExprKind};

/// The package of what a script says should happen.
const NODE: &str = "org.forgerock.openam.auth.node.api";

/// The package of callbacks.
const CALLBACK: &str = "javax.security.auth.callback";

/// A class that suggestions know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Action,
    TextOutput,
    Confirmation,
}

const CLASSES: [(&str, &str, Class); 3] = [
    (NODE, "Action", Class::Action),
    (CALLBACK, "TextOutputCallback", Class::TextOutput),
    (CALLBACK, "ConfirmationCallback", Class::Confirmation),
];

/// What an importer lists, by full names.
pub(super) type Imports = Vec<String>;

/// `a.b.c` as it is written, where it names something of Java.
fn full_name(expr: &Expr) -> Option<String> {
    let (mut parts, mut at) = (Vec::new(), expr);
    // BOUND: each turn goes one deeper.
    loop {
        match &at.kind {
            ExprKind::Member(of, name) => {
                parts.push(&**name);
                at = of;
            }
            ExprKind::Name(root) => {
                let roots = ["org", "com", "java", "javax", "edu", "net"];
                if roots.contains(&&**root) {
                    parts.push(root);
                } else if &**root != "Packages" {
                    return None;
                }
                break;
            }
            _ => return None,
        }
    }
    parts.reverse();
    Some(parts.join("."))
}

/// What `JavaImporter(…)` imports.
pub(super) fn importer(expr: &Expr) -> Option<Imports> {
    let (ExprKind::Call(callee, arguments) | ExprKind::New(callee, arguments)) = &expr.kind else {
        return None;
    };
    let is_importer = matches!(&callee.kind, ExprKind::Name(name) if &**name == "JavaImporter");
    if !is_importer {
        return None;
    }
    arguments.iter().map(full_name).collect()
}

/// The class that an expression names: by its full name, from an importer, or from what is open here.
pub(super) fn class<'i>(
    expr: &Expr,
    named: impl Fn(&str) -> Option<&'i Imports>,
    open: &[String],
) -> Option<Class> {
    if let Some(full) = full_name(expr) {
        let found = CLASSES
            .iter()
            .find(|(package, name, _)| full == format!("{package}.{name}"));
        return found.map(|(_, _, class)| *class);
    }
    match &expr.kind {
        ExprKind::Name(name) => imported(open, name),
        ExprKind::Member(of, name) => match &of.kind {
            ExprKind::Name(importer) => imported(named(importer)?, name),
            _ => None,
        },
        _ => None,
    }
}

fn imported(imports: &[String], simple: &str) -> Option<Class> {
    let (package, name, class) = CLASSES.iter().find(|(_, name, _)| *name == simple)?;
    let full = format!("{package}.{name}");
    // Another class of this name, imported before, would be the one that is meant.
    let of_name = |import: &&String| import.rsplit('.').next() == Some(simple);
    match imports.iter().find(of_name) {
        Some(import) => (*import == full).then_some(*class),
        None => imports
            .iter()
            .any(|import| import == package)
            .then_some(*class),
    }
}
