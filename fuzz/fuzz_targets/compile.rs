//! Any text is compiled and checked without a panic, and every place of a finding lies in the text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wayfare::{Compiler, Registry, Source};

fuzz_target!(|text: &str| {
    let compiled = Compiler::new(Registry::standard().catalog())
        .compile([Source::new("fuzz.journey", text)]);
    for finding in &compiled.diagnostics {
        let _ = finding.one_line(&compiled.sources);
        for span in [finding.span].into_iter().chain(finding.fix.iter().map(|fix| fix.span)) {
            let source = compiled.sources.get(span.source).map_or("", Source::text);
            let inside = source.get(span.start as usize..span.end as usize);
            assert!(inside.is_some(), "{span:?} of {finding:?}");
        }
    }
});
