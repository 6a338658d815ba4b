//! The picture of a journey as SVG.
//!
//! One self-contained text: no script, no font, nothing from elsewhere. Every name, type and comment comes
//! from an author and is escaped by [`crate::text::escape`] where it is written.

use std::fmt::Write as _;

use wayfare::{Program, model::journey::Journey};

use crate::{
    group::{Caption, Group, groups},
    layout::{Area, Piece, Plan, Route, Way, layout},
    overlay::{Overlay, Tone},
    scene::{Arrow, Figure, Form, SMALL, Scene, lines_height},
    style,
    text::{self, escape},
};

/// The room around the picture.
const MARGIN: i64 = 20;

/// The picture of a journey, with what an overlay shows.
///
/// The same journey and overlay give the same bytes.
pub fn svg(program: &Program, journey: &Journey, overlay: &Overlay) -> String {
    picture(program, journey, overlay, Sheet::Own)
}

/// Where the style sheet of a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sheet {
    /// In it: it stands alone.
    Own,
    /// In the page around it, of which it is the picture with this number.
    Page(usize),
}

pub(crate) fn picture(
    program: &Program,
    journey: &Journey,
    overlay: &Overlay,
    sheet: Sheet,
) -> String {
    let scene = Scene::new(program, journey, overlay);
    let plan = layout(&scene.draft);
    let mut page = Page {
        out: String::new(),
        scene: &scene,
        plan: &plan,
        prefix: match sheet {
            Sheet::Own => prefix(&journey.name),
            Sheet::Page(at) => format!("j{at}"),
        },
    };
    page.write(journey, overlay, sheet);
    page.out
}

/// What ids of a picture begin with: letters and digits of the name of the journey.
fn prefix(name: &str) -> String {
    let plain = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_');
    format!("j-{}", plain.take(60).collect::<String>())
}

struct Page<'s> {
    out: String,
    scene: &'s Scene,
    plan: &'s Plan,
    prefix: String,
}

/// Writes into the text; a text takes everything.
macro_rules! put {
    ($page:expr, $($form:tt)*) => {{ let _ = write!($page.out, $($form)*); }};
}

impl Page<'_> {
    fn write(&mut self, journey: &Journey, overlay: &Overlay, sheet: Sheet) {
        let groups = groups(self.scene, self.plan);
        // Groups reach over the edge of the layout.
        let edge = if groups.is_empty() { 0 } else { 18 };
        let title = text::shorten(&journey.wire_name, Self::TITLE, 480);
        let subtitle = overlay
            .title
            .as_deref()
            .map(|title| text::shorten(title, Self::LEGEND, 620));
        let head = if subtitle.is_some() { 52 } else { 36 };
        let legend = i64::try_from(overlay.legend.len()).unwrap_or(0) * 20;
        let words = std::iter::once(text::width(&title, Self::TITLE))
            .chain(subtitle.iter().map(|line| text::width(line, Self::LEGEND)))
            .chain(
                overlay
                    .legend
                    .iter()
                    .map(|(_, line)| 60 + text::width(line, SMALL)),
            );
        let width = words.max().unwrap_or(0).max(self.plan.width + 2 * edge) + 2 * MARGIN;
        let foot = if legend > 0 { legend + 16 } else { 0 };
        let height = self.plan.height + 2 * edge + head + foot + 2 * MARGIN;
        let id = self.prefix.clone();
        put!(
            self,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"wayfare\" role=\"img\" \
             aria-labelledby=\"{id}-title {id}-desc\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\">\n"
        );
        put!(
            self,
            "<title id=\"{id}-title\">{}</title>\n",
            escape(&journey.wire_name)
        );
        put!(
            self,
            "<desc id=\"{id}-desc\">{}</desc>\n",
            escape(&self.describe(journey, overlay))
        );
        if sheet == Sheet::Own {
            put!(self, "<style>\n{}</style>\n", style::sheet());
        }
        put!(
            self,
            "<rect class=\"canvas\" width=\"{width}\" height=\"{height}\"/>\n"
        );
        put!(
            self,
            "<text class=\"title\" x=\"{MARGIN}\" y=\"{}\">{}</text>\n",
            MARGIN + 16,
            escape(&title)
        );
        if let Some(subtitle) = subtitle {
            put!(
                self,
                "<text class=\"subtitle\" x=\"{MARGIN}\" y=\"{}\">{}</text>\n",
                MARGIN + 36,
                escape(&subtitle)
            );
        }
        // A small picture under a long title stands in the middle.
        let left = (width - self.plan.width) / 2;
        put!(
            self,
            "<g transform=\"translate({left} {})\">\n",
            MARGIN + head + edge
        );
        self.groups(&groups);
        for at in 0..self.plan.routes.len() {
            self.arrow(at);
        }
        for at in 0..self.scene.figures.len() {
            self.figure(at);
        }
        self.stubs();
        self.out.push_str("</g>\n");
        self.legend(overlay, height - MARGIN - legend);
        self.out.push_str("</svg>\n");
    }

    const TITLE: text::Face = text::Face {
        size: 18,
        bold: true,
    };
    const LEGEND: text::Face = text::Face {
        size: 12,
        bold: false,
    };

    /// The picture in words.
    fn describe(&self, journey: &Journey, overlay: &Overlay) -> String {
        let count = |wanted: &[Form]| {
            let figures = self.scene.figures.iter();
            figures
                .filter(|figure| wanted.contains(&figure.form))
                .count()
        };
        let nodes = count(&[
            Form::Asks,
            Form::Silent,
            Form::Decision,
            Form::Page,
            Form::Inner,
        ]);
        let backs = self
            .plan
            .routes
            .iter()
            .filter(|route| route.way == Way::Back)
            .count();
        let start = journey
            .graph
            .node_weight(journey.start)
            .map_or("", |node| &*node.path);
        let mut words = format!("A journey of {nodes} nodes that starts at {start}.");
        let asking = count(&[Form::Asks, Form::Page]);
        let inner = count(&[Form::Inner]);
        let _ = write!(words, " {asking} of them ask");
        if inner > 0 {
            let _ = write!(words, ", {inner} are journeys of their own");
        }
        let _ = write!(words, "; {backs} arrows lead back.");
        if let Some(title) = &overlay.title {
            let _ = write!(words, " Shown: {title}.");
        }
        if let Some(doc) = &journey.doc {
            let _ = write!(words, " {doc}");
        }
        words
    }

    fn groups(&mut self, groups: &[Group]) {
        for group in groups {
            put!(
                self,
                "<g class=\"{}\"><title>{}</title>",
                if group.is_outer() {
                    "group"
                } else {
                    "group inner"
                },
                escape(&group.path)
            );
            for area in &group.areas {
                let Area {
                    x,
                    y,
                    width,
                    height,
                } = *area;
                put!(
                    self,
                    "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>"
                );
            }
            let Caption { text, area } = &group.caption;
            put!(
                self,
                "<text x=\"{}\" y=\"{}\">{}</text>",
                area.x,
                area.bottom() - 2,
                escape(text)
            );
            self.out.push_str("</g>\n");
        }
    }

    fn arrow(&mut self, at: usize) {
        let (Some(route), Some(arrow)) = (self.plan.routes.get(at), self.scene.arrows.get(at))
        else {
            return;
        };
        if route.pieces.is_empty() {
            return;
        }
        let mut class = "arrow".to_owned();
        if matches!(route.way, Way::Back | Way::Around) {
            class.push_str(" back");
        }
        if arrow.error {
            class.push_str(" error");
        }
        if arrow.tone != Tone::Plain {
            class.push(' ');
            class.push_str(arrow.tone.class());
        }
        put!(self, "<g class=\"{class}\">");
        if !arrow.tip.is_empty() {
            put!(self, "<title>{}</title>", escape(&arrow.tip));
        }
        put!(self, "<path class=\"way\" d=\"{}\"/>", way(route));
        put!(
            self,
            "<path class=\"head\" d=\"{}\"/>",
            head(route, arrow.tone)
        );
        if let Some(area) = route.label {
            self.label(area, arrow);
        }
        self.out.push_str("</g>\n");
    }

    fn label(&mut self, area: Area, arrow: &Arrow) {
        for (line, words) in (1..).zip(&arrow.lines) {
            put!(
                self,
                "<text class=\"line\" text-anchor=\"middle\" x=\"{}\" y=\"{}\">{}</text>",
                area.middle(),
                area.y + 14 * line - 1,
                escape(words)
            );
        }
    }

    fn figure(&mut self, at: usize) {
        let (Some(figure), Some(area)) =
            (self.scene.figures.get(at), self.plan.boxes.get(at).copied())
        else {
            return;
        };
        let mut class = form_class(figure.form).to_owned();
        if figure.tone != Tone::Plain {
            class.push(' ');
            class.push_str(figure.tone.class());
        }
        put!(
            self,
            "<g class=\"node {class}\" id=\"{}-{at}\">",
            self.prefix
        );
        put!(self, "<title>{}</title>", escape(&figure.tip));
        self.shape(figure, area);
        self.words(figure, area);
        self.out.push_str("</g>\n");
    }

    fn shape(&mut self, figure: &Figure, area: Area) {
        let Area {
            x,
            y,
            width,
            height,
        } = area;
        let (right, bottom) = (area.right(), area.bottom());
        let middle = y + height / 2;
        let rect = |radius: i64| {
            format!(
                "<rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\"/>"
            )
        };
        match figure.form {
            Form::Start => put!(
                self,
                "<circle class=\"box\" cx=\"{}\" cy=\"{middle}\" r=\"8\"/>",
                area.middle()
            ),
            Form::Silent => {
                self.out.push_str(&rect(3));
                if figure.suspends {
                    put!(
                        self,
                        "<path class=\"icon\" d=\"M{} {}v10m5 -10v10\"/>",
                        x + 10,
                        middle - 5
                    );
                }
            }
            Form::OnError => self.out.push_str(&rect(3)),
            Form::Asks => {
                self.out.push_str(&rect(9));
                self.bubble(x + 11, y + 8);
            }
            Form::Decision => put!(
                self,
                "<path class=\"box\" d=\"M{} {y}H{}L{right} {middle}L{} {bottom}H{}L{x} {middle}Z\"/>",
                x + 14,
                right - 14,
                right - 14,
                x + 14
            ),
            Form::Page => {
                self.out.push_str(&rect(9));
                self.bubble(x + 11, y + 8);
                let rule = y + 26 + lines_height(figure.head) - 1;
                put!(self, "<path class=\"rule\" d=\"M{x} {rule}H{right}\"/>");
            }
            Form::Inner => {
                self.out.push_str(&rect(2));
                put!(
                    self,
                    "<path class=\"rule\" d=\"M{} {y}V{bottom}M{} {y}V{bottom}\"/>",
                    x + 7,
                    right - 7
                );
            }
            Form::Success | Form::Failure | Form::Nowhere => {
                self.out.push_str(&rect(13));
                let (x, y) = (x + 13, y + 13);
                let icon = match figure.form {
                    Form::Success => format!("M{} {y}l4 4l7 -8", x - 1),
                    Form::Failure => format!("M{x} {}l8 8m0 -8l-8 8", y - 4),
                    _ => format!("M{x} {y}h1m4 0h1m4 0h1"),
                };
                put!(self, "<path class=\"icon\" d=\"{icon}\"/>");
            }
        }
    }

    /// A speech bubble: here somebody is asked.
    fn bubble(&mut self, x: i64, y: i64) {
        put!(
            self,
            "<path class=\"icon\" d=\"M{} {y}h9a2 2 0 0 1 2 2v5a2 2 0 0 1 -2 2h-5l-3 3v-3h-1a2 2 0 0 1 -2 -2v-5a2 2 0 0 1 2 -2z\"/>",
            x + 2
        );
    }

    fn words(&mut self, figure: &Figure, area: Area) {
        let (anchor, x) = match figure.form {
            Form::Start => return,
            Form::Asks | Form::Page => ("start", area.x + 32),
            Form::Success | Form::Failure | Form::Nowhere => ("start", area.x + 31),
            Form::Silent if figure.suspends => ("middle", area.middle() + 10),
            Form::Silent | Form::Decision | Form::Inner | Form::OnError => {
                ("middle", area.middle())
            }
        };
        let is_page = figure.form == Form::Page;
        for (at, words) in figure.lines.iter().enumerate() {
            let down = i64::try_from(at).unwrap_or(0) * 14;
            let below_rule = is_page && at > figure.head;
            let (x, y) = if below_rule {
                (area.x + 14, area.y + 26 + down)
            } else {
                (x, area.y + 18 + down)
            };
            let class = match at {
                0 => " class=\"name\"",
                at if figure.note == Some(at) => " class=\"note\"",
                _ => "",
            };
            put!(
                self,
                "<text{class} text-anchor=\"{anchor}\" x=\"{x}\" y=\"{y}\">{}</text>",
                escape(words)
            );
        }
    }

    fn stubs(&mut self) {
        for stub in &self.plan.stubs {
            let Area {
                x,
                y,
                width,
                height,
            } = stub.area;
            let figure = self.scene.figures.get(stub.target);
            let name = figure
                .and_then(|figure| figure.lines.first())
                .map_or("", String::as_str);
            let tip = figure.map_or("", |figure| &*figure.path);
            let arrow = match (stub.beside, stub.up) {
                (false, true) => "m4 5v-10m-3 3l3 -3l3 3",
                (false, false) => "m4 -5v10m-3 -3l3 3l3 -3",
                (true, true) => "m9 0h-10m3 -3l-3 3l3 3",
                (true, false) => "m-1 0h10m-3 -3l3 3l-3 3",
            };
            put!(
                self,
                "<a href=\"#{}-{}\" class=\"stub\"><title>{}</title>\
                 <rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"10\"/>\
                 <path class=\"icon\" d=\"M{} {}{arrow}\"/>\
                 <text x=\"{}\" y=\"{}\">{}</text></a>\n",
                self.prefix,
                stub.target,
                escape(&format!("goes on at {tip}")),
                x + 8,
                y + height / 2,
                x + 22,
                y + 14,
                escape(&text::shorten(name, SMALL, 120))
            );
        }
    }

    fn legend(&mut self, overlay: &Overlay, top: i64) {
        if overlay.legend.is_empty() {
            return;
        }
        self.out.push_str("<g>\n");
        for (line, (tone, words)) in (0_i64..).zip(&overlay.legend) {
            let y = top + line * 20 + 8;
            put!(
                self,
                "<g class=\"arrow {}\"><path class=\"way\" d=\"M{} {y}h36\"/><text x=\"{}\" y=\"{}\">{}</text></g>\n",
                tone.class(),
                MARGIN,
                MARGIN + 48,
                y + 4,
                escape(words)
            );
        }
        self.out.push_str("</g>\n");
    }
}

fn form_class(form: Form) -> &'static str {
    match form {
        Form::Start => "start",
        Form::Asks => "asks",
        Form::Silent => "silent",
        Form::Decision => "decision",
        Form::Page => "page",
        Form::Inner => "inner",
        Form::OnError => "onerror",
        Form::Success => "success",
        Form::Failure => "failure",
        Form::Nowhere => "nowhere",
    }
}

/// The line of an arrow as path data; it leaves its label out and ends inside of the head.
fn way(route: &Route) -> String {
    let mut out = format!("M{} {}", route.start.0, route.start.1);
    let last = route.pieces.len().saturating_sub(1);
    let (dx, dy) = heading(route);
    let mut from = route.start;
    for (at, piece) in route.pieces.iter().enumerate() {
        let back = if at == last { 5 } else { 0 };
        let (x, y) = piece.end();
        let to = (x - dx * back, y - dy * back);
        match piece {
            Piece::Line(_) => {
                if let Some((stop, on)) = route.label.and_then(|label| gap(label, from, to)) {
                    let _ = write!(out, "V{stop}M{} {on}", to.0);
                }
                let _ = write!(out, "L{} {}", to.0, to.1);
            }
            Piece::Curve(a, b, _) => {
                let _ = write!(out, "C{} {} {} {} {} {}", a.0, a.1, b.0, b.1, to.0, to.1);
            }
        }
        from = to;
    }
    out
}

/// Where an upright line stops before a label and goes on behind it.
fn gap(label: Area, from: (i64, i64), to: (i64, i64)) -> Option<(i64, i64)> {
    let (top, bottom) = (label.y, label.bottom());
    let inside = from.0 == to.0 && label.x <= from.0 && from.0 <= label.right();
    let (stop, on) = if from.1 <= to.1 {
        (top, bottom)
    } else {
        (bottom, top)
    };
    let (least, most) = (from.1.min(to.1), from.1.max(to.1));
    (inside && least <= top && bottom <= most).then_some((stop, on))
}

/// The way an arrow looks where it ends: one step right or left, down or up.
fn heading(route: &Route) -> (i64, i64) {
    let before = match route.pieces.as_slice() {
        [.., Piece::Curve(_, pull, _)] => *pull,
        [.., before, Piece::Line(_)] => before.end(),
        _ => route.start,
    };
    let end = route.end();
    let (dx, dy) = (end.0 - before.0, end.1 - before.1);
    if dx.abs() > dy.abs() {
        (dx.signum(), 0)
    } else {
        (0, dy.signum())
    }
}

/// The head of an arrow: a triangle whose tip is where it ends.
fn head(route: &Route, tone: Tone) -> String {
    let (x, y) = route.end();
    let (dx, dy) = heading(route);
    let (long, wide) = match tone {
        Tone::Heat(2..) | Tone::Walked => (11, 6),
        _ => (8, 4),
    };
    let (bx, by) = (x - dx * long, y - dy * long);
    format!(
        "M{x} {y}L{} {}L{} {}Z",
        bx - dy * wide,
        by - dx * wide,
        bx + dy * wide,
        by + dx * wide
    )
}
