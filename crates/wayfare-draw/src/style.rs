//! The style sheet of a picture, and the heads of its arrows.
//!
//! Colours are plain rules, so that viewers without variables show them; dark ones stand in a media query,
//! and paper is light whatever the screen is. Nothing is told by colour alone: kinds differ in shape,
//! arrows in their lines, and overlays in width, dots and words too.

/// The rules.
pub(crate) const SHEET: &str = "\
.wayfare{font:11px ui-sans-serif,system-ui,'Segoe UI','DejaVu Sans',Arial,sans-serif;color-scheme:light dark}
.wayfare text{fill:#4b5560;stroke:none}
.wayfare .title{font-size:18px;font-weight:700;fill:#1b1f24}
.wayfare .subtitle{font-size:12px}
.wayfare .name{font-size:13px;font-weight:700;fill:#1b1f24}
.wayfare .note{font-weight:700;fill:#1b1f24}
.wayfare .canvas{fill:#fff}
.wayfare .group rect{fill:#f3f1ea}
.wayfare .inner rect{fill:#e8e4d5}
.wayfare .group text{fill:#77704f;font-style:italic}
.wayfare .box{fill:#f7f8f9;stroke:#87919c;stroke-width:1.2}
.wayfare .rule,.wayfare .icon{fill:none;stroke:#87919c;stroke-width:1.2;stroke-linecap:round;stroke-linejoin:round}
.wayfare .start .box{fill:#1b1f24;stroke:#1b1f24}
.wayfare .asks .box,.wayfare .page .box{fill:#eaf2fc;stroke:#2463b0;stroke-width:1.8}
.wayfare .asks .icon,.wayfare .page .icon,.wayfare .page .rule{stroke:#2463b0}
.wayfare .decision .box{fill:#f4effc;stroke:#7b57ab}
.wayfare .inner .box{fill:#e7f5f3;stroke:#0f766e;stroke-width:1.6}
.wayfare .inner .rule{stroke:#0f766e}
.wayfare .onerror .box{fill:#fff;stroke:#b45309;stroke-dasharray:5 3}
.wayfare .success .box{fill:#e3f5e8;stroke:#1a7f37;stroke-width:1.8}
.wayfare .success .icon{stroke:#1a7f37;stroke-width:2.2}
.wayfare .failure .box{fill:#fdeae8;stroke:#b42318;stroke-width:1.8}
.wayfare .failure .icon{stroke:#b42318;stroke-width:2.2}
.wayfare .nowhere .box{fill:#fff8e1;stroke:#8a6d00;stroke-dasharray:4 3}
.wayfare .nowhere .icon{stroke:#8a6d00;stroke-width:2}
.wayfare .stub .box{fill:#fff;stroke:#87919c;stroke-dasharray:2 2}
.wayfare .way{fill:none;stroke:#5d6975;stroke-width:1.4}
.wayfare .head{fill:#5d6975;stroke:none}
.wayfare .arrow text{fill:#2a3139}
.wayfare .back .way{stroke:#5b46b8}
.wayfare .back .head{fill:#5b46b8}
.wayfare .error .way{stroke:#b45309;stroke-dasharray:6 3}
.wayfare .error .head{fill:#b45309}
.wayfare .error text{fill:#8f4207;font-style:italic}
.wayfare .heat0 .way{stroke:#4a7fb5;stroke-width:2}
.wayfare .heat1 .way{stroke:#2f6ca8;stroke-width:2.8}
.wayfare .heat2 .way{stroke:#1f5c99;stroke-width:3.6}
.wayfare .heat3 .way{stroke:#134a84;stroke-width:4.4}
.wayfare .heat4 .way{stroke:#0a3a6e;stroke-width:5}
.wayfare .heat0 .head,.wayfare .heat1 .head{fill:#2f6ca8}
.wayfare .heat2 .head,.wayfare .heat3 .head,.wayfare .heat4 .head{fill:#134a84}
.wayfare .heat0 .box{fill:#e9f1f9}
.wayfare .heat1 .box{fill:#d3e4f4}
.wayfare .heat2 .box{fill:#b9d5ee}
.wayfare .heat3 .box{fill:#9cc4e7}
.wayfare .heat4 .box{fill:#7fb3df}
.wayfare .heat2 text,.wayfare .heat3 text,.wayfare .heat4 text{fill:#1b1f24}
.wayfare .missed .way{stroke:#c2185b;stroke-width:3;stroke-dasharray:1 5;stroke-linecap:round}
.wayfare .missed .head{fill:#c2185b}
.wayfare .missed text.line,.wayfare .missed .note{fill:#a3134b;font-weight:700}
.wayfare .missed .box{fill:#fdf0f5;stroke:#c2185b;stroke-width:2.6;stroke-dasharray:1 5;stroke-linecap:round}
.wayfare .excused .way{stroke:#8d7a86;stroke-width:1.6;stroke-dasharray:1 4;stroke-linecap:round}
.wayfare .excused .box{stroke-dasharray:1 4;stroke-linecap:round}
.wayfare .walked .way{stroke:#b0301c;stroke-width:3.4}
.wayfare .walked .head{fill:#b0301c}
.wayfare .walked .box{stroke:#b0301c;stroke-width:3}
.wayfare .walked text.line,.wayfare .walked .note{fill:#8f2413;font-weight:700}
.wayfare .faded{opacity:.45}
.wayfare .faded .way{stroke-width:1}
";

/// The rules for dark screens.
pub(crate) const DARK: &str = "\
.wayfare text{fill:#a9b4bf}
.wayfare .title,.wayfare .name,.wayfare .note{fill:#eef2f5}
.wayfare .canvas{fill:#14181d}
.wayfare .group rect{fill:#211f17}
.wayfare .inner rect{fill:#2f2c20}
.wayfare .group text{fill:#b3a97c}
.wayfare .box{fill:#20262d;stroke:#8b97a3}
.wayfare .rule,.wayfare .icon{stroke:#8b97a3}
.wayfare .start .box{fill:#eef2f5;stroke:#eef2f5}
.wayfare .asks .box,.wayfare .page .box{fill:#152a43;stroke:#6aa9f0}
.wayfare .asks .icon,.wayfare .page .icon,.wayfare .page .rule{stroke:#6aa9f0}
.wayfare .decision .box{fill:#2a2138;stroke:#b695e6}
.wayfare .inner .box{fill:#0f2d2a;stroke:#4fc3b5}
.wayfare .inner .rule{stroke:#4fc3b5}
.wayfare .onerror .box{fill:#14181d;stroke:#eda75c}
.wayfare .success .box{fill:#10301a;stroke:#56c271}
.wayfare .success .icon{stroke:#56c271}
.wayfare .failure .box{fill:#3a1613;stroke:#f0857a}
.wayfare .failure .icon{stroke:#f0857a}
.wayfare .nowhere .box{fill:#2e2608;stroke:#d6b93f}
.wayfare .nowhere .icon{stroke:#d6b93f}
.wayfare .stub .box{fill:#14181d;stroke:#8b97a3}
.wayfare .way{stroke:#97a3af}
.wayfare .head{fill:#97a3af}
.wayfare .arrow text{fill:#d3dae1}
.wayfare .back .way{stroke:#a99bf0}
.wayfare .back .head{fill:#a99bf0}
.wayfare .error .way{stroke:#eda75c}
.wayfare .error .head{fill:#eda75c}
.wayfare .error text{fill:#f0bd86}
.wayfare .heat0 .way,.wayfare .heat1 .way{stroke:#6aa3d8}
.wayfare .heat2 .way,.wayfare .heat3 .way,.wayfare .heat4 .way{stroke:#9cc9f2}
.wayfare .heat0 .head,.wayfare .heat1 .head{fill:#6aa3d8}
.wayfare .heat2 .head,.wayfare .heat3 .head,.wayfare .heat4 .head{fill:#9cc9f2}
.wayfare .heat0 .box{fill:#16283a}
.wayfare .heat1 .box{fill:#1b344d}
.wayfare .heat2 .box{fill:#204262}
.wayfare .heat3 .box{fill:#255179}
.wayfare .heat4 .box{fill:#2a6091}
.wayfare .heat2 text,.wayfare .heat3 text,.wayfare .heat4 text{fill:#eef2f5}
.wayfare .missed .way{stroke:#ff79ab}
.wayfare .missed .head{fill:#ff79ab}
.wayfare .missed text.line,.wayfare .missed .note{fill:#ff9ec2}
.wayfare .missed .box{fill:#331320;stroke:#ff79ab}
.wayfare .excused .way{stroke:#a8949f}
.wayfare .walked .way{stroke:#ff8f73}
.wayfare .walked .head{fill:#ff8f73}
.wayfare .walked .box{stroke:#ff8f73}
.wayfare .walked text.line,.wayfare .walked .note{fill:#ffab95}
";

/// The rules, with the dark ones where a screen is dark.
pub(crate) fn sheet() -> String {
    format!("{SHEET}@media screen and (prefers-color-scheme:dark){{\n{DARK}}}\n")
}
