//! Journeys to draw, and pictures read back.

use std::path::{Path, PathBuf};

use wayfare::{
    MemoryImporter, Program, Registry, Source,
    compile::{Compiled, Compiler},
};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Compiles a text; what only the proofs refuse is drawn too.
pub(crate) fn compile(text: &str) -> Compiled {
    compile_all(&[("test.journey".to_owned(), text.to_owned())])
}

pub(crate) fn compile_all(files: &[(String, String)]) -> Compiled {
    let library = MemoryImporter::new([Source::new(
        "lib/otp.journey",
        read("journeys/lib/otp.journey"),
    )]);
    Compiler::new(Registry::standard().catalog())
        .importer(&library)
        .compile(
            files
                .iter()
                .map(|(name, text)| Source::new(name.as_str(), text.as_str())),
        )
}

/// The program, proved or not.
pub(crate) fn program(compiled: &Compiled) -> &Program {
    let proved = compiled.program.as_deref();
    proved.or(compiled.refused.as_ref()).unwrap_or_else(|| {
        let found = compiled
            .diagnostics
            .iter()
            .map(|d| d.one_line(&compiled.sources));
        panic!("{:#?}", found.collect::<Vec<_>>())
    })
}

/// The journeys of the project that are examples, tests left out.
pub(crate) fn examples() -> Compiled {
    let mut files: Vec<(String, String)> = std::fs::read_dir(root().join("journeys"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "journey"))
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .filter(|name| !name.ends_with(".test.journey") && !name.ends_with(".guard.journey"))
        .map(|name| (name.clone(), read(&format!("journeys/{name}"))))
        .collect();
    files.sort();
    compile_all(&files)
}

/// A random source of its own: the same seed, the same numbers.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    /// A number below `most`.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        usize::try_from(z % u64::try_from(most.max(1)).unwrap()).unwrap()
    }
}
